/** Stores a row group of a push, with the positions that it moves: those of its lines, where repeats are to be known. */
import { UnavailableError } from '../../shared/errors.ts';
import { encodeBatch, type FileRange } from '../../shared/wire.ts';
import { RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';
import { PUSH_NODE } from '../store/positions.ts';
import type { BatchAcceptor } from './accept-batch.ts';

/** Resolves when it is durable. @throws UnavailableError, TooManyStreamsError */
export async function appendPushed(
  acceptor: Pick<BatchAcceptor, 'accept'>,
  rowGroup: Uint8Array,
  files: readonly FileRange[],
): Promise<void> {
  const { kind } = await acceptor.accept(encodeBatch({ node: PUSH_NODE, files, gone: [], rowGroup }));
  if (kind === 'stored') return;
  throw new UnavailableError('the key of this push has just been forgotten: send it again', RETRY_AFTER_QUEUE_SECONDS);
}

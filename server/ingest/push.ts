/**
 * Pushed lines, from the body to durable row groups. With an idempotency key, group i of a push moves the file
 * `key:<key>` from i to i + 1: a repeat is dropped group by group, also when the first attempt got half-way.
 */
import { PodlogError } from '../../shared/errors.ts';
import { encodeBatch, type FileRange } from '../../shared/wire.ts';
import type { BatchAcceptor } from './accept-batch.ts';
import { keyFile, PUSH_NODE } from './positions.ts';
import type { ShredInput, ShredOutput } from './shred-lines.ts';

export interface Push extends ShredInput {
  readonly idempotencyKey: string | undefined;
}

export type Shredder = (input: ShredInput) => Promise<ShredOutput>;

/**
 * Resolves with the number of lines in the body when all of them are durable.
 * @throws CorruptionError, UnavailableError
 */
export async function storePush(push: Push, shred: Shredder, acceptor: BatchAcceptor): Promise<number> {
  const { idempotencyKey, ...input } = push;
  const { lineCount, rowGroups } = await shred(input);
  for (const [index, rowGroup] of rowGroups.entries()) {
    const files = idempotencyKey === undefined ? [] : [groupRange(idempotencyKey, index)];
    const outcome = await acceptor.accept(encodeBatch({ node: PUSH_NODE, files, gone: [], rowGroup }));
    if (outcome.kind === 'conflict') {
      const message = `the idempotency key ${idempotencyKey} was used for another push; take a new one`;
      throw new PodlogError('PODLOG_KEY_REUSED', 409, message);
    }
  }
  return lineCount;
}

function groupRange(idempotencyKey: string, index: number): FileRange {
  const file = keyFile(idempotencyKey);
  return { file, from: { stdout: index, stderr: 0 }, to: { stdout: index + 1, stderr: 0 } };
}

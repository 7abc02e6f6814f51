/**
 * Pushed lines, from the body to durable row groups. With an idempotency key, a repeat of the same push stores the lines
 * that the first attempt did not, also when that got half-way; another push with the key is refused. Pushes with one key
 * take their turn.
 */
import { PodlogError, UnavailableError } from '../../shared/errors.ts';
import { encodeBatch, type FileRange } from '../../shared/wire.ts';
import { RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';
import type { BatchAcceptor } from './accept-batch.ts';
import { type Positions, PUSH_NODE } from './positions.ts';
import type { ShredInput, ShredOutput } from './shred-lines.ts';
import { oldKeyFile, pushKey, pushRange } from './stored-pushes.ts';

export interface Push extends Omit<ShredInput, 'stored' | 'isHashed'> {
  /** Whose push it is; undefined where everybody is one caller. */
  readonly caller: string | undefined;
  readonly idempotencyKey: string | undefined;
}

export type Shredder = (input: ShredInput) => Promise<ShredOutput>;

export interface PushAcceptorOptions {
  readonly shred: Shredder;
  readonly acceptor: BatchAcceptor;
  readonly positions: Pick<Positions, 'known' | 'pushes'>;
}

/** Owns whose turn it is. */
export class PushAcceptor {
  readonly #options: PushAcceptorOptions;
  /** Caller and key → the push that has its turn. Settles when it is over; never rejects. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(options: PushAcceptorOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the number of lines in the body when all of them are durable.
   * @throws CorruptionError, UnavailableError; PodlogError 409, when the key was used for another push
   */
  async accept({ caller, idempotencyKey, ...lines }: Push): Promise<number> {
    if (idempotencyKey === undefined) {
      const { lineCount, rowGroups } = await this.#options.shred({ ...lines, isHashed: false, stored: undefined });
      for (const { bytes } of rowGroups) await this.#append(bytes, []);
      return lineCount;
    }
    const key = pushKey(caller, idempotencyKey);
    for (let other = this.#underWay.get(key); other !== undefined; other = this.#underWay.get(key)) await other;
    const stored = this.#acceptOnce(key, idempotencyKey, lines);
    this.#underWay.set(
      key,
      stored.catch(() => {}),
    );
    try {
      return await stored;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #acceptOnce(
    key: string,
    idempotencyKey: string,
    lines: Omit<Push, 'caller' | 'idempotencyKey'>,
  ): Promise<number> {
    const { shred, positions } = this.#options;
    const stored = positions.pushes.get(key);
    const { content, lineCount, rowGroups } = await shred({ ...lines, isHashed: true, stored });
    if (stored !== undefined && stored.content !== content) throw keyReused(idempotencyKey);
    // An older version may have stored the first row groups of this push, a moment ago.
    const { stdout: oldRowGroups } = positions.known(PUSH_NODE, oldKeyFile(idempotencyKey));
    let fromLine = stored?.lineCount ?? 0;
    for (const { bytes, endLine } of rowGroups.slice(stored === undefined ? oldRowGroups : 0)) {
      await this.#append(bytes, [pushRange(key, content, fromLine, endLine)]);
      fromLine = endLine;
    }
    return lineCount;
  }

  async #append(rowGroup: Uint8Array, files: readonly FileRange[]): Promise<void> {
    const { kind } = await this.#options.acceptor.accept(encodeBatch({ node: PUSH_NODE, files, gone: [], rowGroup }));
    if (kind === 'stored') return;
    throw new UnavailableError(
      'the key of this push has just been forgotten: send it again',
      RETRY_AFTER_QUEUE_SECONDS,
    );
  }
}

function keyReused(idempotencyKey: string): PodlogError {
  const message = `the idempotency key ${idempotencyKey} was used for other lines or labels within the last hour: take a new one`;
  return new PodlogError('PODLOG_KEY_REUSED', 409, message);
}

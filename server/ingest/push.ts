/**
 * Stores pushed lines, from the body to durable row groups. With an idempotency key, a repeat of the same push stores
 * the lines that the first attempt did not, even if that was interrupted; another push with the key is refused. Pushes
 * with one key are stored one after the other. A client that leaves does not end its push: loki/push.ts says why.
 */
import { PodlogError } from '../../shared/errors.ts';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import type { FileRange } from '../../shared/wire.ts';
import { INFLATED_BODY_BYTES_MAX, PUSH_WINDOW_BYTES } from '../limits.ts';
import { PUSH_NODE, type StoredPositions } from '../store/positions.ts';
import { type TaskFlow, taskFlow } from '../workers/task.ts';
import type { BatchAcceptor } from './accept-batch.ts';
import { appendPushed } from './append-pushed.ts';
import { decodingBytes, type EncodedBody, type LineWindow, lineWindows } from './line-windows.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { PushMemory } from './push-memory.ts';
import type { PushRedaction } from './push-redaction.ts';
import type { ShredInput, ShredOutput } from './shred-lines.ts';
import { contentHash, oldKeyFile, pushKey, pushRange } from './stored-pushes.ts';

export interface Push extends EncodedBody {
  readonly labels: Labels;
  /** Time for lines without one of their own. */
  readonly arrivedMs: number;
  /** The push's caller; undefined where everyone is one caller. */
  readonly caller: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** @param flow  the push's own, so that a small one does not wait for all of a large one */
export type Shredder = (input: ShredInput, flow: TaskFlow) => Promise<ShredOutput>;

export interface PushAcceptorOptions {
  readonly shred: Shredder;
  readonly acceptor: Pick<BatchAcceptor, 'accept'>;
  readonly positions: Pick<StoredPositions, 'known' | 'pushes'>;
  readonly memory: PushMemory;
  readonly redaction: PushRedaction;
}

/** How a push is stored: which of its lines and row groups are stored already, and the positions in its batches. */
interface StoringPlan {
  readonly skippedLines: number;
  readonly skippedRowGroups: number;
  readonly rangesOf: (fromLine: number, toLine: number) => readonly FileRange[];
}

/** Owns the queues of pushes with the same key. */
export class PushAcceptor {
  readonly #options: PushAcceptorOptions;
  /** By caller and key. */
  readonly #underWay = new OneAtATime();

  constructor(options: PushAcceptorOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the number of lines in the body when all of them are durable. Row groups are stored as they are made, but
   * none before the whole body has been decoded once.
   * @throws CorruptionError, UnavailableError; PodlogError 409, when the key was used for another push
   */
  async accept(push: Push): Promise<number> {
    const { caller, idempotencyKey } = push;
    if (idempotencyKey === undefined) {
      using _ = await this.#reserveMemory(push, PUSH_WINDOW_BYTES);
      const windows = await lineWindows(push, PUSH_WINDOW_BYTES, undefined);
      return await this.#store(push, windows, { skippedLines: 0, skippedRowGroups: 0, rangesOf: () => [] });
    }
    const key = pushKey(caller, idempotencyKey);
    return this.#underWay.run(key, () => this.#acceptOnce(push, key, idempotencyKey));
  }

  async #acceptOnce(push: Push, key: string, idempotencyKey: string): Promise<number> {
    const { positions } = this.#options;
    const stored = positions.pushes.get(key);
    // An older version may have stored the first row groups of this push, a moment ago. It had the whole body in one
    // window.
    const oldRowGroups = stored === undefined ? positions.known(PUSH_NODE, oldKeyFile(idempotencyKey)).stdout : 0;
    const windowBytes = oldRowGroups > 0 ? INFLATED_BODY_BYTES_MAX : PUSH_WINDOW_BYTES;
    using _ = await this.#reserveMemory(push, windowBytes);
    const hash = contentHash();
    hash.update(labelsText(push.labels));
    const windows = await lineWindows(push, windowBytes, (piece) => hash.update(piece));
    const content = hash.digest();
    if (stored !== undefined && stored.content !== content) throw keyReused(idempotencyKey);
    return await this.#store(push, windows, {
      skippedLines: stored?.lineCount ?? 0,
      skippedRowGroups: oldRowGroups,
      rangesOf: (fromLine, toLine) => [pushRange(key, content, fromLine, toLine)],
    });
  }

  #reserveMemory(push: Push, windowBytes: number): Promise<Disposable> {
    return this.#options.memory.reserve(push.caller ?? '', decodingBytes(push, windowBytes));
  }

  async #store(
    { labels, arrivedMs }: Push,
    windows: Iterable<LineWindow> | AsyncIterable<LineWindow>,
    { skippedLines, skippedRowGroups, rangesOf }: StoringPlan,
  ): Promise<number> {
    const { acceptor, shred, redaction } = this.#options;
    const flow = taskFlow('intake');
    const redact = redaction.rules();
    let lineCount = 0;
    let rowGroupCount = 0;
    let storedLines = skippedLines;
    for await (const { bytes, end } of windows) {
      let rest: ShredOutput['rest'] = { bytes, start: 0, end };
      while (rest !== undefined) {
        const shredded: ShredOutput = await shred(
          { ...rest, labels, arrivedMs, skippedLines: Math.max(0, skippedLines - lineCount), redact },
          flow,
        );
        if (shredded.redactions !== undefined) redaction.count(shredded.redactions);
        for (const rowGroup of shredded.rowGroups) {
          if (rowGroupCount++ < skippedRowGroups) continue;
          const endLine = lineCount + rowGroup.endLine;
          await appendPushed(acceptor, rowGroup.bytes, rangesOf(storedLines, endLine));
          storedLines = endLine;
        }
        lineCount += shredded.lineCount;
        rest = shredded.rest;
      }
    }
    return lineCount;
  }
}

/** Independent of the order of the labels in the query. */
function labelsText(labels: Labels): string {
  return `${labelsKey(labels)}\n`;
}

export function keyReused(idempotencyKey: string): PodlogError {
  const message = `the idempotency key ${idempotencyKey} was used for other lines or labels within the last hour: take a new one`;
  return new PodlogError('PODLOG_KEY_REUSED', 409, message);
}

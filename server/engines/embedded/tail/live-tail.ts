/**
 * One live tail: the queue of its client, and how it ends. The queue is limited in bytes and pieces; beyond, the tail ends,
 * or pieces are dropped where its client can be notified.
 */
import { UnavailableError } from '../../../../shared/errors.ts';
import {
  RETRY_AFTER_TAILS_SECONDS,
  TAIL_TEXT_BYTES_MAX,
  TAIL_TEXTS_MAX,
  TAILS_TEXT_BYTES_MAX,
} from '../../../limits.ts';
import type { Piece } from '../../../store/sink.ts';
import type { Snapshot } from '../core/snapshot.ts';

/** Shared by all tails with equal queries: there is one copy, until the last of them has sent it. */
export interface SharedPiece {
  readonly piece: Piece;
  readonly sizeBytes: number;
  holders: number;
}

export interface LiveTailOptions {
  readonly sinceRound: number;
  readonly history: Snapshot;
  /** Called when a piece gets its first holder, and when it loses its last one. */
  readonly onHeld: (shared: SharedPiece) => void;
  readonly onReleased: (shared: SharedPiece) => void;
  readonly onLeft: () => void;
  /** Gets each piece that is dropped; without it, the tail ends instead. */
  readonly onDropped: ((piece: Piece) => void) | undefined;
}

export class LiveTail {
  /** The first round of row groups that are not in this tail's history. */
  readonly sinceRound: number;
  /** The rows that were stored when the tail began; released when they have been read. */
  readonly history: Snapshot;
  readonly #options: LiveTailOptions;
  readonly #waiting: SharedPiece[] = [];
  #waitingBytes = 0;
  #error: unknown;
  #hasLeft = false;
  #wake: (() => void) | undefined;

  constructor(options: LiveTailOptions) {
    this.#options = options;
    this.sinceRound = options.sinceRound;
    this.history = options.history;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  add(shared: SharedPiece): void {
    if (this.#hasLeft) return;
    if (this.#waitingBytes >= TAIL_TEXT_BYTES_MAX || this.#waiting.length >= TAIL_TEXTS_MAX) {
      if (this.#options.onDropped === undefined) this.dropAsSlow('own');
      else this.#options.onDropped(shared.piece);
      return;
    }
    if (shared.holders++ === 0) this.#options.onHeld(shared);
    this.#waiting.push(shared);
    this.#waitingBytes += shared.sizeBytes;
    this.#wake?.();
  }

  /**
   * Returns the next piece.
   * @throws the error that ended the tail; the signal's reason
   */
  async next(signal: AbortSignal): Promise<Piece> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#error !== undefined) throw this.#error;
      const shared = this.#waiting.shift();
      if (shared !== undefined) {
        this.#waitingBytes -= shared.sizeBytes;
        this.#release(shared);
        return shared.piece;
      }
      await this.#woken(signal);
    }
  }

  /**
   * Empties the queue, and ends the tail where its client cannot be notified.
   * @param limit  the one that what waits is beyond: this tail's own, or that of all tails, of which this one has most
   */
  dropAsSlow(limit: 'own' | 'all'): void {
    const { onDropped } = this.#options;
    if (onDropped !== undefined) {
      for (const { piece } of this.#waiting) onDropped(piece);
      return this.#drop();
    }
    const waiting =
      limit === 'own'
        ? `${TAIL_TEXT_BYTES_MAX} bytes or ${TAIL_TEXTS_MAX} pieces wait for it`
        : `${TAILS_TEXT_BYTES_MAX} bytes wait for the clients of all live tails, most of them for this one`;
    const message = `this client reads more slowly than lines arrive, and more than ${waiting}: narrow the filter`;
    this.end(new UnavailableError(message, RETRY_AFTER_TAILS_SECONDS));
  }

  /** The queue is dropped: there would be a gap after it. */
  end(error: unknown): void {
    this.#error ??= error;
    this.#leaveOthers();
    this.#wake?.();
  }

  /** Must be called when the tail is no longer read. */
  leave(): void {
    this.history.release();
    this.#leaveOthers();
  }

  /** Resolves when there may be text, or the tail has ended. */
  async #woken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
  }

  #leaveOthers(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#drop();
    this.#options.onLeft();
  }

  #drop(): void {
    for (const shared of this.#waiting.splice(0)) this.#release(shared);
    this.#waitingBytes = 0;
  }

  #release(shared: SharedPiece): void {
    if (--shared.holders === 0) this.#options.onReleased(shared);
  }
}

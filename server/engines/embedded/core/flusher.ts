/**
 * Flushes sealed WAL files one after the other, oldest first. A failed flush is retried with growing delays; the files
 * that it left are overwritten, or removed at the next start. Has no timer: `start` is called when a file is sealed and
 * at intervals (Store.tick).
 */
import { backoffMs } from '../../../../shared/backoff.ts';
import {
  FLUSH_READ_TRIES_MAX,
  FLUSH_RETRY_MS_MAX,
  FLUSH_RETRY_MS_MIN,
  RETRY_AFTER_DISK_SECONDS,
  SEALED_WAL_FILES_MAX,
} from '../../../limits.ts';
import { UnavailableError, UnreadableError } from '../../../../shared/errors.ts';
import type { FlushableWal } from './recover.ts';

export interface FlusherOptions {
  readonly now: () => number;
  /**
   * Flushes one file and makes its segments part of the store; rejects when nothing has changed.
   * @param leavesOutUnreadable  the attempts to read all of the file are used up
   */
  readonly flush: (wal: FlushableWal, leavesOutUnreadable: boolean) => Promise<void>;
  readonly onFailure: (wal: FlushableWal, error: unknown, retryMs: number) => void;
}

export class Flusher {
  readonly #options: FlusherOptions;
  readonly #waiting: FlushableWal[];
  /** When each of them began to wait. */
  readonly #sinceMs: number[];
  #running: Promise<void> | undefined;
  #current: Promise<void> | undefined;
  /** When a flush last failed, and the delay from then to the next one. */
  #failedAtMs = -Infinity;
  #failure: unknown;
  #waitMs = 0;
  /** Failed flushes since the last one that succeeded. */
  #failures = 0;
  /** Failed flushes of the oldest file because parts of it could not be read. */
  #unreadTries = 0;
  #closed = false;

  constructor(options: FlusherOptions, waiting: readonly FlushableWal[]) {
    this.#options = options;
    this.#waiting = [...waiting];
    this.#sinceMs = waiting.map(() => options.now());
  }

  /** Sealed files, including the one that is being flushed. */
  get waiting(): readonly FlushableWal[] {
    return this.#waiting;
  }

  /** Why writes must wait; undefined when they need not. */
  get problem(): UnavailableError | undefined {
    if (this.#waiting.length < SEALED_WAL_FILES_MAX) return undefined;
    return new UnavailableError(`${this.#waiting.length} WAL files wait to be flushed`, RETRY_AFTER_DISK_SECONDS);
  }

  /** Why the last flush failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** How long the oldest of them has waited; 0 when there is none. */
  get waitedMs(): number {
    return this.#sinceMs.length === 0 ? 0 : Math.max(0, this.#options.now() - this.#sinceMs[0]!);
  }

  add(wal: FlushableWal): void {
    this.#waiting.push(wal);
    this.#sinceMs.push(this.#options.now());
    void this.start();
  }

  /** Resolves when nothing waits, or the next attempt is not due. */
  start(): Promise<void> {
    if (!this.#isDue()) return Promise.resolve();
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Resolves when the file that is being flushed now is flushed, or its flush has failed; at once when there is none. */
  async step(): Promise<void> {
    await this.#current;
  }

  /** Waits for the running flush; waiting files are flushed after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #isDue(): boolean {
    const sinceMs = this.#options.now() - this.#failedAtMs;
    // Below 0, the clock was set back: the time that has passed is unknown, and waiting until the clock has caught up
    // could take hours.
    return !this.#closed && this.#waiting.length > 0 && (sinceMs < 0 || sinceMs >= this.#waitMs);
  }

  /** Begins when a flush is due. Its end and the last test of what is due are one step, so that no file is missed. */
  async #run(): Promise<void> {
    do {
      this.#current = this.#flushOldest();
      await this.#current;
    } while (this.#isDue());
    this.#running = undefined;
    this.#current = undefined;
  }

  async #flushOldest(): Promise<void> {
    const wal = this.#waiting[0]!;
    try {
      await this.#options.flush(wal, this.#unreadTries + 1 >= FLUSH_READ_TRIES_MAX);
      this.#waiting.shift();
      this.#sinceMs.shift();
      this.#failures = 0;
      this.#unreadTries = 0;
    } catch (error) {
      if (error instanceof UnreadableError) this.#unreadTries++;
      this.#failedAtMs = this.#options.now();
      this.#failure = error;
      // No other store retries at the same time, so the delay is not randomized.
      this.#waitMs = backoffMs(this.#failures++, { msMin: FLUSH_RETRY_MS_MIN, msMax: FLUSH_RETRY_MS_MAX }, 0);
      this.#options.onFailure(wal, error, this.#waitMs);
    }
  }
}

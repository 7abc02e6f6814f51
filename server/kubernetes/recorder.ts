/**
 * Stores lines that the server itself has learned from the API, each exactly once, even over restarts of either. They
 * enter like agents' batches: the subject of entries is a "file", and its position, how far it has been recorded, is
 * stored in one record with the lines. So the two cannot disagree, and there is no other state.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backoffMs } from '../../shared/backoff.ts';
import { PodlogError } from '../../shared/errors.ts';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { type Run, runKey } from '../../shared/row-group/runs.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import { encodeBatch, type FileRange } from '../../shared/wire.ts';
import type { BatchAcceptor } from '../ingest/accept-batch.ts';
import { CLUSTER_NODE, type StoredPositions } from '../store/positions.ts';
import { API_RETRY_MS_MAX, API_RETRY_MS_MIN, RECORD_DELAY_MS, RECORD_ROWS_MAX } from '../limits.ts';

/** A line, and the position of its file once it is stored. */
export interface Entry {
  readonly file: string;
  /** Above 0. Entries of one file come in ascending order; one that is not above the stored position is a repeat. */
  readonly offset: number;
  readonly labels: Labels;
  /** Whose end it is, if it is that of a run. */
  readonly run?: Run;
  readonly epochMs: number;
  readonly line: string;
}

export interface RecorderOptions {
  readonly acceptor: Pick<BatchAcceptor, 'accept'>;
  readonly positions: Pick<StoredPositions, 'known' | 'ofNode'>;
  readonly log: Logger;
  readonly delayMs?: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #waiting: Entry[] = [];
  readonly #gone = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  readonly #closed = new AbortController();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Returns the files that have entries. */
  files(): string[] {
    return this.#options.positions.ofNode(CLUSTER_NODE).positions.map(({ file }) => file);
  }

  /** Returns how far a file has been recorded. */
  known(file: string): number {
    return this.#options.positions.known(CLUSTER_NODE, file).stdout;
  }

  /** Resolves at once, or, when many entries wait, once they are stored: that slows down the reader of the API. */
  async add(entry: Entry): Promise<void> {
    if (entry.offset <= this.known(entry.file) || this.#closed.signal.aborted) return;
    // A workload may get back the template that it had a moment ago.
    this.#gone.delete(entry.file);
    this.#waiting.push(entry);
    if (this.#waiting.length >= RECORD_ROWS_MAX) await this.flush();
    else this.#soon();
  }

  /** Marks files as gone, once the waiting entries are stored: no more entries come for them. */
  forget(files: Iterable<string>): void {
    for (const file of files) this.#gone.add(file);
    if (this.#gone.size > 0) this.#soon();
  }

  /** Resolves when all entries so far are stored; after `close` also when they cannot be. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#store());
    return this.#flushing;
  }

  /** Stores the waiting entries if possible; others will be learned again after the next start. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.flush();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.delayMs ?? RECORD_DELAY_MS).unref();
  }

  async #store(): Promise<void> {
    while (this.#waiting.length > 0 || this.#gone.size > 0) {
      const entries = this.#waiting;
      const gone = [...this.#gone];
      this.#waiting = [];
      this.#gone.clear();
      for (const bytes of this.#batches(entries, gone)) {
        if (await this.#accept(bytes)) continue;
        // Later entries would move positions past those that were not stored.
        this.#waiting = [];
        return;
      }
    }
  }

  /** Each batch is built when the previous one is stored, and goes on from there. */
  *#batches(entries: readonly Entry[], gone: readonly string[]): Generator<Buffer> {
    const builder = new RowGroupBuilder();
    const ranges = new Map<string, FileRange>();
    const streams = new Map<string, number>();
    const finish = (goneFiles: readonly string[]): Buffer => {
      const rowGroup = builder.rowCount === 0 ? Buffer.alloc(0) : builder.finish();
      const bytes = encodeBatch({ node: CLUSTER_NODE, files: [...ranges.values()], gone: goneFiles, rowGroup });
      ranges.clear();
      streams.clear();
      return bytes;
    };
    for (const { file, offset, labels, run, epochMs, line } of entries) {
      const { day, timeNs } = rowTimeOfMs(epochMs);
      if (!builder.fits(day) || builder.rowCount >= RECORD_ROWS_MAX) yield finish([]);
      const known = this.known(file);
      const to = { stdout: offset, stderr: 0 };
      if (offset <= (ranges.get(file)?.to.stdout ?? known)) continue;
      ranges.set(file, { file, from: { stdout: known, stderr: 0 }, to });
      const key = run === undefined ? labelsKey(labels) : `${runKey(run)} ${labelsKey(labels)}`;
      let stream = streams.get(key);
      if (stream === undefined) streams.set(key, (stream = builder.stream(labels, run)));
      const bytes = Buffer.from(line);
      const at = builder.append(bytes, 0, bytes.length);
      builder.add(stream, day, timeNs, 0, at, at + bytes.length);
    }
    if (builder.rowCount > 0 || gone.length > 0) yield finish(gone);
  }

  /**
   * Returns true once it is stored; false when it cannot be and there is no time left. Agents retry in the same way.
   */
  async #accept(bytes: Buffer): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        const { kind } = await this.#options.acceptor.accept(bytes);
        if (kind === 'conflict') throw new Error('BUG: another writer has moved the positions of the cluster');
        return true;
      } catch (err) {
        if (!(err instanceof PodlogError)) throw err;
        if (this.#closed.signal.aborted) return false;
        const waitMs = backoffMs(attempt, { msMin: API_RETRY_MS_MIN, msMax: API_RETRY_MS_MAX }, Math.random());
        this.#options.log.warn({ err, waitMs }, 'storing events failed; retrying');
        await sleep(waitMs, undefined, { signal: this.#closed.signal }).catch(() => {});
      }
    }
  }
}

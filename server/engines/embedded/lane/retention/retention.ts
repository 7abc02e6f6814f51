/**
 * Retention by age, by rules and by total size, as maintenance jobs of the store. Has no timer: `tick` must be called.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorOfUnusable } from '../../../../../shared/errors.ts';
import type { Labels } from '../../../../../shared/labels.ts';
import { instantOfMs } from '../../../../../shared/time.ts';
import { MAX_SIZE_RESERVE_BYTES, SEGMENT_ZSTD_LEVEL } from '../../../../limits.ts';
import { type CompactInput, type CompactOutput, compactSegment } from '../compaction/compact.ts';
import { type Disk, realDisk } from '../../platform/disk.ts';
import { QUARANTINE_FOLDER, segmentPath, walFolder } from '../../platform/filenames.ts';
import { manifestPaths } from '../../core/manifest-file.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { LiveSegment } from '../../core/recover.ts';
import type { Store } from '../../core/store.ts';
import { cutoffsOf, newestInstantOf, oldestBeyond, planByRules } from './plan.ts';
import { ageByRules, type RetentionRule } from './rules.ts';

export interface RetentionOptions {
  readonly store: Pick<
    Store,
    'isWhole' | 'maintain' | 'manifest' | 'replaceSegments' | 'segments' | 'quarantine' | 'takeSequence'
  >;
  readonly dataDir: string;
  /** The first one that matches a stream applies. */
  readonly rules: readonly RetentionRule[];
  /** Age for streams that no rule matches; Infinity keeps them. */
  readonly retentionMs: number;
  /** Limit of the size of all files; Infinity if only age counts. */
  readonly bytesMax: number;
  readonly indexedFields: readonly string[];
  /** Runs `compact` of ../compaction/compact.ts. */
  readonly compact: (input: CompactInput, stop: AbortSignal) => Promise<CompactOutput>;
  /** Epoch milliseconds by which lines expire; undefined while none may. */
  readonly expiryNow: () => number | undefined;
  readonly log: Logger;
  readonly disk?: Disk;
}

/** Returns the age beyond which no line is kept: the longest of all. */
export function longestAgeMs(rules: readonly RetentionRule[], retentionMs: number): number {
  return Math.max(retentionMs, ...rules.map(({ ageMs }) => ageMs));
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #disk: Disk;
  readonly #ageOf: (labels: Labels) => number;
  readonly #longestMs: number;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#ageOf = ageByRules(options.rules, options.retentionMs);
    this.#longestMs = longestAgeMs(options.rules, options.retentionMs);
  }

  /** Resolves when the due work is done; a failure is logged and retried with the next tick. */
  tick(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Begins no more work. Resolves when nothing runs; only the closing of the store ends a rewrite early. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, bytesMax, rules, expiryNow, log } = this.#options;
    try {
      if (bytesMax !== Infinity) await store.maintain(() => this.#keepSize());
      const nowMs = expiryNow();
      if (nowMs === undefined) return;
      if (this.#longestMs !== Infinity) await store.maintain(() => this.#dropOld(nowMs));
      if (rules.length === 0) return;
      await store.maintain(() => this.#dropExpired(nowMs));
      let rewrites = true;
      while (rewrites && !this.#closed) rewrites = await store.maintain((closing) => this.#rewriteNext(nowMs, closing));
    } catch (err) {
      if (!this.#closed) log.error({ err }, 'retention failed; retrying');
    }
  }

  async #keepSize(): Promise<void> {
    const { store, bytesMax, log } = this.#options;
    // Measured before the segments are listed: one that a flush adds meanwhile may be the oldest.
    const otherBytes = await this.#otherBytes();
    const segments = this.#segmentsByAge();
    const segmentBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const totalBytes = segmentBytes + otherBytes;
    const dropped = oldestBeyond(segments, totalBytes, bytesMax - MAX_SIZE_RESERVE_BYTES);
    if (dropped.length === 0) return;
    await store.replaceSegments(dropped, []);
    log.info(
      { segments: dropped.length, totalBytes, bytesMax },
      'dropped the oldest segments to stay within the maximum size',
    );
  }

  /**
   * Returns the bytes of files that are neither segments nor backups. Files of dropped segments that a query reads are
   * about to go.
   */
  async #otherBytes(): Promise<number> {
    const { dataDir } = this.#options;
    let bytes = 0;
    for (const path of manifestPaths(dataDir)) bytes += (await this.#disk.sizeOf(path)) ?? 0;
    for (const folder of [walFolder(dataDir), join(dataDir, QUARANTINE_FOLDER)]) {
      for (const name of await this.#disk.list(folder)) bytes += (await this.#disk.sizeOf(join(folder, name))) ?? 0;
    }
    return bytes;
  }

  /** Returns all segments with the times of their newest lines, also those that could not be opened. */
  #segmentsByAge(): (ManifestSegment & { readonly path: string; readonly newest: bigint })[] {
    const { store, dataDir } = this.#options;
    const live = new Map(store.segments().map((segment) => [segment.path, segment]));
    return store.manifest.segments.map((segment) => {
      const path = segmentPath(dataDir, segment.day, segment.sequence);
      return { ...segment, path, newest: newestInstantOf(segment, live.get(path)) };
    });
  }

  /** A segment is dropped as a whole, when its newest line is too old for any stream. */
  async #dropOld(nowMs: number): Promise<void> {
    const { store, log } = this.#options;
    const oldest = instantOfMs(nowMs - this.#longestMs);
    const dropped = this.#segmentsByAge().filter(({ newest }) => newest < oldest);
    if (dropped.length === 0) return;
    await store.replaceSegments(dropped, []);
    log.info({ segments: dropped.length }, 'dropped segments older than the retention');
  }

  async #dropExpired(nowMs: number): Promise<void> {
    const { store, log } = this.#options;
    const { expired } = planByRules(store.segments(), this.#ageOf, nowMs);
    if (expired.length === 0) return;
    await store.replaceSegments(expired, []);
    log.info({ segments: expired.length }, 'dropped segments whose streams have all expired');
  }

  /** @returns false when no segment is worth it */
  async #rewriteNext(nowMs: number, closing: AbortSignal): Promise<boolean> {
    const { store } = this.#options;
    const whole = store.segments().filter((segment) => store.isWhole(segment));
    const [segment] = planByRules(whole, this.#ageOf, nowMs).rewritten;
    if (segment === undefined) return false;
    await this.#rewrite(segment, nowMs, closing);
    return true;
  }

  async #rewrite(segment: LiveSegment, nowMs: number, closing: AbortSignal): Promise<void> {
    const { store, dataDir, indexedFields, compact, log } = this.#options;
    const input: CompactInput = {
      dataDir,
      indexedFields,
      level: SEGMENT_ZSTD_LEVEL,
      day: segment.day,
      dayNumber: segment.rowGroups[0]!.baseDay,
      sequence: store.takeSequence(),
      segments: [compactSegment(segment)],
      cutoffsNs: cutoffsOf(segment, this.#ageOf, nowMs),
    };
    const output = await compact(input, closing);
    if (output.kind === 'too-large') throw new RangeError('BUG: one segment is too large for a merge');
    if (output.kind === 'damaged') {
      await store.quarantine(output.rowGroup, errorOfUnusable(output.why));
      return;
    }
    await store.replaceSegments([segment], output.segment === undefined ? [] : [output.segment]);
    log.info(
      { day: segment.day, expiredRows: output.expiredRows },
      'dropped lines that have expired by retention rules',
    );
  }
}

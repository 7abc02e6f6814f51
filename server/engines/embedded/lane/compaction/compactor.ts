/**
 * Merges segments as long as the policy finds some that are worth it, one merge at a time among the store's maintenance
 * jobs. Writes never wait for it. Has no timer: `tick` must be called.
 */
import type { Logger } from 'pino';
import { CorruptionError, errorOfUnusable, WorkerDiedError } from '../../../../../shared/errors.ts';
import { labelsMemoryBytes } from '../../../../../shared/labels.ts';
import type { Metrics } from '../../../../../shared/metrics.ts';
import {
  COMPACTION_FAN_IN_MAX,
  COMPACTION_LABELS_BYTES_MAX,
  COMPACTION_OPEN_LINE_BYTES_MAX,
  COMPACTION_QUIET_MS,
  COMPACTION_RETRY_MS,
  COMPACTION_WAITING_SEGMENTS_MAX,
  COMPACTION_WAL_FILES_MAX,
  FULL_SEGMENT_ZSTD_LEVEL,
  QUIET_SEGMENT_ZSTD_LEVEL,
  SEGMENT_FULL_BYTES,
  SEGMENT_ZSTD_LEVEL,
} from '../../../../limits.ts';
import type { LiveSegment } from '../../core/recover.ts';
import type { Store } from '../../core/store.ts';
import { type CompactInput, type CompactOutput, compactSegment } from './compact.ts';
import { CompactionMetrics } from './metrics.ts';
import { type Candidate, chooseWindow, type MergeWindow } from './policy.ts';

export interface CompactorOptions {
  readonly store: Pick<
    Store,
    | 'isMergeBarrierBetween'
    | 'isWhole'
    | 'maintain'
    | 'replaceSegments'
    | 'sealedWalFileCount'
    | 'segments'
    | 'quarantine'
    | 'takeSequence'
  >;
  readonly dataDir: string;
  readonly indexedFields: readonly string[];
  /**
   * Runs `compact` of compact.ts, in a worker or in this thread; settles when it has ended, also when it was asked to
   * stop.
   */
  readonly compact: (input: CompactInput, stop: AbortSignal) => Promise<CompactOutput>;
  /** Milliseconds since any fixed instant: only differences count. */
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A merge to be done. */
interface Job {
  readonly segments: readonly LiveSegment[];
  readonly totalBytes: number;
  readonly gain: number;
  readonly level: number;
}

export class Compactor {
  readonly #options: CompactorOptions;
  readonly #metrics: CompactionMetrics;
  /** By day: its newest segment when that was noticed, and the time of it. */
  readonly #newest = new Map<string, { readonly sequence: number; readonly sinceMs: number }>();
  /** Paths of segments whose rows are in the wrong place, or that kill workers; they stay as they are. */
  readonly #unmergeable = new Set<string>();
  /** Path → number of merges of the segment that were too large. */
  readonly #tooLarge = new Map<string, number>();
  #running: Promise<void> | undefined;
  #failedAtMs = -Infinity;
  #closed = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#metrics = new CompactionMetrics(options.metrics);
  }

  /** Starts merging, if there is something to merge and no merge runs. */
  tick(): void {
    this.#lookAtDays();
    if (this.#closed || this.#running !== undefined || !this.#isDue()) return;
    this.#running = this.#run(false).finally(() => (this.#running = undefined));
  }

  /** Merges all that is worth it as if no more writes were to come: for tests. */
  async settle(): Promise<void> {
    await this.#running;
    await this.#run(true);
  }

  /** Begins no further merge. Resolves when none runs; only the closing of the store ends one early. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(isQuiet: boolean): Promise<void> {
    const { store, log, now } = this.#options;
    try {
      let merged = true;
      while (merged && !this.#closed && this.#mayBegin()) {
        merged = await store.maintain(async (closing) => {
          // Chosen here, not before: earlier jobs may have replaced segments.
          const job = this.#nextJob(isQuiet);
          if (job === undefined) return false;
          await this.#merge(job, closing);
          return true;
        });
      }
    } catch (err) {
      if (this.#closed) return;
      this.#failedAtMs = now();
      log.warn({ err }, 'merging segments failed; retrying');
    }
  }

  /**
   * Whether some time has passed since a failure; or the clock was set back, and the time that has passed is unknown.
   */
  #isDue(): boolean {
    const sinceMs = this.#options.now() - this.#failedAtMs;
    return sinceMs < 0 || sinceMs >= COMPACTION_RETRY_MS;
  }

  /** Flushes come first, within limits. */
  #mayBegin(): boolean {
    const { store } = this.#options;
    if (store.sealedWalFileCount <= COMPACTION_WAL_FILES_MAX) return true;
    const waiting = store.segments().filter(({ sizeBytes }) => sizeBytes < SEGMENT_FULL_BYTES);
    return waiting.length > COMPACTION_WAITING_SEGMENTS_MAX;
  }

  /** Returns the merge with the largest gain of all days. */
  #nextJob(isQuiet: boolean): Job | undefined {
    let best: Job | undefined;
    for (const [day, segments] of byDay(this.#options.store.segments())) {
      const quiet = isQuiet || this.#isQuiet(day);
      for (const run of this.#mergeableRuns(segments)) {
        const window = chooseWindow(
          run.map((segment) => this.#candidateOf(segment)),
          quiet,
        );
        if (window === undefined || window.gain <= (best?.gain ?? 0)) continue;
        best = { segments: run.slice(window.from, window.to), ...window, level: levelOf(window, quiet) };
      }
    }
    return best;
  }

  /**
   * Returns runs of neighbours. They contain no damaged segment, which is left for an operator or `podlog check`, and
   * are all from before an erasure's request, or all from after it.
   */
  #mergeableRuns(segments: readonly LiveSegment[]): LiveSegment[][] {
    const { store } = this.#options;
    const runs: LiveSegment[][] = [[]];
    for (const [index, segment] of segments.entries()) {
      const before = segments[index - 1];
      if (before !== undefined && store.isMergeBarrierBetween(firstOrder(before), firstOrder(segment))) runs.push([]);
      if (store.isWhole(segment) && !this.#unmergeable.has(segment.path)) runs.at(-1)!.push(segment);
      else runs.push([]);
    }
    return runs;
  }

  async #merge({ segments, totalBytes, level }: Job, closing: AbortSignal): Promise<void> {
    const { store, dataDir, indexedFields, compact, log } = this.#options;
    const startMs = performance.now();
    const input: CompactInput = {
      dataDir,
      indexedFields,
      level,
      day: segments[0]!.day,
      dayNumber: segments[0]!.rowGroups[0]!.baseDay,
      sequence: store.takeSequence(),
      segments: segments.map(compactSegment),
      cutoffsNs: new Map(),
    };
    const output = hasRoomForLabels(segments)
      ? await this.#compactOrGiveUp(input, segments, () => compact(input, closing))
      : ({ kind: 'too-large' } as const);
    if (output === undefined) return;
    if (output.kind === 'too-large') {
      for (const { path } of segments) this.#tooLarge.set(path, (this.#tooLarge.get(path) ?? 0) + 1);
      return;
    }
    if (output.kind === 'damaged') {
      await store.quarantine(output.rowGroup, errorOfUnusable(output.why));
      return;
    }
    await store.replaceSegments(segments, output.segment === undefined ? [] : [output.segment]);
    const seconds = (performance.now() - startMs) / 1000;
    this.#metrics.merged(segments, output.segment, seconds);
    const { sizeBytes, rowCount } = output.segment ?? { sizeBytes: 0, rowCount: 0 };
    log.debug({ day: input.day, segments: segments.length, totalBytes, sizeBytes, rowCount, level, seconds }, 'merged');
  }

  /**
   * Returns undefined when the segments' rows are in the wrong place, or kill a worker: that would fail again and
   * again.
   */
  async #compactOrGiveUp(
    { day }: CompactInput,
    segments: readonly LiveSegment[],
    run: () => Promise<CompactOutput>,
  ): Promise<CompactOutput | undefined> {
    try {
      return await run();
    } catch (err) {
      if (!(err instanceof CorruptionError || err instanceof WorkerDiedError)) throw err;
      for (const { path } of segments) this.#unmergeable.add(path);
      this.#options.log.error(
        { err, day, paths: segments.map(({ path }) => path) },
        'segments cannot be merged; leaving them as they are',
      );
      return undefined;
    }
  }

  #candidateOf({ path, sizeBytes, rowGroups }: LiveSegment): Candidate {
    const lineBytes = rowGroups.reduce((most, each) => Math.max(most, each.lineBytes), 0);
    const tries = this.#tooLarge.get(path) ?? 0;
    // Halves the next window, whatever its lines contain.
    const floor = tries === 0 ? 0 : (COMPACTION_OPEN_LINE_BYTES_MAX / COMPACTION_FAN_IN_MAX) * 2 ** tries;
    return { sizeBytes, openLineBytes: Math.max(lineBytes * 2 ** tries, floor) };
  }

  #lookAtDays(): void {
    const sinceMs = this.#options.now();
    const segments = this.#options.store.segments();
    const days = new Set(segments.map(({ day }) => day));
    const paths = new Set(segments.map(({ path }) => path));
    for (const path of this.#tooLarge.keys()) if (!paths.has(path)) this.#tooLarge.delete(path);
    for (const day of this.#newest.keys()) if (!days.has(day)) this.#newest.delete(day);
    for (const { day, sequence } of segments) {
      if ((this.#newest.get(day)?.sequence ?? -1) < sequence) this.#newest.set(day, { sequence, sinceMs });
    }
  }

  #isQuiet(day: string): boolean {
    const newest = this.#newest.get(day);
    return newest !== undefined && this.#options.now() - newest.sinceMs >= COMPACTION_QUIET_MS;
  }
}

/** Returns the segments of each day in the order of arrival. */
function byDay(segments: readonly LiveSegment[]): Map<string, LiveSegment[]> {
  const days = Map.groupBy(segments, ({ day }) => day);
  for (const ofDay of days.values()) ofDay.sort((a, b) => firstOrder(a) - firstOrder(b));
  return days;
}

/** The merging thread has a copy of all label sets, equal ones once. */
function hasRoomForLabels(segments: readonly LiveSegment[]): boolean {
  const labelSets = new Set(segments.flatMap(({ streams }) => streams));
  let bytes = 0;
  for (const labels of labelSets) bytes += labelsMemoryBytes(labels);
  return bytes <= COMPACTION_LABELS_BYTES_MAX;
}

function firstOrder({ rowGroups }: LiveSegment): number {
  return rowGroups[0]?.order ?? 0;
}

function levelOf({ totalBytes }: MergeWindow, isQuiet: boolean): number {
  if (isQuiet) return QUIET_SEGMENT_ZSTD_LEVEL;
  return totalBytes >= SEGMENT_FULL_BYTES ? FULL_SEGMENT_ZSTD_LEVEL : SEGMENT_ZSTD_LEVEL;
}

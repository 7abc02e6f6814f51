/** An erasure in memory: its file's content, and state that a restart may forget. */
import { type ErasureState, type ErasureStatus, withoutValues } from '../../../../store/erasure-status.ts';
import { ERASURES_KEPT_MAX, ERASURES_REMEMBERED_BYTES_MAX, ERASURES_REMEMBERED_MAX } from '../../../../limits.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type ErasureJob, rememberedBytes, type Result } from '../../core/erasure-job.ts';

export interface OpenJob {
  job: ErasureJob;
  state: ErasureState;
  /** State of this attempt: sequences of the segments that it need not visit again, and its failure. */
  lookedAt: Set<number>;
  failures: unknown[];
  segmentsDone: number;
  segmentsTotal: number;
  problem: string | undefined;
  isFinishing: boolean;
  /** Settles when its file says that it runs again. */
  accepting: Promise<unknown>;
  /** Allows merges to mix its rows with later ones. */
  removeBarriers: () => void;
  /**
   * Where it was done by another store, whose erasures were copied here: sequences of the segments from which it was
   * erased so far. Until it is in all of them, no line is shown.
   */
  restored: { readonly erased: Set<number>; isAccepted: boolean } | undefined;
}

export function openJob(job: ErasureJob, removeBarriers: () => void): OpenJob {
  const segmentCount = job.done?.segmentCount ?? 0;
  return {
    job,
    state: job.done === undefined ? 'waiting' : 'done',
    ...newTry(),
    segmentsDone: segmentCount,
    segmentsTotal: segmentCount,
    problem: undefined,
    isFinishing: false,
    accepting: Promise.resolve(),
    removeBarriers,
    restored: undefined,
  };
}

/**
 * - `record`   nothing is left to do, nor to remember
 * - `watch`    done in this store
 * - `run`      begun in this store, or in one whose backup this is
 * - `restore`  done or begun in another store: to be done again, from everything
 */
type WayToResume =
  | { readonly kind: 'record' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'watch'; readonly watchFrom: number }
  | { readonly kind: 'run'; readonly watchFrom: number; readonly isRestored: boolean };

/** Decides how to continue a job that an earlier process has left in this folder, or an operator has copied there. */
export function wayToResume({ id, scope, done, earlier, remembered }: ErasureJob, manifest: Manifest): WayToResume {
  const { orderFrom, nextSequence, erasures = {} } = manifest;
  const isKnown = Object.hasOwn(erasures, id);
  if (done !== undefined) {
    if (remembered === undefined) return { kind: 'record' };
    return isKnown ? { kind: 'watch', watchFrom: Math.min(erasures[id]!, orderFrom) } : { kind: 'restore' };
  }
  // Rows that this store has yet to get must not be taken for earlier ones, nor those that it has for ones without.
  const isAhead = scope.orderBefore > orderFrom && scope.segmentBefore >= nextSequence;
  if (isAhead || (scope.orderFrom > 0 && !isKnown)) return { kind: 'restore' };
  const isRestored = earlier !== undefined && !isKnown;
  return { kind: 'run', watchFrom: Math.min(scope.orderBefore, orderFrom), isRestored };
}

export function newTry(): Pick<OpenJob, 'failures' | 'lookedAt' | 'segmentsDone' | 'segmentsTotal'> {
  return { lookedAt: new Set(), failures: [], segmentsDone: 0, segmentsTotal: 0 };
}

/** Returns the result of all runs so far. */
export function resultOf({ job, segmentsTotal }: OpenJob, atMs: number): Result {
  return { atMs, rowCount: rowsErased(job), segmentCount: segmentsTotal };
}

/** Returns the job as it is once it is done: unless it is remembered, no value of the filter is left. */
export function doneJob(job: ErasureJob, done: Result): ErasureJob {
  const request = job.remembered === undefined ? job.request && withoutValues(job.request) : job.request;
  return { ...job, request, filter: undefined, rewritten: [], done, earlier: undefined };
}

/** @param keptMs  how long lines are kept; Infinity keeps all */
export function statusOf({ job, state, segmentsDone, segmentsTotal, problem }: OpenJob, keptMs: number): ErasureStatus {
  return {
    id: job.id,
    state,
    requestedMs: job.requestedMs,
    doneMs: job.done?.atMs,
    rememberedUntilMs: rememberedUntilMs(job, keptMs),
    names: job.names,
    segments: { done: segmentsDone, total: segmentsTotal },
    rowCount: rowsErased(job),
    request: job.request,
    problem,
  };
}

/** Returns when the last line that it erases would have gone by itself; undefined when it is not remembered. */
export function rememberedUntilMs({ remembered }: ErasureJob, keptMs: number): number | undefined {
  return remembered === undefined ? undefined : Number(remembered.to! / 1_000_000n) + keptMs;
}

/**
 * Returns the erasures that are too many, oldest first: those to forget, and those whose record is to be removed.
 * @param jobs  oldest first
 */
export function beyondLimits(jobs: readonly OpenJob[]): { forgotten: OpenJob[]; removed: OpenJob[] } {
  const done = jobs.filter(({ state }) => state === 'done');
  const remembered = done.filter(({ job }) => job.remembered !== undefined);
  let bytes = remembered.reduce((sum, { job }) => sum + rememberedBytes(job), 0);
  let count = 0;
  while (remembered.length - count > ERASURES_REMEMBERED_MAX || bytes > ERASURES_REMEMBERED_BYTES_MAX) {
    bytes -= rememberedBytes(remembered[count++]!.job);
  }
  const records = done.filter(({ job }) => job.remembered === undefined);
  return { forgotten: remembered.slice(0, count), removed: records.slice(0, -ERASURES_KEPT_MAX) };
}

function rowsErased({ done, earlier, rewritten }: ErasureJob): number {
  return done?.rowCount ?? rewritten.reduce((sum, { rowCount }) => sum + rowCount, earlier?.rowCount ?? 0);
}

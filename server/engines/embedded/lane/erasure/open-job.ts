/** An erasure in memory: its file's content, and state that a restart may forget. */
import type { ErasureState, ErasureStatus } from '../../../../store/erasure-status.ts';
import type { ErasureJob, Result } from './job.ts';

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

export function newTry(): Pick<OpenJob, 'failures' | 'lookedAt' | 'segmentsDone' | 'segmentsTotal'> {
  return { lookedAt: new Set(), failures: [], segmentsDone: 0, segmentsTotal: 0 };
}

/** Returns the result of all runs so far. */
export function resultOf({ job, segmentsTotal }: OpenJob, atMs: number): Result {
  return { atMs, rowCount: rowsErased(job), segmentCount: segmentsTotal };
}

/** Returns the job as it is once it is done. */
export function doneJob(job: ErasureJob, done: Result): ErasureJob {
  return { ...job, filter: undefined, rewritten: [], done, earlier: undefined };
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
    problem,
  };
}

/** Returns when the last line that it erases would have gone by itself; undefined when it is not remembered. */
export function rememberedUntilMs({ remembered }: ErasureJob, keptMs: number): number | undefined {
  return remembered === undefined ? undefined : Number(remembered.to! / 1_000_000n) + keptMs;
}

function rowsErased({ done, earlier, rewritten }: ErasureJob): number {
  return done?.rowCount ?? rewritten.reduce((sum, { rowCount }) => sum + rowCount, earlier?.rowCount ?? 0);
}

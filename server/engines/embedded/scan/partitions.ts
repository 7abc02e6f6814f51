/**
 * Runs tasks over row groups, batch after batch, in a few partitions side by side. A task that has yielded is sent again with the
 * row groups that are left, and row groups that it could not use are quarantined.
 */
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { type QuarantineRowGroup, quarantineAll, type UnusableGroup } from './unusable.ts';

/** The result of a task, and the row groups that it could not use. */
export interface PartialOutput<T> {
  readonly result: T;
  /** How many of the row groups are done; where others wait for the worker, another task is to do the rest. */
  readonly doneCount: number;
  readonly unusable: readonly UnusableGroup[];
  /** How many of those that are done have lines with structured metadata; absent unless it was asked for. */
  readonly withMetadata?: number;
}

export interface PartitionsOptions {
  readonly partitionCount: number;
  readonly quarantine: QuarantineRowGroup;
  readonly signal: AbortSignal;
  /** Leaves out row groups that are not wanted any more, just before a batch is run; a batch without any is not run. */
  readonly prune?: (batch: RowGroupRef[]) => RowGroupRef[];
}

/**
 * @param batches  emptied; those at the front are run first
 * @param run  gets the result of the partition's previous batch
 * @returns the result of each partition's last batch
 * @throws what `run` throws; the other partitions end with their current batch
 */
export async function inPartitions<T>(
  batches: RowGroupRef[][],
  { partitionCount, quarantine, signal, prune = (batch) => batch }: PartitionsOptions,
  run: (batch: readonly RowGroupRef[], before: T | undefined) => Promise<PartialOutput<T>>,
): Promise<T[]> {
  const partition = async (): Promise<T[]> => {
    let last: T | undefined;
    for (let next = batches.shift(); next !== undefined; next = batches.shift()) {
      signal.throwIfAborted();
      const batch = prune(next);
      if (batch.length === 0) continue;
      const { result, doneCount, unusable } = await run(batch, last);
      last = result;
      if (doneCount < batch.length) batches.unshift(batch.slice(doneCount));
      await quarantineAll(unusable, batch, quarantine);
    }
    return last === undefined ? [] : [last];
  };
  try {
    return (await Promise.all(Array.from({ length: partitionCount }, partition))).flat();
  } finally {
    batches.length = 0;
  }
}

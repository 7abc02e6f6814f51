/**
 * Row groups that cannot be used, from the worker thread that finds them to the quarantine: a task goes on with the
 * others and lists them in its output, and the main thread quarantines them.
 */
import { CorruptionError, errorOfUnusable, type Unusable, unusableBy } from '../../../../shared/errors.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';

/** A row group, by its index among those that a task was given, and why it cannot be used. */
export interface UnusableGroup extends Unusable {
  readonly group: number;
}

export type QuarantineRowGroup = (rowGroup: RowGroupRef, error: CorruptionError) => Promise<void>;

/**
 * Returns the result of `use`; undefined when the row group is damaged or cannot be read now, which adds it to
 * `unusable`.
 */
export function useOrList<T>(unusable: UnusableGroup[], group: number, use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    unusable.push({ group, ...unusableBy(error) });
    return undefined;
  }
}

/** @param rowGroups  those that the task was given */
export async function quarantineAll(
  unusable: readonly UnusableGroup[],
  rowGroups: readonly RowGroupRef[],
  quarantine: QuarantineRowGroup,
): Promise<void> {
  for (const each of unusable) await quarantine(rowGroups[each.group]!, errorOfUnusable(each));
}

/**
 * The task of a worker thread in a search: finds the rows of row groups that match a plan and returns their times,
 * which suffice to choose among them. Their other columns are read only for the chosen ones.
 */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { sortByTime } from '../../../../shared/row-group/sort.ts';
import { aloneInThread } from '../../../workers/task.ts';
import type { Plan } from '../../../store/search-plan.ts';
import { matchRows } from './match-rows.ts';
import { lacksArrays, type RowGroupPlace, type RowGroups } from './row-groups.ts';
import { type UnusableGroup, useOrList } from './unusable.ts';

export interface ScanInput {
  readonly places: readonly RowGroupPlace[];
  readonly plan: Plan;
}

/** Rows of one row group: at most plan.limit, the best in plan.direction, best first. */
export interface ScannedRows {
  readonly rows: Uint32Array;
  /** ns from the start of the row group's base day. */
  readonly timesNs: Float64Array;
  /** Number of rows that match, including those beyond the plan's limit. */
  readonly matchedCount: number;
}

export interface ScanOutput {
  /** One for each place, or for the first of them, at least one: another task is to do the rest. */
  readonly scanned: readonly ScannedRows[];
  /** They have no rows. */
  readonly unusable: readonly UnusableGroup[];
}

const NO_ROWS: ScannedRows = { rows: new Uint32Array(0), timesNs: new Float64Array(0), matchedCount: 0 };

/** Ends early when others wait for the worker. */
export function scan(
  { places, plan }: ScanInput,
  rowGroups: Pick<RowGroups, 'open'>,
  shouldYield = aloneInThread,
): ScanOutput {
  const scanned: ScannedRows[] = [];
  const unusable: UnusableGroup[] = [];
  for (const [group, place] of places.entries()) {
    scanned.push(useOrList(unusable, group, () => scanPlace(place, plan, rowGroups)) ?? NO_ROWS);
    if (shouldYield()) break;
  }
  return { scanned, unusable };
}

function scanPlace(place: RowGroupPlace, plan: Plan, rowGroups: Pick<RowGroups, 'open'>): ScannedRows {
  const group = rowGroups.open(place);
  return lacksArrays(group, place) ? NO_ROWS : scanGroup(group, plan);
}

/**
 * Returns the rows of one row group that match a plan.
 * @throws CorruptionError
 */
export function scanGroup(group: RowGroup, plan: Plan): ScannedRows {
  const matched = matchRows(group, plan);
  // Without matches, not even the times are read.
  if (matched.length === 0) return NO_ROWS;
  const timesNs = group.timesAt(matched);
  const best = bestOf(timesNs, plan);
  return {
    rows: best.map((i) => matched[i]!),
    timesNs: Float64Array.from(best, (i) => timesNs[i]!),
    matchedCount: matched.length,
  };
}

/** Returns the indices of the first plan.limit times, in plan.direction; equal times keep their order. */
function bestOf(timesNs: Float64Array, { direction, limit }: Plan): Uint32Array {
  const sorted = Uint32Array.from(timesNs.keys());
  sortByTime(sorted, timesNs, 0, sorted.length);
  if (direction === 'forward') return sorted.slice(0, limit);
  return sorted.slice(Math.max(0, sorted.length - limit)).toReversed();
}

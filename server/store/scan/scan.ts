/**
 * The task of a worker thread in a search: finds the rows of row groups that a plan asks for and gives their times, which
 * is all that is needed to choose among them. Their other columns are read for the chosen ones only.
 */
import { CorruptionError } from '../../../shared/errors.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { sortByTime } from '../../../shared/row-group/sort.ts';
import type { Plan } from './plan.ts';
import { matchRows } from './match-rows.ts';
import type { RowGroupPlace, RowGroups } from './row-groups.ts';

export interface ScanInput {
  readonly places: readonly RowGroupPlace[];
  readonly plan: Plan;
}

/** Rows of one row group: at most plan.limit, the best in plan.order, best first. */
export interface ScannedRows {
  readonly rows: Uint32Array;
  /** ns from the start of the row group's base day. */
  readonly timesNs: Float64Array;
  /** Why the row group could not be read; it then has no rows. */
  readonly corruption?: string;
}

/** One result for each place. */
export function scan(input: ScanInput, rowGroups: Pick<RowGroups, 'open'>): ScannedRows[] {
  return input.places.map((place) => {
    try {
      return scanGroup(rowGroups.open(place), input.plan);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      return { rows: new Uint32Array(0), timesNs: new Float64Array(0), corruption: error.message };
    }
  });
}

function scanGroup(group: RowGroup, plan: Plan): ScannedRows {
  const rows = bestRows(group, matchRows(group, plan), plan);
  if (rows.length === 0) return { rows, timesNs: new Float64Array(0) };
  const times = group.timesNs();
  return { rows, timesNs: Float64Array.from(rows, (row) => times[row]!) };
}

/** Sorts rows by time and, for equal times, by row, and keeps the first plan.limit. */
function bestRows(group: RowGroup, matched: Uint32Array, { order, limit }: Plan): Uint32Array {
  if (matched.length === 0) return matched;
  sortByTime(matched, group.timesNs(), 0, matched.length);
  if (order === 'oldest') return matched.slice(0, limit);
  return matched.slice(Math.max(0, matched.length - limit)).toReversed();
}

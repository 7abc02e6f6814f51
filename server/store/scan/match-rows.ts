/**
 * The scan: which rows of a row group a plan asks for. One function, wherever the group lives. Filters that are cheap or
 * that exclude much come first, and columns are decoded only when a filter asks for them.
 */
import type { Labels } from '../../../shared/labels.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { instantOf, timeNsFrom } from '../../../shared/time.ts';
import type { Predicate } from './plan.ts';
import { hasMarks, markedIn } from './marks.ts';
import { WholeLineMatches } from './match-whole-lines.ts';
import { applyTextFilter } from './text-filter.ts';
import { applyValueFilter, labelVerdict } from './value-filter.ts';

/** Time range and streams of a row group: what can be known without opening it. */
export interface RowGroupBounds {
  readonly baseDay: number;
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  readonly streams: readonly Labels[];
}

/** False when no row can match. @param mayMatchStream  one for many row groups saves looks at the streams that they share */
export function mayMatch(bounds: RowGroupBounds, plan: Predicate, mayMatchStream = streamMatcher(plan)): boolean {
  return reachesInto(bounds, plan) && bounds.streams.some(mayMatchStream);
}

/** False when no row is in the time range. */
export function reachesInto({ baseDay, minTimeNs, maxTimeNs }: RowGroupBounds, { from, to }: Predicate): boolean {
  if (from !== undefined && instantOf(baseDay, maxTimeNs) < from) return false;
  return to === undefined || instantOf(baseDay, minTimeNs) < to;
}

/** Decides by its labels whether lines of a stream can match; each object is looked at once. */
export function streamMatcher({ values }: Predicate): (labels: Labels) => boolean {
  if (values.length === 0) return () => true;
  const known = new Map<Labels, boolean>();
  return (labels) => {
    let may = known.get(labels);
    if (may === undefined) {
      may = values.every((filter) => labelVerdict(filter, labels) !== 'fail');
      known.set(labels, may);
    }
    return may;
  };
}

/** Rows that match, in row order. */
export function matchRows(group: RowGroup, plan: Predicate): Uint32Array {
  const selected = matchMask(group, plan);
  if (selected !== 'all' && !hasMarks(selected)) return new Uint32Array(0);
  return selected === 'all' ? Uint32Array.from({ length: group.info.rowCount }, (_, row) => row) : markedIn(selected);
}

/** By row: 1 where it matches; or `all`, when that is known without a look at the rows. */
export function matchMask(group: RowGroup, plan: Predicate): Uint8Array | 'all' {
  const { rowCount } = group.info;
  if (!mayMatch(group.info, plan)) return new Uint8Array(rowCount);
  const { text, values } = plan;
  const timed = reachesOutside(group, plan);
  const wholeLines = new WholeLineMatches(group, values);
  let selected: Uint8Array | undefined;
  for (const filter of values) {
    selected = applyValueFilter(group, filter, wholeLines, selected);
    if (selected !== undefined && !hasMarks(selected)) return selected;
  }
  const isTexted = text.any.length > 0 || text.none.length > 0;
  if (selected === undefined && !timed && !isTexted) return 'all';
  selected ??= new Uint8Array(rowCount).fill(1);
  if (timed) selectTimes(group, plan, selected);
  if (isTexted) applyTextFilter(group, text, selected);
  return selected;
}

function reachesOutside(group: RowGroup, { from, to }: Predicate): boolean {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  const first = from === undefined ? -Infinity : timeNsFrom(baseDay, from);
  const end = to === undefined ? Infinity : timeNsFrom(baseDay, to);
  return minTimeNs < first || maxTimeNs >= end;
}

function selectTimes(group: RowGroup, { from, to }: Predicate, selected: Uint8Array): void {
  const { baseDay } = group.info;
  const first = from === undefined ? -Infinity : timeNsFrom(baseDay, from);
  const end = to === undefined ? Infinity : timeNsFrom(baseDay, to);
  const rows = markedIn(selected);
  const timesNs = group.timesAt(rows);
  for (let i = 0; i < rows.length; i++) {
    const timeNs = timesNs[i]!;
    if (timeNs < first || timeNs >= end) selected[rows[i]!] = 0;
  }
}

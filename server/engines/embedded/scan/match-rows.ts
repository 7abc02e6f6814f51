/**
 * The scan: which rows of a row group a plan asks for. One function, wherever the group lives. What can be told by times and
 * labels is told without opening it.
 */
import type { Labels } from '../../../../shared/labels.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../shared/time.ts';
import { decide, isEverything, type Predicate, type TimeRange } from '../../../store/predicate.ts';
import { evaluate } from './evaluate.ts';
import { hasMarks, markedIn, releaseMarks, takeDirtyMarks } from './marks.ts';
import { withinRegexpTime } from './regexps.ts';
import { judgeLabels } from './value-leaf.ts';

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
export function reachesInto({ baseDay, minTimeNs, maxTimeNs }: RowGroupBounds, { from, to }: TimeRange): boolean {
  if (from !== undefined && instantOf(baseDay, maxTimeNs) < from) return false;
  return to === undefined || instantOf(baseDay, minTimeNs) < to;
}

/** Decides by its labels whether lines of a stream can match; each object is looked at once. */
export function streamMatcher({ where }: Pick<Predicate, 'where'>): (labels: Labels) => boolean {
  if (isEverything(where)) return () => true;
  const known = new Map<Labels, boolean>();
  return (labels) => {
    let may = known.get(labels);
    if (may === undefined) {
      may = decide(where, (leaf) => judgeLabels(leaf, labels)) !== false;
      known.set(labels, may);
    }
    return may;
  };
}

/** Rows that match, in row order. */
export function matchRows(group: RowGroup, plan: Predicate): Uint32Array {
  const selected = matchMask(group, plan);
  if (selected === 'all') return Uint32Array.from({ length: group.info.rowCount }, (_, row) => row);
  return hasMarks(selected) ? markedIn(selected) : new Uint32Array(0);
}

/**
 * By row: 1 where it matches; or `all`, when that is known without a look at the rows. The marks are good until the thread
 * matches rows the next time.
 */
export function matchMask(group: RowGroup, plan: Predicate): Uint8Array | 'all' {
  releaseMarks(0);
  const marks = takeDirtyMarks(group.info.rowCount);
  const outcome = mayMatch(group.info, plan) ? withinRegexpTime(() => evaluate(group, plan, marks)) : 'none';
  releaseMarks(0);
  if (outcome === 'none') marks.fill(0);
  return outcome === 'all' ? 'all' : marks;
}

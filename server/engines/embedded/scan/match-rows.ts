/**
 * The scan: finds the rows of a row group that match a plan. One function, wherever the group lives. A row group that
 * its times or labels exclude is not opened.
 */
import type { Labels } from '../../../../shared/labels.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../shared/time.ts';
import { decide, isEverything, type Predicate, type TimeRange } from '../../../store/predicate.ts';
import { evaluate, evaluateWhere, reachesOutside } from './evaluate.ts';
import { isOfValues } from './mask-order.ts';
import { countMarked, markedIn, releaseMasks, takeDirtyMask } from './masks.ts';
import { withinRegexpTime } from './regexps.ts';
import { judgeLabels, type Outcome } from './value-leaf.ts';

/** Time range and streams of a row group: known without opening it. */
export interface RowGroupBounds {
  readonly baseDay: number;
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  readonly streams: readonly Labels[];
}

/**
 * Returns false when no row can match.
 * @param mayMatchStream  sharing one among row groups saves tests of the streams that they share
 */
export function mayMatch(bounds: RowGroupBounds, plan: Predicate, mayMatchStream = streamMatcher(plan)): boolean {
  return reachesInto(bounds, plan) && bounds.streams.some(mayMatchStream);
}

/** Returns false when no row is in the time range. */
export function reachesInto({ baseDay, minTimeNs, maxTimeNs }: RowGroupBounds, { from, to }: TimeRange): boolean {
  if (from !== undefined && instantOf(baseDay, maxTimeNs) < from) return false;
  return to === undefined || instantOf(baseDay, minTimeNs) < to;
}

/** Decides by its labels whether lines of a stream can match; each object is tested once. */
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

/** Returns the rows that match, in row order. */
export function matchRows(group: RowGroup, plan: Predicate): Uint32Array {
  const selected = matchMask(group, plan);
  return rowsIn(selected, selected === 'all' ? group.info.rowCount : countMarked(selected));
}

/** Returns the marked rows, ascending; of `all`, that many. */
export function rowsIn(mask: Uint8Array | 'all', count: number): Uint32Array {
  if (mask !== 'all') return markedIn(mask, count);
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

/**
 * By row: 1 where it matches; or `all`, when that is known without testing the rows. The mask is valid until the thread
 * matches rows the next time.
 */
export function matchMask(group: RowGroup, plan: Predicate): Uint8Array | 'all' {
  return evaluated(group, (mask) => (mayMatch(group.info, plan) ? evaluate(group, plan, mask) : 'none'));
}

/** Does the same in template order; undefined where it takes to know the rows. Mostly no code is read that says which they are. */
export function matchMaskInTemplateOrder(group: RowGroup, plan: Predicate): Uint8Array | 'all' | undefined {
  if (reachesOutside(group, plan) || !isOfValues(group, plan.where)) return undefined;
  return evaluated(group, (mask) => evaluateWhere(group, plan.where, 'templates', mask));
}

function evaluated({ info }: RowGroup, evaluateInto: (mask: Uint8Array) => Outcome): Uint8Array | 'all' {
  releaseMasks(0);
  const mask = takeDirtyMask(info.rowCount);
  const outcome = withinRegexpTime(() => evaluateInto(mask));
  releaseMasks(0);
  if (outcome === 'none') mask.fill(0);
  return outcome === 'all' ? 'all' : mask;
}

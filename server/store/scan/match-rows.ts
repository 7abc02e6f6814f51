/**
 * The scan: which rows of a row group a plan asks for. One function, wherever the group lives. Filters that are cheap or
 * that exclude much come first, and columns are decoded only when a filter asks for them.
 */
import type { Labels } from '../../../shared/labels.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { instantOf, timeNsFrom } from '../../../shared/time.ts';
import type { Plan } from './plan.ts';
import { applyTextFilter } from './text-filter.ts';
import { applyValueFilter, labelVerdict } from './value-filter.ts';

/** Time range and streams of a row group: what can be known without opening it. */
export interface RowGroupBounds {
  readonly baseDay: number;
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  readonly streams: readonly Labels[];
}

/** False when no row can match. */
export function mayMatch(bounds: RowGroupBounds, plan: Plan): boolean {
  const { baseDay, minTimeNs, maxTimeNs, streams } = bounds;
  if (plan.from !== undefined && instantOf(baseDay, maxTimeNs) < plan.from) return false;
  if (plan.to !== undefined && instantOf(baseDay, minTimeNs) >= plan.to) return false;
  return streams.some((labels) => plan.values.every((filter) => labelVerdict(filter, labels) !== 'fail'));
}

/** Rows that match, in row order. */
export function matchRows(group: RowGroup, plan: Plan): Uint32Array {
  const none = new Uint32Array(0);
  if (!mayMatch(group.info, plan)) return none;
  const selected = new Uint8Array(group.info.rowCount).fill(1);
  selectTimes(group, plan, selected);
  for (const filter of plan.values) {
    applyValueFilter(group, filter, selected);
    if (!selected.includes(1)) return none;
  }
  applyTextFilter(group, plan.text, selected);
  return rowsOf(selected);
}

function selectTimes(group: RowGroup, { from, to }: Plan, selected: Uint8Array): void {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  const first = from === undefined ? -Infinity : timeNsFrom(baseDay, from);
  const end = to === undefined ? Infinity : timeNsFrom(baseDay, to);
  if (first <= minTimeNs && maxTimeNs < end) return;
  const timesNs = group.timesNs();
  for (let row = 0; row < selected.length; row++) {
    const timeNs = timesNs[row]!;
    if (timeNs < first || timeNs >= end) selected[row] = 0;
  }
}

function rowsOf(selected: Uint8Array): Uint32Array {
  let count = 0;
  for (let row = 0; row < selected.length; row++) count += selected[row]!;
  const rows = new Uint32Array(count);
  for (let row = 0, at = 0; at < count; row++) if (selected[row] === 1) rows[at++] = row;
  return rows;
}

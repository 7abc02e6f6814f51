/**
 * Value filters on a row group: labels first, by stream; then, for streams that lack the label, fields, by column.
 * A field that stands in a line more than once matches when any of its values does.
 */
import { type Labels, labelOf } from '../../../shared/labels.ts';
import { ENCODING_INTEGER, KIND_TEXT } from '../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import type { ValueFilter, Verdict } from './plan.ts';
import { markedIn } from './marks.ts';
import { integersOf, matchColumn } from './match-column.ts';
import { forEachTextObject } from './text-objects.ts';

/** What the labels of a stream say about a filter. */
export function labelVerdict(filter: ValueFilter, labels: Labels): Verdict {
  const label = labelOf(labels, filter.name);
  if (label === undefined) return 'field';
  return passes(filter, Buffer.from(label)) ? 'pass' : 'fail';
}

/** Clears selected[row] for each row that the filter refuses. */
export function applyValueFilter(group: RowGroup, filter: ValueFilter, selected: Uint8Array): void {
  const verdicts = group.info.streams.map((labels) => labelVerdict(filter, labels));
  if (verdicts.every((verdict) => verdict === 'pass')) return;
  if (verdicts.every((verdict) => verdict === 'fail')) {
    selected.fill(0);
    return;
  }
  if (verdicts.every((verdict) => verdict === 'field')) {
    const passing = fieldMatches(group, filter);
    for (let row = 0; row < selected.length; row++) selected[row]! &= passing[row]!;
    return;
  }
  const passing = verdicts.includes('field') ? fieldMatches(group, filter) : selected;
  const streams = group.streamCodes();
  for (let row = 0; row < selected.length; row++) {
    const verdict = verdicts[streams[row]!]!;
    if (verdict === 'fail' || (verdict === 'field' && passing[row] === 0)) selected[row] = 0;
  }
}

/** By row: 1 where the fields of the line satisfy the filter. */
function fieldMatches(group: RowGroup, { name, any, none }: ValueFilter): Uint8Array {
  const rowCount = group.info.rowCount;
  const wanted = any.length === 0 ? undefined : matchingRows(group, name, any);
  const refused = none.length === 0 ? undefined : matchingRows(group, name, none);
  const result = wanted ?? new Uint8Array(rowCount).fill(1);
  if (refused !== undefined) for (let row = 0; row < rowCount; row++) if (refused[row] === 1) result[row] = 0;
  return result;
}

/** By row: 1 where a value of the field matches one of the patterns. */
function matchingRows(group: RowGroup, name: string, patterns: readonly Pattern[]): Uint8Array {
  const rows = new Uint8Array(group.info.rowCount);
  for (const [index, column] of group.columns.entries()) {
    if (column.slot.kind === KIND_TEXT) {
      forEachTextObject(group, index, name, (row, value) => {
        if (matchesAny(patterns, value)) rows[row] = 1;
      });
    } else if (column.slot.field === name) markRows(group, index, column, patterns, rows);
  }
  return rows;
}

function markRows(
  group: RowGroup,
  index: number,
  column: ColumnInfo,
  patterns: readonly Pattern[],
  rows: Uint8Array,
): void {
  const integers = column.chunk.encoding === ENCODING_INTEGER ? integersOf(patterns) : undefined;
  if (integers !== undefined) {
    const found: number[] = [];
    group.findIntegers(index, integers, (value) => found.push(value));
    // Several wanted numbers are looked for one after the other.
    if (integers.length > 1) found.sort((a, b) => a - b);
    for (const row of group.rowsOf(column, found)) rows[row] = 1;
    return;
  }
  const matched = matchColumn(group.values(index), column.slot.kind, patterns);
  if (matched === undefined) return;
  for (const row of group.rowsOf(column, markedIn(matched))) rows[row] = 1;
}

function passes({ any, none }: ValueFilter, value: Buffer): boolean {
  return (any.length === 0 || matchesAny(any, value)) && !matchesAny(none, value);
}

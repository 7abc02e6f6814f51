/**
 * Value filters on a row group: labels first, by stream; then, for streams that lack the label, fields, by column.
 * A field that stands in a line more than once matches when any of its values does.
 */
import { type Labels, labelOf } from '../../../shared/labels.ts';
import { ENCODING_INTEGER, ENCODING_UUID, KIND_STRING, KIND_TEXT } from '../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import type { ValueFilter, Verdict } from './plan.ts';
import { markedIn } from './marks.ts';
import { integersOf, matchColumn, uuidsOf } from './match-column.ts';
import { forEachTextObject } from './text-objects.ts';

/** What the labels of a stream say about a filter. */
export function labelVerdict(filter: ValueFilter, labels: Labels): Verdict {
  const label = labelOf(labels, filter.name);
  if (label === undefined) return filter.labelOnly === true ? 'fail' : 'field';
  return passes(filter, Buffer.from(label)) ? 'pass' : 'fail';
}

/**
 * Rows that were selected so far and satisfy the filter, by row. Owns what it returns and may change what it was given.
 * @param selected  undefined for all rows
 */
export function applyValueFilter(
  group: RowGroup,
  filter: ValueFilter,
  selected: Uint8Array | undefined,
): Uint8Array | undefined {
  const verdicts = group.info.streams.map((labels) => labelVerdict(filter, labels));
  if (verdicts.every((verdict) => verdict === 'pass')) return selected;
  const { rowCount } = group.info;
  if (verdicts.every((verdict) => verdict === 'fail')) return new Uint8Array(rowCount);
  const passing = verdicts.includes('field') ? fieldMatches(group, filter) : undefined;
  if (passing !== undefined && verdicts.every((verdict) => verdict === 'field')) {
    if (selected !== undefined) for (let row = 0; row < rowCount; row++) passing[row]! &= selected[row]!;
    return passing;
  }
  const streams = group.streamCodes();
  const result = selected ?? new Uint8Array(rowCount).fill(1);
  for (let row = 0; row < rowCount; row++) {
    const verdict = verdicts[streams[row]!]!;
    if (verdict === 'fail' || (verdict === 'field' && passing![row] === 0)) result[row] = 0;
  }
  return result;
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
  const found = findInPlace(group, index, column, patterns);
  if (found !== undefined) {
    for (const row of group.rowsOf(column, found)) rows[row] = 1;
    return;
  }
  const matched = matchColumn(group.values(index), column.slot.kind, patterns);
  if (matched === undefined) return;
  for (const row of group.rowsOf(column, markedIn(matched))) rows[row] = 1;
}

/** Indices of values that match, ascending; undefined where the column has to be decoded to find them. */
function findInPlace(
  group: RowGroup,
  index: number,
  { slot, chunk }: ColumnInfo,
  patterns: readonly Pattern[],
): number[] | undefined {
  const found: number[] = [];
  const onFound = (value: number): number => found.push(value);
  if (chunk.encoding === ENCODING_INTEGER) {
    const integers = integersOf(patterns);
    if (integers === undefined) return undefined;
    group.findIntegers(index, integers, onFound);
  } else if (chunk.encoding === ENCODING_UUID && slot.kind === KIND_STRING) {
    const uuids = uuidsOf(patterns);
    if (uuids === undefined) return undefined;
    group.findUuids(index, uuids, onFound);
  } else return undefined;
  // What is wanted is looked for one after the other.
  return patterns.length > 1 ? found.toSorted((a, b) => a - b) : found;
}

function passes({ any, none }: ValueFilter, value: Buffer): boolean {
  return (any.length === 0 || matchesAny(any, value)) && !matchesAny(none, value);
}

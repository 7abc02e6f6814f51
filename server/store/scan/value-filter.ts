/**
 * Value filters on a row group: labels first, by stream; then, for streams that lack the label, fields, by column.
 * Of a field that a line has more than once, the last counts; an array also matches when one of its elements does.
 */
import { type Labels, labelOf } from '../../../shared/labels.ts';
import { ENCODING_INTEGER, ENCODING_UUID, KIND_STRING } from '../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import type { ValueFilter, Verdict } from './plan.ts';
import { markedIn } from './marks.ts';
import { integersOf, matchColumn, matchesSome, uuidsOf } from './match-column.ts';
import type { Side, WholeLineMatches } from './match-whole-lines.ts';
import { answeringColumns, type AnsweringColumn, answersOf, patternsOf } from './name.ts';

/** What the labels of a stream say about a filter. */
export function labelVerdict(filter: ValueFilter, labels: Labels): Verdict {
  const label = labelOf(labels, filter.name);
  if (label === undefined) return filter.labelOnly === true ? 'fail' : 'field';
  return passes(filter, Buffer.from(label)) ? 'pass' : 'fail';
}

/**
 * Rows that were selected so far and satisfy the filter, by row. Owns what it returns and may change what it was given.
 * @param wholeLines  of the row group, under the filters of the plan that this one is of
 * @param selected  undefined for all rows
 */
export function applyValueFilter(
  group: RowGroup,
  filter: ValueFilter,
  wholeLines: WholeLineMatches,
  selected: Uint8Array | undefined,
): Uint8Array | undefined {
  const verdicts = group.info.streams.map((labels) => labelVerdict(filter, labels));
  if (verdicts.every((verdict) => verdict === 'pass')) return selected;
  const { rowCount } = group.info;
  if (verdicts.every((verdict) => verdict === 'fail')) return new Uint8Array(rowCount);
  const passing = verdicts.includes('field') ? fieldMatches(group, filter, wholeLines) : undefined;
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
function fieldMatches(group: RowGroup, filter: ValueFilter, wholeLines: WholeLineMatches): Uint8Array {
  const rowCount = group.info.rowCount;
  const wanted = filter.any.length === 0 ? undefined : matchingRows(group, filter, 'any', wholeLines);
  const refused = filter.none.length === 0 ? undefined : matchingRows(group, filter, 'none', wholeLines);
  const result = wanted ?? new Uint8Array(rowCount).fill(1);
  if (refused !== undefined) for (let row = 0; row < rowCount; row++) if (refused[row] === 1) result[row] = 0;
  return result;
}

/** By row: 1 where a value of the filter's name matches one of the patterns of one side. */
function matchingRows(group: RowGroup, filter: ValueFilter, side: Side, wholeLines: WholeLineMatches): Uint8Array {
  const rows = new Uint8Array(group.info.rowCount);
  const patterns = patternsOf(filter.name, filter[side]);
  const answers = answersOf(group, filter.name);
  for (const answering of answeringColumns(group, answers)) markRows(group, answering, patterns, rows);
  for (const [template, answer] of answers.entries()) {
    if (answer?.kind !== 'implied' || !matchesAny(patterns, answer.value)) continue;
    for (const row of group.rowsOfTemplate(template)) rows[row] = 1;
  }
  wholeLines.mark(filter, side, rows);
  return rows;
}

function markRows(
  group: RowGroup,
  { column: index, parts, path }: AnsweringColumn,
  patterns: readonly Pattern[],
  rows: Uint8Array,
): void {
  const column = group.columns[index]!;
  const matching = findInPlace(group, index, patterns) ?? findDecoded(group, index, patterns, path);
  const counting = parts.length === column.parts.length ? matching : inParts(column, parts, matching);
  for (const row of group.rowsOf(column, counting)) rows[row] = 1;
}

/** Those of some values, ascending, that lie in these parts of the column. */
function inParts(column: ColumnInfo, parts: ColumnInfo['parts'], values: Uint32Array): Uint32Array {
  const counting = new Set(parts);
  let at = 0;
  return values.filter((value) => {
    while ((column.parts[at + 1]?.firstValue ?? Infinity) <= value) at++;
    return counting.has(column.parts[at]!);
  });
}

/** Indices of values that match, ascending; undefined where the column has to be decoded to find them. */
function findInPlace(group: RowGroup, index: number, patterns: readonly Pattern[]): Uint32Array | undefined {
  const { slot, chunk } = group.columns[index]!;
  if (chunk.encoding === ENCODING_INTEGER) {
    const integers = integersOf(patterns);
    return integers && found(integers.length, (onFound) => group.findIntegers(index, integers, onFound));
  }
  if (chunk.encoding === ENCODING_UUID && slot.kind === KIND_STRING) {
    const uuids = uuidsOf(patterns);
    return uuids && found(uuids.length, (onFound) => group.findUuids(index, uuids, onFound));
  }
  return undefined;
}

/** What is found of so many values, which are looked for one after the other. */
function found(count: number, find: (onFound: (index: number) => void) => void): Uint32Array {
  const indices: number[] = [];
  find((index) => indices.push(index));
  const values = Uint32Array.from(indices);
  return count > 1 ? values.toSorted() : values;
}

/** The same by decoding the column, if the texts of its header do not show that none matches. */
function findDecoded(group: RowGroup, index: number, patterns: readonly Pattern[], path: string): Uint32Array {
  const { kind } = group.columns[index]!.slot;
  const texts = group.headerTexts(index);
  if (texts !== undefined && !matchesSome(texts, kind, patterns, path)) return new Uint32Array(0);
  const matched = matchColumn(group.values(index), kind, patterns, path);
  return matched === undefined ? new Uint32Array(0) : markedIn(matched);
}

function passes({ name, any, none }: ValueFilter, value: Buffer): boolean {
  return (any.length === 0 || matchesAny(patternsOf(name, any), value)) && !matchesAny(patternsOf(name, none), value);
}

/**
 * Masks over the rows of a row group, one after the other or in template order. Values of columns are in template order, and so
 * are what is counted by them: where only values decide, it is never found out which rows they are of.
 */
import { firstValueOf } from '../../../../shared/row-group/column.ts';
import { KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../../shared/row-group/header.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { leavesOf, type Leaf, type Where } from '../../../store/predicate.ts';
import { countMarked, markedIn } from './masks.ts';
import type { MatchedValues } from './match-column.ts';
import { type AnsweringColumn, labelNamesOf } from './name.ts';

export type MaskOrder = 'rows' | 'templates';

/** If fewer than one row in this many match, they are found one by one. */
const FEW_ROWS_FACTOR = 16;

/** Whether values alone decide: what is about lines, times, or streams that differ, needs to know the rows. */
export function isOfValues(group: RowGroup, where: Where): boolean {
  if (group.columns.some(({ slot }) => slot.kind === KIND_TEXT)) return false;
  const labels = labelNamesOf(group);
  return leavesOf(where).every((leaf) => isOfValue(leaf, labels));
}

function isOfValue(leaf: Leaf, labels: ReadonlySet<string>): boolean {
  if (leaf.kind === 'json') return true;
  if (leaf.kind !== 'value' || leaf.ofRun !== undefined) return false;
  return leaf.ofPattern === true || leaf.fieldOnly === true || (leaf.labelOnly !== true && !labels.has(leaf.name));
}

/** Marks all rows of some templates. @param wanted  by template: 1 for those */
export function markTemplates(group: RowGroup, wanted: Uint8Array, order: MaskOrder, mask: Uint8Array): void {
  if (order === 'templates') {
    const starts = startsOf(group);
    for (let t = 0; t < wanted.length; t++) if (wanted[t] === 1) mask.fill(1, starts[t], starts[t + 1]);
    return;
  }
  const codes = group.templateCodes();
  for (let row = 0; row < mask.length; row++) mask[row]! |= wanted[codes[row]!]!;
}

/** Marks the rows of a template. @param marks  by rank among them: 1 for those */
export function markRanks(
  group: RowGroup,
  template: number,
  marks: Uint8Array,
  order: MaskOrder,
  mask: Uint8Array,
): void {
  if (order === 'templates') {
    mask.set(marks, startsOf(group)[template]);
    return;
  }
  const rows = group.rowsOfTemplate(template);
  for (let i = 0; i < rows.length; i++) mask[rows[i]!]! |= marks[i]!;
}

/** Marks the rows of values that match. */
export function markValues(
  group: RowGroup,
  { column: index, parts }: AnsweringColumn,
  matched: Exclude<MatchedValues, 'none' | 'all'>,
  order: MaskOrder,
  mask: Uint8Array,
): void {
  const column = group.columns[index]!;
  const count = matched instanceof Uint8Array ? countMarked(matched) : matched.length;
  if (matched instanceof Uint8Array && (order === 'templates' || count * FEW_ROWS_FACTOR > mask.length)) {
    for (const { template } of parts) {
      const first = firstValueOf(column, template);
      const marks = matched.subarray(first, first + group.templateRowCounts[template]!);
      markRanks(group, template, marks, order, mask);
    }
    return;
  }
  const values = matched instanceof Uint8Array ? markedIn(matched, count) : matched;
  if (order === 'templates') {
    markPositions(group, parts, values, mask);
    return;
  }
  const counting = parts.length === column.parts.length ? values : inParts(column, parts, values);
  const rows = group.rowsOf(column, counting);
  for (let i = 0; i < rows.length; i++) mask[rows[i]!] = 1;
}

/** @param values  indices, ascending */
function markPositions(group: RowGroup, parts: ColumnInfo['parts'], values: Uint32Array, mask: Uint8Array): void {
  const starts = startsOf(group);
  let at = 0;
  for (const { template, firstValue } of parts) {
    const end = firstValue + group.templateRowCounts[template]!;
    while (at < values.length && values[at]! < firstValue) at++;
    for (; at < values.length && values[at]! < end; at++) mask[starts[template]! + values[at]! - firstValue] = 1;
  }
}

/** Returns where the rows of each template begin in template order, and where the last ones end. */
function startsOf({ templateRowCounts }: RowGroup): Int32Array {
  const starts = new Int32Array(templateRowCounts.length + 1);
  for (const [template, count] of templateRowCounts.entries()) starts[template + 1] = starts[template]! + count;
  return starts;
}

/** Returns those of some ascending values that lie in these parts of the column. */
function inParts(column: ColumnInfo, parts: ColumnInfo['parts'], values: Uint32Array): Uint32Array {
  const counting = new Set(parts);
  let at = 0;
  return values.filter((value) => {
    while ((column.parts[at + 1]?.firstValue ?? Infinity) <= value) at++;
    return counting.has(column.parts[at]!);
  });
}

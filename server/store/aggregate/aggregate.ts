/**
 * Aggregations on columns: rows that match are counted, and numbers of a field measured, by time bucket and by values of
 * labels and fields. No line is put together. This file does one row group; run.ts says which passes there are.
 */
import { hashBytes } from '../../../shared/row-group/byte-strings.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { hasMarks } from '../scan/marks.ts';
import { matchMask } from '../scan/match-rows.ts';
import type { Predicate } from '../predicate.ts';
import { type Bounds, counterOf, isMarked, type Marks } from './bounds.ts';
import { countCodes, groupCodes, type Rows, rowsOf } from './group-codes.ts';
import { GroupKey } from './group-key.ts';
import type { GroupTable } from './group-table.ts';
import type { Measures } from './measures.ts';
import { rowNumbers } from './row-numbers.ts';
import type { Dimension } from './value-codes.ts';

export interface AggregatePlan extends Predicate {
  /** Labels or fields. */
  readonly by: readonly string[];
  /** The field whose numbers are measured; rows without a number of it are counted only in `rows`. */
  readonly of: string | undefined;
  /** What is asked of these numbers besides count, sum and bounds: 0 to 1, ascending. */
  readonly quantiles: readonly number[];
  /** Width of a time bucket; undefined for one bucket over all time. */
  readonly stepNs: bigint | undefined;
  /** The answer has the groups of most rows; undefined for all, which must not be more than AGGREGATE_LIMIT_MAX. */
  readonly limit: number | undefined;
}

/** One group of the answer. */
export interface Cell {
  /** Buckets since 1970; 0 without a step. */
  readonly bucket: number;
  /** Values of plan.by; '' where a row has none. */
  readonly by: readonly string[];
  readonly rows: number;
  /** Of the numbers of plan.of. */
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** One for each of plan.quantiles, within ±0.5 %; none without numbers. */
  readonly quantiles: readonly number[];
}

/** The matching rows of a row group, and how many there are of each group. */
interface CountedRows {
  readonly rows: Rows;
  readonly dimension: Dimension;
  /** By code of the dimension. */
  readonly totals: Uint32Array;
}

/**
 * Adds the rows of a row group to a table.
 * @param marks  only groups that are marked
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function countGroup(group: RowGroup, plan: AggregatePlan, table: GroupTable, marks: Marks | undefined): void {
  const counted = countRows(group, plan);
  if (counted === undefined) return;
  forEachKey(counted, (code, key, hash) => {
    if (marks === undefined || isMarked(marks, hash))
      table.add(hash, key.bytes, key.start, key.end, counted.totals[code]!);
  });
}

/** Adds the rows of a row group to bounds. @throws CorruptionError; then nothing was added */
export function boundGroup(group: RowGroup, plan: AggregatePlan, bounds: Bounds): void {
  const counted = countRows(group, plan);
  if (counted === undefined) return;
  forEachKey(counted, (code, _, hash) => (bounds[counterOf(hash)]! += counted.totals[code]!));
}

/**
 * Adds the rows of a row group, and their numbers, to the groups that are in a table already.
 * @param marks  of all groups of the table
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function measureGroup(
  group: RowGroup,
  plan: AggregatePlan,
  table: GroupTable,
  marks: Marks,
  measures: Measures,
): void {
  const counted = countRows(group, plan);
  if (counted === undefined) return;
  const { rows, dimension, totals } = counted;
  const numbers = rowNumbers(group, plan.of!);
  const groups = new Int32Array(totals.length).fill(-1);
  forEachKey(counted, (code, key, hash) => {
    if (!isMarked(marks, hash)) return;
    const index = table.find(hash, key.bytes, key.start, key.end);
    groups[code] = index;
    if (index >= 0) table.addRows(index, totals[code]!);
  });
  let start = 0;
  for (const [template, part] of dimension.parts.entries()) {
    const end = start + rows.counts[template]!;
    const numbersPart = numbers[template];
    if (numbersPart !== undefined) {
      measures.add({ start, end, selected: rows.selected }, part, numbersPart, groups);
    }
    start = end;
  }
}

function countRows(group: RowGroup, plan: AggregatePlan): CountedRows | undefined {
  const mask = matchMask(group, plan);
  if (mask !== 'all' && !hasMarks(mask)) return undefined;
  const rows = rowsOf(group, mask);
  const dimension = groupCodes(group, plan.by, plan.stepNs, rows.counts);
  return { rows, dimension, totals: countCodes(dimension, rows) };
}

/** The key is overwritten from one call to the next. */
function forEachKey(
  { dimension, totals }: CountedRows,
  visit: (code: number, key: GroupKey, hash: number) => void,
): void {
  const key = new GroupKey();
  for (let code = 0; code < totals.length; code++) {
    if (totals[code] === 0) continue;
    key.clear();
    dimension.write(code, key);
    visit(code, key, hashBytes(key.bytes, key.start, key.end));
  }
}

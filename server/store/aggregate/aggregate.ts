/**
 * Aggregations on columns: rows that match are counted, and numbers of a field measured, by time bucket and by values of
 * labels and fields. No line is put together. This file does one row group; run.ts says which passes there are.
 */
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { hasMarks } from '../scan/marks.ts';
import { matchMask } from '../scan/match-rows.ts';
import type { Predicate } from '../predicate.ts';
import { type Bounds, counterOf, type Marks } from './bounds.ts';
import type { CountingMemory } from './counting-memory.ts';
import { countCodes, type GroupCodes, groupCodes } from './group-codes.ts';
import { groupsOf, hashesOf, markedCodes, usedIn } from './group-lookup.ts';
import type { GroupTable } from './group-table.ts';
import type { Measures } from './measures.ts';
import { type Rows, rowsOf, setGroups } from './row-counts.ts';
import { rowNumbers } from './row-numbers.ts';

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

/** How many values tell a group from others: that of its bucket, where there are steps, and one for each name. */
export function dimensionCount({ by, stepNs }: AggregatePlan): number {
  return by.length + (stepNs === undefined ? 0 : 1);
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

/** The matching rows of a row group, by code of what they are grouped by. */
export interface CountedRows {
  readonly rows: Rows;
  readonly codes: GroupCodes;
  /** By code. */
  readonly totals: Uint32Array;
  /** The codes that some rows have, ascending. */
  readonly used: Uint32Array;
}

/**
 * Adds the rows of a row group to a table.
 * @param marks  only groups that are marked
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function countGroup(
  group: RowGroup,
  plan: AggregatePlan,
  table: GroupTable,
  marks: Marks | undefined,
  memory: CountingMemory,
): void {
  const counted = countRows(group, plan, memory);
  if (counted === undefined) return;
  const { codes, totals } = counted;
  const used = marks === undefined ? counted.used : markedCodes(counted, marks, memory);
  const groups = groupsOf(codes, used, table, memory, true);
  addTotals(groups, used, totals, table.rows);
}

/** Adds the rows of a row group to bounds. @throws CorruptionError; then nothing was added */
export function boundGroup(group: RowGroup, plan: AggregatePlan, bounds: Bounds, memory: CountingMemory): void {
  const counted = countRows(group, plan, memory);
  if (counted === undefined) return;
  const { codes, totals, used } = counted;
  const hashes = hashesOf(codes, used, memory);
  for (let i = 0; i < used.length; i++) bounds[counterOf(hashes[i]!)]! += totals[used[i]!]!;
}

/**
 * Adds the rows of a row group, and their numbers, to the groups that are in a table already.
 * @throws QueryTooLargeError
 * @throws CorruptionError; then nothing was added
 */
export function measureGroup(
  group: RowGroup,
  plan: AggregatePlan,
  table: GroupTable,
  measures: Measures,
  memory: CountingMemory,
): void {
  const counted = countRows(group, plan, memory);
  if (counted === undefined) return;
  const { rows, codes, totals, used } = counted;
  const { parts } = codes;
  const numbers = rowNumbers(group, plan.of!);
  const found = groupsOf(codes, used, table, memory, false);
  addTotals(found, used, totals, table.rows);
  const groupOfCodes = memory.groups(totals.length);
  for (let i = 0; i < used.length; i++) groupOfCodes[used[i]!] = found[i]!;
  let start = 0;
  for (const [template, part] of parts.entries()) {
    const end = start + rows.counts[template]!;
    const numbersPart = numbers[template];
    if (numbersPart !== undefined) {
      const groups = memory.groupOfRows(end - start);
      setGroups(part, start, rows.selected, groupOfCodes, groups);
      measures.add(groups, numbersPart);
    }
    start = end;
  }
}

function countRows(group: RowGroup, plan: AggregatePlan, memory: CountingMemory): CountedRows | undefined {
  const mask = matchMask(group, plan);
  if (mask !== 'all' && !hasMarks(mask)) return undefined;
  const rows = rowsOf(group, mask, memory.selected(group.info.rowCount));
  const codes = groupCodes(group, plan.by, plan.stepNs, rows.counts, memory.lender());
  const totals = memory.totals(codes.size);
  countCodes(codes, rows, totals);
  return { rows, codes, totals, used: usedIn(totals, memory.used(codes.size)) };
}

/** Adds the rows of used codes to those of their groups; −1 is none. */
function addTotals(groups: Int32Array, used: Uint32Array, totals: Uint32Array, rows: Float64Array): void {
  for (let i = 0; i < used.length; i++) if (groups[i]! >= 0) rows[groups[i]!]! += totals[used[i]!]!;
}

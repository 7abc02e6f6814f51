/**
 * Aggregations on columns: rows that match are counted, and numbers of a field added up, by time bucket and by values of
 * labels and fields. One row group gives a table of cells; tables of many row groups are added up. No line is put
 * together.
 */
import { QueryTooLargeError } from '../../../shared/errors.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { instantOf, timeNsFrom } from '../../../shared/time.ts';
import { AGGREGATE_GROUPS_MAX } from '../../limits.ts';
import { matchMask } from '../scan/match-rows.ts';
import type { Predicate } from '../scan/plan.ts';
import { countByColumns, rowCodes, rowNumbers } from './row-values.ts';
import { addSketch, addToSketch, type Sketch } from './sketch.ts';

export interface AggregatePlan extends Predicate {
  /** Labels or fields. */
  readonly by: readonly string[];
  /** The field whose numbers are added up; rows without a number of it are counted only in `rows`. */
  readonly of: string | undefined;
  /** Width of a time bucket; undefined for one bucket over all time. */
  readonly stepNs: bigint | undefined;
}

/** One group of the answer. */
export interface Cell {
  /** Buckets since 1970; 0 without a step. */
  readonly bucket: number;
  /** Values of plan.by; '' where a row has none. */
  readonly by: readonly string[];
  rows: number;
  /** Of the numbers of plan.of. */
  count: number;
  sum: number;
  min: number;
  max: number;
  readonly sketch: Sketch;
}

/** Cells by what they are grouped by. */
export class AggregateTable {
  readonly #cells = new Map<string, Cell>();

  /** @throws QueryTooLargeError */
  cell(bucket: number, by: readonly string[]): Cell {
    const key = `${bucket} ${by.length === 1 ? by[0]! : JSON.stringify(by)}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      if (this.#cells.size === AGGREGATE_GROUPS_MAX) {
        throw new QueryTooLargeError(
          `more than ${AGGREGATE_GROUPS_MAX} groups: use a longer step, a shorter time range, or fields with fewer values`,
        );
      }
      cell = { bucket, by, rows: 0, count: 0, sum: 0, min: Infinity, max: -Infinity, sketch: new Map() };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  add(cells: readonly Cell[]): void {
    for (const from of cells) {
      const to = this.cell(from.bucket, from.by);
      to.rows += from.rows;
      to.count += from.count;
      to.sum += from.sum;
      to.min = Math.min(to.min, from.min);
      to.max = Math.max(to.max, from.max);
      addSketch(to.sketch, from.sketch);
    }
  }

  cells(): Cell[] {
    return [...this.#cells.values()];
  }
}

/** The cells of one row group. @throws QueryTooLargeError, CorruptionError */
export function aggregateGroup(group: RowGroup, plan: AggregatePlan): Cell[] {
  const mask = matchMask(group, plan);
  const table = new AggregateTable();
  const counted = mask === 'all' && isPlainCount(plan) ? countByColumns(group, plan.by[0]!) : undefined;
  if (counted !== undefined) for (const [value, rows] of counted) table.cell(0, [value]).rows = rows;
  else if (mask === 'all' || mask.includes(1)) aggregateRows(group, mask, plan, table);
  return table.cells();
}

function isPlainCount({ by, of, stepNs }: AggregatePlan): boolean {
  return by.length === 1 && of === undefined && stepNs === undefined;
}

function aggregateRows(group: RowGroup, mask: Uint8Array | 'all', plan: AggregatePlan, table: AggregateTable): void {
  const { rowCount } = group.info;
  const keys = groupKeys(group, plan);
  const numbers = plan.of === undefined ? undefined : rowNumbers(group, plan.of);
  const cells = new Map<number, Cell>();
  for (let row = 0; row < rowCount; row++) {
    if (mask !== 'all' && mask[row] === 0) continue;
    const key = keys.keyOf(row);
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = table.cell(keys.bucketOf(row), keys.valuesOf(row));
      cells.set(key, cell);
    }
    cell.rows++;
    const number = numbers?.[row] ?? NaN;
    if (!Number.isNaN(number)) addNumber(cell, number);
  }
}

function addNumber(cell: Cell, number: number): void {
  cell.count++;
  cell.sum += number;
  if (number < cell.min) cell.min = number;
  if (number > cell.max) cell.max = number;
  addToSketch(cell.sketch, number);
}

interface GroupKeys {
  /** The same number for rows of the same cell. */
  keyOf(row: number): number;
  bucketOf(row: number): number;
  valuesOf(row: number): string[];
}

function groupKeys(group: RowGroup, { by, stepNs }: AggregatePlan): GroupKeys {
  const columns = by.map((name) => rowCodes(group, name));
  const bucketOf = stepNs === undefined ? (): number => 0 : bucketReader(group, stepNs);
  const firstBucket = bucketOf(0);
  const combined = columns.map(() => new PairNumbers());
  return {
    bucketOf,
    keyOf: (row) => {
      let key = bucketOf(row) - firstBucket;
      for (let c = 0; c < columns.length; c++) key = combined[c]!.of(key, columns[c]!.codes[row]!);
      return key;
    },
    valuesOf: (row) => columns.map(({ codes, values }) => values[codes[row]!]!),
  };
}

/** Numbers pairs of whole numbers, so that keys of many parts stay small. */
class PairNumbers {
  readonly #numbers = new Map<number, number>();

  of(left: number, right: number): number {
    // Codes are below 2^20, the rows of a group; what stands left is one of at most as many pairs, or a bucket.
    const pair = left * 2 ** 20 + right;
    let number = this.#numbers.get(pair);
    if (number === undefined) this.#numbers.set(pair, (number = this.#numbers.size));
    return number;
  }
}

/** Buckets are counted from 1970, so that those of all row groups are the same. */
function bucketReader(group: RowGroup, stepNs: bigint): (row: number) => number {
  const { baseDay, minTimeNs } = group.info;
  const first = instantOf(baseDay, minTimeNs) / stepNs;
  const startNs = timeNsFrom(baseDay, first * stepNs);
  const firstBucket = Number(first);
  const step = Number(stepNs);
  const timesNs = group.timesNs();
  return (row) => firstBucket + Math.floor((timesNs[row]! - startNs) / step);
}

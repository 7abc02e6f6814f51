/** Cells of a heat map: columns of time, rows of latency on a logarithmic scale. */
import type { AggregateGroup, NumberBucket } from '../../shared/client/answers.ts';

/** A range of time in steps. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

export interface HeatCell {
  readonly column: number;
  /** From the slowest, 0, downwards. */
  readonly row: number;
  readonly requests: number;
  readonly failed: number;
  /** 1 to STRENGTHS, by the number of requests. */
  readonly strength: number;
}

export interface HeatRow {
  readonly from: number;
  readonly to: number;
}

export interface Heat {
  readonly cells: readonly HeatCell[];
  readonly rows: readonly HeatRow[];
  readonly columns: number;
}

export const STRENGTHS = 6;
const BUCKETS_PER_DECADE = 10;
const ROWS_MAX = 30;

export type HeatGroup = AggregateGroup<Readonly<Record<string, NumberBucket | null>>>;

/** @param name  of the buckets in `by` */
export function heatOf(groups: readonly HeatGroup[], name: string, { fromMs, toMs, stepMs }: Span): Heat {
  const first = Math.floor(fromMs / stepMs);
  const columns = Math.max(1, Math.ceil(toMs / stepMs) - first);
  const found = groups.flatMap((group) => {
    const bucket = group.by[name];
    const column = Math.floor(Date.parse(group.time!) / stepMs) - first;
    if (bucket === undefined || bucket === null || bucket.from <= 0 || column < 0 || column >= columns) return [];
    return [{ index: indexOf(bucket), bucket, column, requests: group.rows, failed: group.where?.['failed'] ?? 0 }];
  });
  if (found.length === 0) return { cells: [], rows: [], columns };
  const [low, high] = [Math.min(...found.map(({ index }) => index)), Math.max(...found.map(({ index }) => index))];
  // A wide range has rows of several buckets.
  const perRow = Math.ceil((high - low + 1) / ROWS_MAX);
  const rowCount = Math.ceil((high - low + 1) / perRow);
  const rows = Array.from({ length: rowCount }, (_, row) => {
    const at = low + (rowCount - 1 - row) * perRow;
    return { from: edgeOf(at), to: edgeOf(at + perRow) };
  });
  const sums = new Map<string, { column: number; row: number; requests: number; failed: number }>();
  for (const { index, column, requests, failed } of found) {
    const row = rowCount - 1 - Math.floor((index - low) / perRow);
    const key = `${column} ${row}`;
    const sum = sums.get(key) ?? { column, row, requests: 0, failed: 0 };
    sums.set(key, { ...sum, requests: sum.requests + requests, failed: sum.failed + failed });
  }
  const most = Math.max(...[...sums.values()].map(({ requests }) => requests));
  return {
    cells: [...sums.values()].map((sum) => ({ ...sum, strength: strengthOf(sum.requests, most) })),
    rows,
    columns,
  };
}

/** On a logarithmic scale, as most cells have few. */
function strengthOf(requests: number, most: number): number {
  return most <= 1 ? STRENGTHS : 1 + Math.round((STRENGTHS - 1) * (Math.log(requests) / Math.log(most)));
}

/** Edges are preferred numbers, which are not quite evenly spaced: 1, 1.25, 1.6, 2, … */
const EDGES = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8];

function indexOf({ from }: NumberBucket): number {
  return Math.round(Math.log10(from) * BUCKETS_PER_DECADE);
}

function edgeOf(index: number): number {
  const exponent = Math.floor(index / BUCKETS_PER_DECADE);
  return Number(`${EDGES[index - exponent * BUCKETS_PER_DECADE]}e${exponent}`);
}

/** Where a value is, from 0 at the top to the number of rows; undefined outside. */
export function heightOf(value: number, rows: readonly HeatRow[]): number | undefined {
  const [top, bottom] = [rows[0], rows.at(-1)];
  if (top === undefined || bottom === undefined || value < bottom.from || value > top.to) return undefined;
  const share = (Math.log(top.to) - Math.log(value)) / (Math.log(top.to) - Math.log(bottom.from));
  return share * rows.length;
}

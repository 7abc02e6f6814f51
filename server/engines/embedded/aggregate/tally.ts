/**
 * The partial aggregate of an aggregation. It goes with each task to a worker and comes back, transferred, not copied;
 * at the end of a pass a worker merges those of all partitions.
 */
import { floorDivided } from '../../../../shared/time.ts';
import { AGGREGATE_LIMIT_MAX, AGGREGATE_TABLE_BYTES_MAX, WINDOW_GROUPS_MAX } from '../../../limits.ts';
import { addBounds, addTableToBounds, type Bounds, likelyLeast, newBounds } from './bounds.ts';
import { recycle } from './array-pool.ts';
import { GroupTable, type GroupTableState, tooManyGroups } from './group-table.ts';
import { nthLargest } from './nth-largest.ts';
import { type MeasureState, openMeasures } from './measures.ts';
import type { OpenMeasure } from './open-measure.ts';
import {
  type AggregatePlan,
  type Cell,
  dimensionCount,
  type Measure,
  type OrderBy,
} from '../../../store/aggregate-plan.ts';

export type Tally =
  /** Groups and their measures; no measures if there are too many groups for that. */
  | { readonly kind: 'groups'; readonly groups: GroupTableState; readonly measures: readonly MeasureState[] }
  /** There were too many groups to hold. */
  | { readonly kind: 'bounds'; readonly bounds: Bounds };

export interface GatherInput {
  readonly tallies: readonly Tally[];
  readonly plan: AggregatePlan;
  /** If all groups together are too many to hold, upper bounds suffice. */
  readonly canBound: boolean;
  /** What was measured. */
  readonly measures: readonly Measure[];
  /** Order of the groups; by default, by their rows. */
  readonly orderBy: OrderBy | undefined;
}

export type GatherOutput =
  | {
      readonly kind: 'cells';
      /** Sorted. */
      readonly cells: readonly Cell[];
      /** Number of merged groups. */
      readonly groupCount: number;
      /** Whether the requested measures were taken, in all partitions. */
      readonly areMeasured: boolean;
      /** The groups of the cells, without rows, to be measured. */
      readonly groups: GroupTableState;
    }
  /** @see likelyLeast */
  | { readonly kind: 'bounds'; readonly bounds: Bounds; readonly least: number };

/** Memory of a partial aggregate, to be transferred. */
export function buffersOf(tally: Tally): ArrayBuffer[] {
  return arrayBuffersIn(tally);
}

function arrayBuffersIn(state: object): ArrayBuffer[] {
  return Object.values(state).flatMap((each: unknown) => {
    if (ArrayBuffer.isView(each)) return [each.buffer as ArrayBuffer];
    return typeof each === 'object' && each !== null ? arrayBuffersIn(each) : [];
  });
}

export function bytesOf(tally: Tally | undefined): number {
  return tally === undefined ? 0 : buffersOf(tally).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/**
 * The task of a worker thread for `gather`. The partial aggregates must not be used any more.
 * @throws QueryTooLargeError
 */
export function gatherTask(input: GatherInput): GatherOutput {
  const output = gather(input);
  // A table that grew has recycled its smaller arrays already, so a buffer of an input may belong to the output now.
  const held = arrayBuffersIn(output.kind === 'cells' ? output.groups : output.bounds);
  for (const tally of input.tallies) {
    for (const buffer of buffersOf(tally)) if (!held.includes(buffer)) recycle(buffer);
  }
  return output;
}

function gather(input: GatherInput): GatherOutput {
  const { tallies, plan, canBound } = input;
  const tables = tallies.flatMap((tally) => (tally.kind === 'groups' ? [new GroupTable(tally.groups)] : []));
  const usedBytes = tables.reduce((sum, table) => sum + table.usedBytes, 0);
  const areHeld = tables.length === tallies.length && !(canBound && usedBytes > AGGREGATE_TABLE_BYTES_MAX);
  if (areHeld) return gatherGroups(input);
  const bounds = newBounds();
  for (const tally of tallies) {
    if (tally.kind === 'bounds') addBounds(bounds, tally.bounds);
    else addTableToBounds(bounds, new GroupTable(tally.groups));
  }
  return { kind: 'bounds', bounds, least: likelyLeast(bounds, plan.limit!) };
}

function gatherGroups(input: GatherInput): GatherOutput {
  const { plan, orderBy } = input;
  const areMeasured = input.tallies.every(
    (tally) => tally.kind === 'groups' && tally.measures.length === input.measures.length,
  );
  const gathered = merged(areMeasured ? input : { ...input, measures: [] });
  const { table, measures } = (plan.windowSteps ?? 1) > 1 ? windowed(gathered, input) : gathered;
  if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
  const ranks = orderBy === undefined ? table.rows : measures[orderBy.measure]!.ranks(orderBy.by, table.count);
  const chosen = firstGroups(table, ranks, plan.limit ?? AGGREGATE_LIMIT_MAX);
  const groups = new GroupTable(dimensionCount(plan));
  for (const group of chosen) groups.addFrom(table, group);
  const cells = cellsOf(chosen, table, measures, plan);
  for (const buffer of arrayBuffersIn(gathered.table.state())) recycle(buffer);
  return { kind: 'cells', cells, groupCount: table.count, areMeasured, groups: groups.state() };
}

interface MeasuredGroups {
  readonly table: GroupTable;
  readonly measures: readonly OpenMeasure<MeasureState>[];
}

function merged({ tallies, plan, measures: asked }: GatherInput): MeasuredGroups {
  let gathered: MeasuredGroups | undefined;
  for (const tally of tallies) {
    if (tally.kind === 'bounds') continue;
    if (gathered === undefined) {
      gathered = { table: new GroupTable(tally.groups), measures: openMeasures(asked, tally.measures) };
      continue;
    }
    const { table, measures } = gathered;
    const moved = table.addTable(tally.groups);
    for (const [i, measure] of measures.entries()) measure.addAll(tally.measures[i]!, moved, table.count);
  }
  return gathered ?? { table: new GroupTable(dimensionCount(plan)), measures: openMeasures(asked) };
}

/** Makes groups of windows: a step's rows are in the windows that end with it, or up to this many steps later. */
function windowed({ table, measures }: MeasuredGroups, { plan, measures: asked }: GatherInput): MeasuredGroups {
  const { to, stepNs, offsetNs = 0n, windowSteps = 1 } = plan;
  if (table.count * windowSteps > WINDOW_GROUPS_MAX) throw tooManyGroups(Math.floor(WINDOW_GROUPS_MAX / windowSteps));
  const windows = { table: new GroupTable(dimensionCount(plan)), measures: openMeasures(asked) };
  const { rows } = table;
  const buckets = Float64Array.from({ length: table.count }, (_, group) => Number(table.valuesOf(group)[0]));
  const lastBucket =
    to === undefined
      ? buckets.reduce((last, bucket) => Math.max(last, bucket), -Infinity)
      : Number(floorDivided(to - 1n - offsetNs, stepNs!));
  for (let later = 0; later < windowSteps; later++) {
    const moved = new Int32Array(table.count).fill(-1);
    for (const [group, bucket] of buckets.entries()) {
      if (bucket + later > lastBucket) continue;
      moved[group] = windows.table.addFrom(table, group, bucket + later);
      windows.table.addRows(moved[group], rows[group]!);
    }
    for (const [i, measure] of measures.entries()) {
      windows.measures[i]!.addAll(measure.state(), moved, windows.table.count);
    }
  }
  return windows;
}

/** Returns the groups of the largest ranks. The choice among equals does not depend on which worker was faster. */
function firstGroups(table: GroupTable, ranks: Float64Array, limit: number): number[] {
  const { rows } = table;
  const least = limit < ranks.length ? nthLargest(ranks, limit) : -Infinity;
  const larger: number[] = [];
  const equal: number[] = [];
  for (let group = 0; group < ranks.length; group++) {
    if (rows[group] === 0) continue;
    if (ranks[group]! > least) larger.push(group);
    else if (ranks[group] === least) equal.push(group);
  }
  const room = limit - larger.length;
  const equalHashes = Uint32Array.from(equal, (group) => table.hash(group)).toSorted();
  const hashMax = room < equal.length ? equalHashes[room - 1]! : Infinity;
  return [...larger, ...equal.filter((group) => table.hash(group) <= hashMax)]
    .toSorted((a, b) => ranks[b]! - ranks[a]! || table.hash(a) - table.hash(b))
    .slice(0, limit);
}

function cellsOf(
  chosen: readonly number[],
  table: GroupTable,
  measures: readonly OpenMeasure<MeasureState>[],
  { stepNs }: AggregatePlan,
): Cell[] {
  const measured = measures.map((measure) => measure.measured(chosen, table.count));
  const { rows } = table;
  return chosen.map((group, i) => {
    const values = table.valuesOf(group).map((bytes) => bytes.toString());
    const bucket = stepNs === undefined ? 0 : Number(values.shift());
    return { bucket, by: values, rows: rows[group]!, measures: measured.map((each) => each[i]!) };
  });
}

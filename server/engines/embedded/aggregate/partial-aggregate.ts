/**
 * The partial aggregate of an aggregation. It goes with each task to a worker and comes back, transferred, not copied;
 * at the end of a pass a worker merges those of all partitions.
 */
import { floorDivided } from '../../../../shared/time.ts';
import { AGGREGATE_TABLE_BYTES_MAX, WINDOW_GROUPS_MAX } from '../../../limits.ts';
import {
  addUpperBounds,
  addTableToUpperBounds,
  type UpperBounds,
  likelyRowsMin,
  newUpperBounds,
} from './upper-bounds.ts';
import { countMarked } from '../scan/masks.ts';
import { compares } from '../scan/value-match.ts';
import { nthLargest } from '../scan/nth-largest.ts';
import { free, recycle } from './array-pool.ts';
import { assertGroups, GroupTable, type GroupTableState, tooManyGroups, usedBytesOf } from './group-table.ts';
import { type MeasureState, openMeasures } from './measures.ts';
import type { OpenMeasure } from './open-measure.ts';
import {
  type AggregatePlan,
  type Cell,
  dimensionCount,
  type Having,
  isWindowed,
  type Measure,
  type OrderBy,
} from '../../../store/aggregate-plan.ts';

export type PartialAggregate =
  /** Groups and their measures, without those that only few groups have. */
  | { readonly kind: 'groups'; readonly groups: GroupTableState; readonly measures: readonly MeasureState[] }
  /** There were too many groups to hold. */
  | { readonly kind: 'upper-bounds'; readonly upperBounds: UpperBounds };

export interface MergeInput {
  readonly partials: readonly PartialAggregate[];
  readonly plan: AggregatePlan;
  /** If all groups together are too many to hold, upper bounds suffice. */
  readonly canBound: boolean;
  /** What was measured. */
  readonly measures: readonly Measure[];
  /** What was measured besides where there are few groups. */
  readonly whileFew: readonly Measure[];
  /** Order of the groups; by default, by their rows. */
  readonly orderBy: OrderBy | undefined;
  /** Groups that do not satisfy these are left out. */
  readonly having: readonly Having[];
}

export type MergeOutput =
  | {
      readonly kind: 'cells';
      /** Sorted. */
      readonly cells: readonly Cell[];
      /** Number of merged groups. */
      readonly groupCount: number;
      /** Whether all measures were taken, in all partitions; else the cells have those of any number of groups. */
      readonly areMeasured: boolean;
      /** The groups of the cells, without rows, to be measured; none where the plan measures nothing. */
      readonly groups: GroupTableState;
    }
  /** @see likelyRowsMin */
  | { readonly kind: 'upper-bounds'; readonly upperBounds: UpperBounds; readonly rowsMin: number };

/** Memory of a partial aggregate, to be transferred. */
export function buffersOf(partial: PartialAggregate): ArrayBuffer[] {
  return arrayBuffersIn(partial);
}

function arrayBuffersIn(state: object): ArrayBuffer[] {
  return Object.values(state).flatMap((each: unknown) => {
    if (ArrayBuffer.isView(each)) return [each.buffer as ArrayBuffer];
    return typeof each === 'object' && each !== null ? arrayBuffersIn(each) : [];
  });
}

export function bytesOf(partial: PartialAggregate | undefined): number {
  return partial === undefined ? 0 : buffersOf(partial).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/**
 * The task of a worker thread for `merge`. The partial aggregates must not be used any more.
 * @throws QueryTooLargeError
 */
export function mergeTask(input: MergeInput): MergeOutput {
  const output = merge(input);
  // A table that grew has recycled its smaller arrays already, so a buffer of an input may belong to the output now.
  const held = arrayBuffersIn(output.kind === 'cells' ? output.groups : output.upperBounds);
  for (const partial of input.partials) {
    for (const buffer of buffersOf(partial)) if (!held.includes(buffer)) free(buffer);
  }
  return output;
}

function merge(input: MergeInput): MergeOutput {
  const { partials, plan, canBound } = input;
  const ofGroups = partials.filter((partial) => partial.kind === 'groups');
  const usedBytes = ofGroups.reduce((sum, { groups }) => sum + usedBytesOf(groups), 0);
  const areHeld = ofGroups.length === partials.length && !(canBound && usedBytes > AGGREGATE_TABLE_BYTES_MAX);
  if (areHeld) return mergeGroups(input);
  const upperBounds = newUpperBounds();
  for (const partial of partials) {
    if (partial.kind === 'upper-bounds') addUpperBounds(upperBounds, partial.upperBounds);
    else addTableToUpperBounds(upperBounds, new GroupTable(partial.groups));
  }
  return { kind: 'upper-bounds', upperBounds, rowsMin: likelyRowsMin(upperBounds, plan.limit!) };
}

function mergeGroups(input: MergeInput): MergeOutput {
  const { plan, orderBy, having, partials } = input;
  const all = [...input.measures, ...input.whileFew];
  const areMeasured = partials.every((partial) => partial.kind === 'groups' && partial.measures.length === all.length);
  const merged = mergeTables(areMeasured ? { ...input, measures: all } : input);
  const { table, measures } = isWindowed(plan) ? windowed(merged, input) : merged;
  const left = groupsHaving(having, table, measures);
  const groupCount = left === undefined ? table.count + merged.leftOut : countMarked(left);
  assertGroups(plan, groupCount);
  const ranks = orderBy === undefined ? table.rows : measures[orderBy.measure]!.ranks(orderBy.by, table.count);
  const chosen = firstGroups(table, ranks, left, plan.limit ?? groupCount);
  const groups = new GroupTable(dimensionCount(plan));
  const chosenFrom = table.state();
  // They are measured in the next pass, if anything is.
  if (plan.measures.length > 0) for (const group of chosen) groups.addFrom(chosenFrom, group);
  const cells = cellsOf(chosen, table, measures, plan);
  for (const buffer of arrayBuffersIn(merged.table.state())) recycle(buffer);
  return { kind: 'cells', cells, groupCount, areMeasured, groups: groups.state() };
}

interface MeasuredGroups {
  readonly table: GroupTable;
  readonly measures: readonly OpenMeasure<MeasureState>[];
  /** Number of groups that are not in the table, because they have too few rows to be in the answer. */
  readonly leftOut: number;
}

function mergeTables({ partials, plan, measures: asked, having }: MergeInput): MeasuredGroups {
  const ofGroups = partials
    .filter((partial) => partial.kind === 'groups')
    .toSorted((a, b) => b.groups.count - a.groups.count);
  const [first, ...others] = ofGroups;
  if (first === undefined) {
    return { table: new GroupTable(dimensionCount(plan)), measures: openMeasures(asked), leftOut: 0 };
  }
  const table = new GroupTable(first.groups);
  const measures = openMeasures(asked, first.measures);
  // Steps of overlapping windows are all needed, and so are groups that are compared.
  const isOnlyCounted = asked.length === 0 && having.length === 0 && !isWindowed(plan);
  let leftOut = 0;
  for (const [i, partial] of others.entries()) {
    if (isOnlyCounted && i === others.length - 1) leftOut = addLargest(table, partial.groups, plan.limit);
    else {
      const moved = table.addTable(partial.groups);
      for (const [m, measure] of measures.entries()) measure.addAll(partial.measures[m]!, moved, table.count);
    }
  }
  return { table, measures, leftOut };
}

/** With more missing groups that may be in the answer, a table is added as a whole. */
const ADDED_ONE_BY_ONE_MAX = 4096;

/**
 * Adds the rows of another table. A group that is only there is added if it may be among the largest: finding the others
 * takes half the time of adding them, for which the table would have to grow.
 * @returns the number of groups that were left out
 */
function addLargest(table: GroupTable, state: GroupTableState, limit = Infinity): number {
  // The bound holds for the sums, too: they are no smaller.
  const least = limit < table.count ? nthLargest(table.rows, limit) : 0;
  const found = table.findTable(state);
  const missing: number[] = [];
  let leftOut = 0;
  for (let group = 0; group < found.length; group++) {
    if (found[group]! >= 0) continue;
    if (state.rows[group]! < least) leftOut++;
    else missing.push(group);
  }
  if (missing.length > ADDED_ONE_BY_ONE_MAX) {
    table.addTable(state);
    return 0;
  }
  for (let group = 0; group < found.length; group++) {
    if (found[group]! >= 0) table.addRows(found[group]!, state.rows[group]!);
  }
  for (const group of missing) table.addRows(table.addFrom(state, group), state.rows[group]!);
  return leftOut;
}

/** Makes groups of windows: a step's rows are in those windows that end with it, or up to so many steps later. */
function windowed({ table, measures }: MeasuredGroups, { plan, measures: asked }: MergeInput): MeasuredGroups {
  const { to, stepNs, offsetNs = 0n, windowSteps = 1, windowEvery = 1 } = plan;
  if (table.count * windowSteps > WINDOW_GROUPS_MAX) throw tooManyGroups(Math.floor(WINDOW_GROUPS_MAX / windowSteps));
  const windows = { table: new GroupTable(dimensionCount(plan)), measures: openMeasures(asked), leftOut: 0 };
  const { rows } = table;
  const buckets = Float64Array.from({ length: table.count }, (_, group) => Number(table.valuesOf(group)[0]));
  const steps = table.state();
  const states = measures.map((measure) => measure.state());
  const lastBucket =
    to === undefined
      ? buckets.reduce((last, bucket) => Math.max(last, bucket), -Infinity)
      : Number(floorDivided(to - 1n - offsetNs, stepNs!));
  for (let later = 0; later < windowSteps; later++) {
    const moved = new Int32Array(table.count).fill(-1);
    for (const [group, bucket] of buckets.entries()) {
      const stepsLeft = lastBucket - bucket - later;
      if (stepsLeft < 0 || stepsLeft % windowEvery !== 0) continue;
      moved[group] = windows.table.addFrom(steps, group, bucket + later);
      windows.table.addRows(moved[group], rows[group]!);
    }
    for (const [i, state] of states.entries()) {
      windows.measures[i]!.addAll(state, moved, windows.table.count);
    }
  }
  return windows;
}

/** By group: 1 where it satisfies all of these. Undefined where there are none. */
function groupsHaving(
  having: readonly Having[],
  table: GroupTable,
  measures: readonly OpenMeasure<MeasureState>[],
): Uint8Array | undefined {
  if (having.length === 0) return undefined;
  const satisfies = new Uint8Array(table.count).fill(1);
  const { rows } = table;
  for (const { ranked, operator, bound } of having) {
    const values = ranked === undefined ? rows : measures[ranked.measure]!.ranks(ranked.by, table.count);
    for (let group = 0; group < satisfies.length; group++) {
      const value = values[group]!;
      // Groups without a number rank below all others.
      if (rows[group] === 0 || value === -Infinity || !compares(value, operator, bound)) satisfies[group] = 0;
    }
  }
  return satisfies;
}

/**
 * Returns the groups of the largest ranks.
 * @param among  by group: 1 where it may be one of them; undefined for all
 */
function firstGroups(table: GroupTable, ranks: Float64Array, among: Uint8Array | undefined, limit: number): number[] {
  const { rows } = table;
  const isIn = (group: number): boolean => rows[group] !== 0 && among?.[group] !== 0;
  const own = among === undefined ? ranks : ranks.map((rank, group) => (isIn(group) ? rank : -Infinity));
  return largestGroups(table, own, isIn, limit);
}

/** The choice among equals does not depend on which worker was faster. */
function largestGroups(
  table: GroupTable,
  ranks: Float64Array,
  isIn: (group: number) => boolean,
  limit: number,
): number[] {
  const least = limit < ranks.length ? nthLargest(ranks, limit) : -Infinity;
  const larger: number[] = [];
  const equal: number[] = [];
  for (let group = 0; group < ranks.length; group++) {
    if (!isIn(group)) continue;
    if (ranks[group]! > least) larger.push(group);
    else if (ranks[group] === least) equal.push(group);
  }
  const room = limit - larger.length;
  const hashes = hashesOf(table, equal);
  const hashMax = room < equal.length ? hashes.toSorted()[room - 1]! : Infinity;
  const chosen = [...larger, ...equal.filter((_, i) => hashes[i]! <= hashMax)];
  const hashOf = hashesOf(table, chosen);
  return Array.from(chosen.keys())
    .toSorted((a, b) => ranks[chosen[b]!]! - ranks[chosen[a]!]! || (hashOf[a]! < hashOf[b]! ? -1 : 1))
    .slice(0, limit)
    .map((index) => chosen[index]!);
}

function hashesOf(table: GroupTable, groups: readonly number[]): Uint32Array {
  const hashes = new Uint32Array(groups.length);
  for (let i = 0; i < hashes.length; i++) hashes[i] = table.hash(groups[i]!);
  return hashes;
}

function cellsOf(
  chosen: readonly number[],
  table: GroupTable,
  measures: readonly OpenMeasure<MeasureState>[],
  { stepNs }: AggregatePlan,
): Cell[] {
  const measured = measures.map((measure) => measure.measured(chosen, table.count));
  const { rows } = table;
  const texts = table.textsOf(chosen);
  return chosen.map((group, i) => {
    const values = texts[i]!;
    const bucket = stepNs === undefined ? 0 : Number(values.shift());
    return { bucket, by: values, rows: rows[group]!, measures: measured.map((each) => each[i]!) };
  });
}

/**
 * What an aggregation knows so far. It goes with each task to a worker and comes back, handed over, not copied; at the
 * end of a pass a worker gathers those of all lanes.
 */
import { AGGREGATE_LIMIT_MAX, AGGREGATE_TABLE_BYTES_MAX } from '../../limits.ts';
import { type AggregatePlan, type Cell, dimensionCount } from './aggregate.ts';
import { addBounds, addTableToBounds, type Bounds, likelyLeast, newBounds } from './bounds.ts';
import { GroupTable, type GroupTableState, tooManyGroups } from './group-table.ts';
import { nthLargest } from './nth-largest.ts';
import { Measures, type MeasuresState } from './measures.ts';

export type Tally =
  /** Groups, with `measures` where they are being measured. */
  | { readonly kind: 'groups'; readonly groups: GroupTableState; readonly measures: MeasuresState | undefined }
  /** There were too many groups to hold. */
  | {
      readonly kind: 'bounds';
      readonly bounds: Bounds;
      /** There are at least so many. */
      readonly groupsMin: number;
    };

export interface GatherInput {
  readonly tallies: readonly Tally[];
  readonly plan: AggregatePlan;
  /** Where all groups together are too many to hold, bounds will do. */
  readonly canBound: boolean;
}

export type GatherOutput =
  | {
      readonly kind: 'cells';
      /** Those of most rows first. */
      readonly cells: readonly Cell[];
      /** How many groups were gathered. */
      readonly groupCount: number;
      /** Those of the cells, without rows, to be measured. */
      readonly groups: GroupTableState;
    }
  /** @see likelyLeast */
  | { readonly kind: 'bounds'; readonly bounds: Bounds; readonly least: number; readonly groupsMin: number };

/** Memory of a tally, to be handed over. */
export function buffersOf(tally: Tally): ArrayBuffer[] {
  return tally.kind === 'bounds' ? [tally.bounds.buffer] : arrayBuffersIn(tally);
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

/** The task of a worker thread for `gather`. @throws QueryTooLargeError */
export function gatherTask({ tallies, plan, canBound }: GatherInput): GatherOutput {
  const tables = tallies.flatMap((tally) => (tally.kind === 'groups' ? [new GroupTable(tally.groups)] : []));
  const usedBytes = tables.reduce((sum, table) => sum + table.usedBytes, 0);
  const areHeld = tables.length === tallies.length && !(canBound && usedBytes > AGGREGATE_TABLE_BYTES_MAX);
  if (areHeld) return gatherGroups(tallies, plan);
  const bounds = newBounds();
  let groupsMin = 0;
  for (const tally of tallies) {
    if (tally.kind === 'bounds') addBounds(bounds, tally.bounds);
    else addTableToBounds(bounds, new GroupTable(tally.groups));
    groupsMin = Math.max(groupsMin, tally.kind === 'bounds' ? tally.groupsMin : tally.groups.count);
  }
  return { kind: 'bounds', bounds, least: likelyLeast(bounds, plan.limit!), groupsMin };
}

function gatherGroups(tallies: readonly Tally[], plan: AggregatePlan): GatherOutput {
  const { table, measures } = merged(tallies, plan);
  if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
  const chosen = largestGroups(table, plan.limit ?? AGGREGATE_LIMIT_MAX);
  const groups = new GroupTable(dimensionCount(plan));
  for (const group of chosen) groups.addFrom(table, group);
  return {
    kind: 'cells',
    cells: cellsOf(chosen, table, measures, plan),
    groupCount: table.count,
    groups: groups.state(),
  };
}

function merged(
  tallies: readonly Tally[],
  plan: AggregatePlan,
): { readonly table: GroupTable; readonly measures: Measures | undefined } {
  let table: GroupTable | undefined;
  let measures: Measures | undefined;
  for (const tally of tallies) {
    if (tally.kind === 'bounds') continue;
    if (table === undefined) table = new GroupTable(tally.groups);
    else table.addTable(tally.groups);
    if (tally.measures === undefined) continue;
    if (measures === undefined) measures = new Measures(tally.measures);
    else measures.addAll(tally.measures);
  }
  return { table: table ?? new GroupTable(dimensionCount(plan)), measures };
}

/** Most rows first. The choice among those of as many rows does not depend on which worker was faster. */
function largestGroups(table: GroupTable, limit: number): number[] {
  const { rows } = table;
  const least = limit < rows.length ? Math.max(1, nthLargest(rows, limit)) : 1;
  const larger: number[] = [];
  const equal: number[] = [];
  for (let group = 0; group < rows.length; group++) {
    if (rows[group]! > least) larger.push(group);
    else if (rows[group] === least) equal.push(group);
  }
  const room = limit - larger.length;
  const equalHashes = Uint32Array.from(equal, (group) => table.hash(group)).toSorted();
  const hashMax = room < equal.length ? equalHashes[room - 1]! : Infinity;
  return [...larger, ...equal.filter((group) => table.hash(group) <= hashMax)]
    .toSorted((a, b) => rows[b]! - rows[a]! || table.hash(a) - table.hash(b))
    .slice(0, limit);
}

function cellsOf(
  chosen: readonly number[],
  table: GroupTable,
  measures: Measures | undefined,
  { stepNs, quantiles }: AggregatePlan,
): Cell[] {
  const measured = measures?.state();
  const quantilesOf = measures?.quantiles(quantiles);
  return chosen.map((group) => {
    const values = table.valuesOf(group).map((bytes) => bytes.toString());
    const bucket = stepNs === undefined ? 0 : Number(values.shift());
    return {
      bucket,
      by: values,
      rows: table.rows[group]!,
      count: measured?.counts[group] ?? 0,
      sum: measured?.sums[group] ?? 0,
      min: measured?.mins[group] ?? Infinity,
      max: measured?.maxs[group] ?? -Infinity,
      quantiles: quantilesOf?.get(group) ?? [],
    };
  });
}

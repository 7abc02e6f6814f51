/**
 * What an aggregation knows so far. It goes with each task to a worker and comes back, handed over, not copied; at the
 * end of a pass a worker gathers those of all lanes.
 */
import { AGGREGATE_LIMIT_MAX } from '../../limits.ts';
import type { AggregatePlan, Cell } from './aggregate.ts';
import { addBounds, addTableToBounds, type Bounds, likelyLeast, newBounds } from './bounds.ts';
import { readKey } from './group-key.ts';
import { GroupTable, type GroupTableState, tooManyGroups } from './group-table.ts';
import { Measures, type MeasuresState } from './measures.ts';

export type Tally =
  /** Groups, with `measures` where they are being measured. */
  | { readonly kind: 'groups'; readonly groups: GroupTableState; readonly measures: MeasuresState | undefined }
  /** There were too many groups to hold. */
  | { readonly kind: 'bounds'; readonly bounds: Bounds };

export interface GatherInput {
  readonly tallies: readonly Tally[];
  readonly plan: AggregatePlan;
}

export type GatherOutput =
  | {
      readonly kind: 'cells';
      /** Those of most rows first. */
      readonly cells: readonly Cell[];
      /** How many groups were gathered. */
      readonly groupCount: number;
      /** The keys of the cells, to be measured. */
      readonly keys: readonly Uint8Array[];
    }
  /** @see likelyLeast */
  | { readonly kind: 'bounds'; readonly bounds: Bounds; readonly least: number };

/** Memory of a tally, to be handed over. */
export function buffersOf(tally: Tally): ArrayBuffer[] {
  if (tally.kind === 'bounds') return [tally.bounds.buffer];
  const { slots, hashes, offsets, bytes, rows } = tally.groups;
  const arrays = [slots, hashes, offsets, bytes, rows];
  if (tally.measures === undefined) return arrays.map(({ buffer }) => buffer);
  const { counts, sums, mins, maxs, sketches } = tally.measures;
  return [...arrays, counts, sums, mins, maxs, sketches.keys, sketches.counts].map(({ buffer }) => buffer);
}

export function bytesOf(tally: Tally | undefined): number {
  return tally === undefined ? 0 : buffersOf(tally).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The task of a worker thread for `gather`. @throws QueryTooLargeError */
export function gatherTask({ tallies, plan }: GatherInput): GatherOutput {
  if (!tallies.some(({ kind }) => kind === 'bounds')) return gatherGroups(tallies, plan);
  const bounds = newBounds();
  for (const tally of tallies) {
    if (tally.kind === 'bounds') addBounds(bounds, tally.bounds);
    else addTableToBounds(bounds, tally.groups);
  }
  return { kind: 'bounds', bounds, least: likelyLeast(bounds, plan.limit!) };
}

function gatherGroups(tallies: readonly Tally[], plan: AggregatePlan): GatherOutput {
  const table = new GroupTable();
  let measures: Measures | undefined;
  for (const tally of tallies) {
    if (tally.kind === 'bounds') continue;
    table.addAll(tally.groups);
    if (tally.measures === undefined) continue;
    if (measures === undefined) measures = new Measures(tally.measures);
    else measures.addAll(tally.measures);
  }
  if (plan.limit === undefined && table.count > AGGREGATE_LIMIT_MAX) throw tooManyGroups(AGGREGATE_LIMIT_MAX);
  const chosen = largestGroups(table, plan.limit ?? AGGREGATE_LIMIT_MAX);
  return {
    kind: 'cells',
    cells: cellsOf(chosen, table, measures, plan),
    groupCount: table.count,
    keys: chosen.map((index) => Uint8Array.from(table.key(index))),
  };
}

/** Most rows first. The choice among those of as many rows does not depend on which worker was faster. */
function largestGroups({ rows, hashes }: GroupTable, limit: number): number[] {
  const least = limit < rows.length ? Math.max(1, rows.toSorted()[rows.length - limit]!) : 1;
  const larger: number[] = [];
  const equal: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    if (rows[index]! > least) larger.push(index);
    else if (rows[index] === least) equal.push(index);
  }
  const room = limit - larger.length;
  const equalHashes = Uint32Array.from(equal, (index) => hashes[index]!).toSorted();
  const hashMax = room < equal.length ? equalHashes[room - 1]! : Infinity;
  return [...larger, ...equal.filter((index) => hashes[index]! <= hashMax)]
    .toSorted((a, b) => rows[b]! - rows[a]! || hashes[a]! - hashes[b]!)
    .slice(0, limit);
}

function cellsOf(
  chosen: readonly number[],
  table: GroupTable,
  measures: Measures | undefined,
  { by, stepNs, quantiles }: AggregatePlan,
): Cell[] {
  const measured = measures?.state();
  const quantilesOf = measures?.quantiles(quantiles);
  return chosen.map((index) => ({
    ...readKey(table.key(index), stepNs !== undefined, by.length),
    rows: table.rows[index]!,
    count: measured?.counts[index] ?? 0,
    sum: measured?.sums[index] ?? 0,
    min: measured?.mins[index] ?? Infinity,
    max: measured?.maxs[index] ?? -Infinity,
    quantiles: quantilesOf?.get(index) ?? [],
  }));
}

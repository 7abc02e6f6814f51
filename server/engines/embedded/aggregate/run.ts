/**
 * Aggregations and facets over many row groups. Workers do all of it, a batch of row groups in each task: the partial
 * aggregate goes with a task and comes back with its result, in two parallel partitions, and a last task merges the
 * two.
 */
import { AGGREGATE_ROWS_AT_ONCE, FACET_NAMES_CUT, SCANS_AT_ONCE } from '../../../limits.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { eachGroup } from '../scan/each-group.ts';
import { placeKey, placeOf, type RowGroupPlace, type RowGroups } from '../scan/row-groups.ts';
import { inPartitions, type PartitionsOptions, type PartialOutput } from '../scan/partitions.ts';
import { candidates, type ScanContext } from '../scan/select.ts';
import { aloneInThread } from '../../../workers/task.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { counterBitsOf, groupCountOf } from './upper-bounds.ts';
import { FacetTable } from './facet-table.ts';
import { isOfRowsOnly, knownRows } from './known-rows.ts';
import type { FacetCounts, FacetsSide, NamedValues } from '../../../store/facets.ts';
import { facetsOfGroup } from './facets.ts';
import { openAggregate, type Pass } from './open-aggregate.ts';
import { type AggregatePlan, type Aggregation, isWindowed, type Measure } from '../../../store/aggregate-plan.ts';
import { bytesOf, type MergeInput, type MergeOutput, type PartialAggregate } from './partial-aggregate.ts';
import { inPlaces, rankedMeasures, type Ranking } from './ranked-measures.ts';
import type { MemoryBudget } from '../../../store/query-budget.ts';

export interface AggregateInput {
  readonly places: readonly RowGroupPlace[];
  readonly plan: AggregatePlan;
  readonly pass: Pass;
  /** The partial aggregate so far: transferred with the task and back. */
  readonly partial: PartialAggregate | undefined;
}

export interface FacetsInput {
  readonly places: readonly RowGroupPlace[];
  readonly sides: readonly FacetsSide[];
  /** By place: the indices of the sides on which some of its rows may be. */
  readonly sidesOfPlaces: readonly (readonly number[])[];
  readonly values: readonly NamedValues[];
  /** Names whose values need not be counted, or not any more. */
  readonly ids: readonly string[] | 'all';
}

/** Runs aggregations. */
export interface AggregateContext extends Pick<ScanContext, 'lookUp' | 'quarantine'> {
  readonly aggregate: (input: AggregateInput, signal: AbortSignal) => Promise<PartialOutput<PartialAggregate>>;
  readonly merge: (input: MergeInput, signal: AbortSignal) => Promise<MergeOutput>;
  readonly facets: (input: FacetsInput, signal: AbortSignal) => Promise<PartialOutput<readonly FacetCounts[]>>;
  readonly memory: MemoryBudget;
}

/**
 * The task of a worker thread for `aggregate`.
 * @throws QueryTooLargeError
 */
export function aggregateTask(
  { places, plan, pass, partial }: AggregateInput,
  rowGroups: RowGroups,
  shouldYield = aloneInThread,
): PartialOutput<PartialAggregate> {
  const pending = openAggregate(plan, pass, partial);
  const done = eachGroup(places, rowGroups, shouldYield, (group) => pending.add(group));
  return { result: pending.partial(), ...done };
}

/** The task of a worker thread for `facets`. */
export function facetsTask(
  { places, sides, sidesOfPlaces, values, ids }: FacetsInput,
  rowGroups: RowGroups,
  shouldYield = aloneInThread,
): PartialOutput<readonly FacetCounts[]> {
  const known = ids === 'all' ? ids : new Set(ids);
  const tables = sides.map(() => new FacetTable(known));
  const isId = known === 'all' ? known : { has: (name: string) => tables.some((table) => table.isId(name)) };
  const done = eachGroup(places, rowGroups, shouldYield, (group, at) => {
    const own = sidesOfPlaces[at]!;
    const wanted = own.map((side) => sides[side]!);
    for (const [i, counts] of facetsOfGroup(group, wanted, values, isId).entries()) tables[own[i]!]!.add(counts);
  });
  return { result: tables.map((table) => table.counts()), ...done };
}

/** Returns the names that have too many values on some side. */
function idsOf(tables: readonly FacetTable[]): readonly string[] | 'all' {
  const ids = tables.map((table) => table.ids());
  return ids.includes('all') ? 'all' : [...new Set(ids.flat())];
}

/**
 * Counts all groups; or, when they are too many to hold, first upper bounds of their rows, then those groups that may
 * be among the largest. If they are more than a few, only groups of the answer are measured, in a pass of its own, so
 * that there are few sketches; of measures that order them, or that they are chosen by, all groups are measured. As long as
 * there are few groups, everything is measured in the first pass. With
 * overlapping windows, everything is measured in one pass.
 * @throws QueryTooLargeError, UnavailableError
 */
export async function aggregate(
  rowGroups: readonly RowGroupRef[],
  plan: AggregatePlan,
  context: AggregateContext,
  signal: AbortSignal,
): Promise<Aggregation> {
  if (isOfRowsOnly(plan)) {
    const { rows, left } = knownRows(rowGroups, plan);
    if (rows > 0) return addedTo(await aggregate(left, plan, context, signal), rows);
  }
  const found = await candidates(rowGroups, plan, context, signal);
  if (found.length === 0) return NO_GROUPS;
  const measures = measuresOf(plan);
  const run: Run = (pass, ranking) => runPass(found, plan, pass, ranking, context, signal);
  if (isWindowed(plan)) {
    const pass: Pass = { kind: 'measure', groups: undefined, measures, whileFew: [] };
    const { cells, groupCount } = cellsOf(await run(pass, plan));
    return { cells, groupCount, groupCountError: 0 };
  }
  const { first, areMeasured, groupCount, groupCountError } = await firstGroups(plan, measures, run);
  if (areMeasured || first.cells.length === 0) return { cells: first.cells, groupCount, groupCountError };
  const pass: Pass = { kind: 'measure', groups: first.groups, measures, whileFew: [] };
  const measured = await run(pass, { orderBy: plan.orderBy });
  return { cells: cellsOf(measured).cells, groupCount, groupCountError };
}

const NO_GROUPS: Aggregation = { cells: [], groupCount: 0, groupCountError: 0 };

/** Adds rows to those of the one group that there may be. */
function addedTo({ cells: [cell] }: Aggregation, rows: number): Aggregation {
  const all = { bucket: 0, by: [], measures: [], rows: rows + (cell?.rows ?? 0) };
  return { cells: [all], groupCount: 1, groupCountError: 0 };
}

/** The requested measures, and the order of the groups. */
function measuresOf({ measures, orderBy }: AggregatePlan): readonly Measure[] {
  return measures.map((measure, i) => {
    if (i !== orderBy?.measure || measure.kind !== 'numbers') return measure;
    if (orderBy.by === 'stddev') return { ...measure, stddev: true };
    return orderBy.by === 'first' || orderBy.by === 'last' ? { ...measure, ends: true } : measure;
  });
}

type Run = (pass: Pass, ranking?: Ranking) => Promise<MergeOutput>;

interface FirstGroups extends Pick<Aggregation, 'groupCount' | 'groupCountError'> {
  readonly first: Merged<'cells'>;
  /** Whether they have all measures. */
  readonly areMeasured: boolean;
}

/** The groups of the answer. */
async function firstGroups(plan: AggregatePlan, measures: readonly Measure[], run: Run): Promise<FirstGroups> {
  if (plan.orderBy !== undefined || plan.having !== undefined) {
    const { ranked, ranking, places } = rankedMeasures(plan, measures);
    const whileFew = measures.filter((_, i) => places[i]! >= ranked.length);
    const counted = cellsOf(await run({ kind: 'measure', groups: undefined, measures: ranked, whileFew }, ranking));
    const { groupCount, areMeasured } = counted;
    const first = areMeasured ? { ...counted, cells: counted.cells.map((cell) => inPlaces(cell, places)) } : counted;
    return { first, areMeasured: areMeasured && isExact(first), groupCount, groupCountError: 0 };
  }
  const counted = await run({ kind: 'count', whileFew: measures });
  if (counted.kind === 'cells') {
    const { areMeasured, groupCount } = counted;
    return { first: counted, areMeasured, groupCount, groupCountError: 0 };
  }
  const first = await recount(counted, plan.limit!, run);
  return { first, areMeasured: measures.length === 0, ...groupCountOf(counted.upperBounds) };
}

/** Whether measuring the groups of the answer alone would show no more: there, more values are counted exactly. */
function isExact({ cells }: Merged<'cells'>): boolean {
  return cells.every(({ measures }) => measures.every((each) => each.kind !== 'distinct' || each.error === 0));
}

type Merged<Kind> = MergeOutput & { readonly kind: Kind };

/**
 * No group without a bit has `rowsMin` rows: if each group of the answer has, they are the largest. Otherwise their
 * counts give the next bound.
 */
async function recount(
  { upperBounds, rowsMin }: Merged<'upper-bounds'>,
  limit: number,
  run: Run,
): Promise<Merged<'cells'>> {
  const largest = cellsOf(await run({ kind: 'recount', counterBits: counterBitsOf(upperBounds, rowsMin) }));
  const rows = largest.cells[limit - 1]?.rows ?? 1;
  return rows >= rowsMin
    ? largest
    : cellsOf(await run({ kind: 'recount', counterBits: counterBitsOf(upperBounds, rows) }));
}

function cellsOf(merged: MergeOutput): Merged<'cells'> {
  if (merged.kind === 'upper-bounds') throw new RangeError('BUG: only the first pass gives bounds');
  return merged;
}

/** Runs a pass over all row groups, and merges the partitions. */
async function runPass(
  rowGroups: readonly RowGroupRef[],
  plan: AggregatePlan,
  pass: Pass,
  { orderBy, having = [] }: Ranking = {},
  context: AggregateContext,
  signal: AbortSignal,
): Promise<MergeOutput> {
  using memory = context.memory.share();
  // Row groups that the previous pass has read last are still in the cache of the worker that has read them.
  const isSecond = pass.kind !== 'count';
  const batches = evenBatches(rowGroups).map((batch) => (isSecond ? batch.toReversed() : batch));
  const partials = await inPartitions<PartialAggregate>(
    batches,
    partitions(context, signal),
    async (batch, partial) => {
      const heldBytes = bytesOf(partial); // before it is handed over
      const output = await context.aggregate({ places: batch.map(placeOf), plan, pass, partial }, signal);
      memory.add(bytesOf(output.result) - heldBytes);
      return output;
    },
  );
  const canBound = pass.kind === 'count' && plan.limit !== undefined;
  const measures = pass.kind === 'measure' ? pass.measures : [];
  const whileFew = pass.kind === 'recount' ? [] : pass.whileFew;
  return await context.merge({ partials, plan, canBound, measures, whileFew, orderBy, having }, signal);
}

/**
 * If there are too many names, a second pass counts the most frequent ones exactly.
 * @param names  only these; undefined for all
 * @throws UnavailableError
 */
export async function facets(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  names: readonly string[] | undefined,
  context: AggregateContext,
  signal: AbortSignal,
): Promise<FacetCounts> {
  const [counts] = await facetsOfSides(rowGroups, [{ ...predicate, names }], [], context, signal);
  return counts!;
}

/** Visits each row group once for all sides. */
export async function facetsOfSides(
  rowGroups: readonly RowGroupRef[],
  sides: readonly FacetsSide[],
  values: readonly NamedValues[],
  context: AggregateContext,
  signal: AbortSignal,
): Promise<readonly FacetCounts[]> {
  const count = (asked: readonly FacetsSide[]): Promise<FacetCounts[]> =>
    countFacets(rowGroups, asked, values, context, signal);
  const counts = await count(sides);
  if (!counts.some(({ isCut }) => isCut)) return counts;
  const rowsOf = new Map<string, number>();
  for (const { name, rows } of counts.flatMap((each) => each.facets)) rowsOf.set(name, (rowsOf.get(name) ?? 0) + rows);
  const byRows = [...rowsOf].toSorted(([a, aRows], [b, bRows]) => bRows - aRows || (a < b ? -1 : 1));
  const frequent = byRows.slice(0, FACET_NAMES_CUT).map(([name]) => name);
  const narrowed = sides.map((side) => ({ ...side, names: side.names ?? frequent }));
  return (await count(narrowed)).map((each) => ({ ...each, isCut: true }));
}

/** Returns how many lines have each label or field: those of facets, at a fraction of their cost. */
export async function nameRows(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  context: AggregateContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const [counted] = await countFacets(rowGroups, [{ ...predicate, names: undefined }], [], context, signal, 'all');
  return new Map(counted!.facets.map(({ name, rows }) => [name, rows]));
}

async function countFacets(
  rowGroups: readonly RowGroupRef[],
  sides: readonly FacetsSide[],
  values: readonly NamedValues[],
  context: AggregateContext,
  signal: AbortSignal,
  ids?: 'all',
): Promise<FacetCounts[]> {
  const sidesOf = new Map(await candidatesOfSides(rowGroups, sides, context, signal));
  const tables = sides.map(() => new FacetTable(ids));
  using memory = context.memory.share();
  await inPartitions(evenBatches([...sidesOf.keys()]), partitions(context, signal), async (batch) => {
    const places = batch.map(placeOf);
    const sidesOfPlaces = batch.map((group) => sidesOf.get(group)!);
    const output = await context.facets({ places, sides, sidesOfPlaces, values, ids: idsOf(tables) }, signal);
    for (const [side, table] of tables.entries()) {
      const heldBytes = table.memoryBytes;
      table.add(output.result[side]!);
      memory.add(table.memoryBytes - heldBytes);
    }
    return output;
  });
  const known = idsOf(tables);
  if (known !== 'all') for (const table of tables) for (const name of known) table.addId(name, 0);
  return tables.map((table) => table.counts());
}

/** Returns the row groups that have rows on some side, as far as is known, each with the indices of these sides. */
async function candidatesOfSides(
  rowGroups: readonly RowGroupRef[],
  sides: readonly FacetsSide[],
  context: AggregateContext,
  signal: AbortSignal,
): Promise<(readonly [group: RowGroupRef, sides: readonly number[]])[]> {
  const found = await Promise.all(sides.map((side) => candidates(rowGroups, side, context, signal)));
  if (found.length === 1) return found[0]!.map((group) => [group, [0]]);
  // A look-up may narrow a row group to its arrays, but only for its own side: all sides read it as the store lists it.
  const sidesOf = new Map<string, number[]>();
  for (const [side, groups] of found.entries()) {
    for (const group of groups) {
      const known = sidesOf.get(placeKey(group));
      if (known === undefined) sidesOf.set(placeKey(group), [side]);
      else known.push(side);
    }
  }
  return rowGroups.flatMap((group) => {
    const own = sidesOf.get(placeKey(group));
    return own === undefined ? [] : [[group, own] as const];
  });
}

function partitions({ quarantine }: Pick<AggregateContext, 'quarantine'>, signal: AbortSignal): PartitionsOptions {
  return { partitionCount: SCANS_AT_ONCE, quarantine, signal };
}

/**
 * As many in each partition, and as few as possible: a partial aggregate that goes from thread to thread is memory that
 * each of them has to account for and release.
 */
function evenBatches(rowGroups: readonly RowGroupRef[]): RowGroupRef[][] {
  const total = rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const count = SCANS_AT_ONCE * Math.ceil(total / (SCANS_AT_ONCE * AGGREGATE_ROWS_AT_ONCE));
  const batches: RowGroupRef[][] = [];
  let rows = 0;
  for (const group of rowGroups) {
    if (rows >= (total * batches.length) / count) batches.push([]);
    batches.at(-1)!.push(group);
    rows += group.rowCount;
  }
  return batches;
}

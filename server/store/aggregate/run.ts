/** Aggregations and facets over many row groups: in worker threads, a batch of row groups a task, added up here. */
import { CorruptionError } from '../../../shared/errors.ts';
import { SCAN_ROWS_AT_ONCE, SCANS_AT_ONCE } from '../../limits.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import type { Predicate } from '../scan/plan.ts';
import { placeOf, type RowGroupPlace, type RowGroups } from '../scan/row-groups.ts';
import { batchesOf, candidates, type ScanContext } from '../scan/select.ts';
import type { RowGroupRef } from '../snapshot.ts';
import { aggregateGroup, type AggregatePlan, AggregateTable, type Cell } from './aggregate.ts';
import { type Facet, facetsOf, FacetTable } from './facets.ts';

export interface AggregateInput {
  readonly places: readonly RowGroupPlace[];
  readonly plan: AggregatePlan;
}

export interface FacetsInput {
  readonly places: readonly RowGroupPlace[];
  readonly predicate: Predicate;
  readonly names: readonly string[] | undefined;
  /** Names whose values need not be counted any more. */
  readonly ids: readonly string[];
}

/** Results of a task, and which of its row groups, by index, could not be read. */
export interface PartialOutput<T> {
  readonly results: readonly T[];
  readonly corruptions: readonly { readonly group: number; readonly message: string }[];
}

/** Where aggregations run. */
export interface AggregateContext extends Pick<ScanContext, 'lookUp' | 'setAside'> {
  readonly aggregate: (input: AggregateInput, signal: AbortSignal) => Promise<PartialOutput<Cell>>;
  readonly facets: (input: FacetsInput, signal: AbortSignal) => Promise<PartialOutput<Facet>>;
}

/** The task of a worker thread for `aggregate`. @throws QueryTooLargeError */
export function aggregateTask({ places, plan }: AggregateInput, rowGroups: RowGroups): PartialOutput<Cell> {
  const table = new AggregateTable();
  const corruptions = eachGroup(places, rowGroups, (group) => table.add(aggregateGroup(group, plan)));
  return { results: table.cells(), corruptions };
}

/** The task of a worker thread for `facets`. */
export function facetsTask({ places, predicate, names, ids }: FacetsInput, rowGroups: RowGroups): PartialOutput<Facet> {
  const table = new FacetTable();
  const corruptions = eachGroup(places, rowGroups, (group) => {
    table.add(facetsOf(group, predicate, names, new Set([...ids, ...table.ids()])));
  });
  return { results: table.facets(), corruptions };
}

/** @throws QueryTooLargeError */
export async function aggregate(
  rowGroups: readonly RowGroupRef[],
  plan: AggregatePlan,
  context: AggregateContext,
  signal: AbortSignal,
): Promise<Cell[]> {
  const table = new AggregateTable();
  await eachBatch(rowGroups, plan, context, signal, async (places) => {
    const output = await context.aggregate({ places, plan }, signal);
    table.add(output.results);
    return output;
  });
  return table.cells();
}

/** @param names  only these; undefined for all */
export async function facets(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  names: readonly string[] | undefined,
  context: AggregateContext,
  signal: AbortSignal,
): Promise<Facet[]> {
  const table = new FacetTable();
  await eachBatch(rowGroups, predicate, context, signal, async (places) => {
    const output = await context.facets({ places, predicate, names, ids: table.ids() }, signal);
    table.add(output.results);
    return output;
  });
  return table.facets();
}

async function eachBatch(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  context: AggregateContext,
  signal: AbortSignal,
  run: (places: RowGroupPlace[]) => Promise<PartialOutput<unknown>>,
): Promise<void> {
  const batches = batchesOf(await candidates(rowGroups, predicate, context, signal), SCAN_ROWS_AT_ONCE);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < batches.length) {
      signal.throwIfAborted();
      const batch = batches[next++]!;
      const { corruptions } = await run(batch.map(placeOf));
      for (const { group, message } of corruptions) await context.setAside(batch[group]!, new CorruptionError(message));
    }
  };
  await Promise.all(Array.from({ length: SCANS_AT_ONCE }, work));
}

function eachGroup(
  places: readonly RowGroupPlace[],
  rowGroups: RowGroups,
  visit: (group: RowGroup) => void,
): { group: number; message: string }[] {
  const corruptions: { group: number; message: string }[] = [];
  for (const [group, place] of places.entries()) {
    try {
      visit(rowGroups.open(place));
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      corruptions.push({ group, message: error.message });
    }
  }
  return corruptions;
}

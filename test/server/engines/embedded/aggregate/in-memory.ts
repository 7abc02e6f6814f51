/** An aggregation over row groups in memory, with the tasks of workers run here, one row group a task. */
import type { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { AGGREGATE_ROWS_AT_ONCE } from '../../../../../server/limits.ts';
import type { FacetCounts, FacetsSide } from '../../../../../server/store/facets.ts';
import type { AggregatePlan, Aggregation } from '../../../../../server/store/aggregate-plan.ts';
import {
  aggregate,
  type AggregateContext,
  aggregateTask,
  facetsOfSides,
  facetsTask,
} from '../../../../../server/engines/embedded/aggregate/run.ts';
import { isOfRowsOnly } from '../../../../../server/engines/embedded/aggregate/known-rows.ts';
import { buffersOf, mergeTask } from '../../../../../server/engines/embedded/aggregate/partial-aggregate.ts';
import { AggregateMemory } from '../../../../../server/query/aggregate-memory.ts';
import { RowGroups } from '../../../../../server/engines/embedded/scan/row-groups.ts';
import type { RowGroupRef } from '../../../../../server/engines/embedded/segment/row-group-ref.ts';

interface InMemory {
  readonly refs: readonly RowGroupRef[];
  readonly context: AggregateContext;
}

/** @param rowCount  of each row group, as a store lists it; its own by default */
function inMemory(groups: readonly RowGroup[], memory: AggregateMemory, rowCount?: number): InMemory {
  const rowGroups = Object.assign(Object.create(RowGroups.prototype) as RowGroups, {
    visit: <T>({ offset }: { offset: number }, work: (group: RowGroup) => T) => work(groups[offset]!),
  });
  const refs = groups.map(({ info }, offset) => ({
    ...info,
    path: '',
    offset,
    ...(rowCount !== undefined && { rowCount }),
  }));
  const context = {
    memory,
    aggregate: async (input: Parameters<typeof aggregateTask>[0]) => {
      const { partial } = input;
      const moved = partial && structuredClone(partial, { transfer: buffersOf(partial) });
      return aggregateTask({ ...input, partial: moved }, rowGroups);
    },
    merge: async (input: Parameters<typeof mergeTask>[0]) => mergeTask(input),
    facets: async (input: Parameters<typeof facetsTask>[0]) => facetsTask(input, rowGroups),
    lookUp: () => Promise.reject(new Error('BUG: these row groups have no index')),
    quarantine: (_: unknown, error: Error) => Promise.reject(error),
  };
  return { refs: refs as unknown as RowGroupRef[], context };
}

export function aggregateInMemory(
  groups: readonly RowGroup[],
  plan: AggregatePlan,
  memory = new AggregateMemory(),
): Promise<Aggregation> {
  // Each as large as a task, so that partial aggregates go from task to task in both partitions; unless its rows are the answer.
  const rowCount = isOfRowsOnly(plan) ? undefined : AGGREGATE_ROWS_AT_ONCE;
  const { refs, context } = inMemory(groups, memory, rowCount);
  return aggregate(refs, plan, context, new AbortController().signal);
}

export function facetsInMemory(
  groups: readonly RowGroup[],
  sides: readonly FacetsSide[],
): Promise<readonly FacetCounts[]> {
  const { refs, context } = inMemory(groups, new AggregateMemory(), AGGREGATE_ROWS_AT_ONCE);
  return facetsOfSides(refs, sides, [], context, new AbortController().signal);
}

/** The same of segments whose indexes have no value of any field and, as older ones, no elements of arrays. */
export function facetsOfOlderSegments(
  groups: readonly RowGroup[],
  sides: readonly FacetsSide[],
): Promise<readonly FacetCounts[]> {
  const { refs, context } = inMemory(groups, new AggregateMemory());
  const indexed = refs.map((ref): RowGroupRef => {
    const indexes = { path: '', offset: ref.offset, sizeBytes: 0, checksum: 0, hasElements: false };
    return { ...ref, indexed: { indexes, ordinal: 0 } };
  });
  const lookUp: AggregateContext['lookUp'] = async ({ segments, wanted }) =>
    segments.map(() => wanted.map(() => new Uint32Array()));
  return facetsOfSides(indexed, sides, [], { ...context, lookUp }, new AbortController().signal);
}

/** An aggregation over row groups in memory, with the tasks of workers run here, one row group a task. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { AGGREGATE_ROWS_AT_ONCE } from '../../../../server/limits.ts';
import type { AggregatePlan } from '../../../../server/store/aggregate/aggregate.ts';
import { aggregate, type Aggregation, aggregateTask, facetsTask } from '../../../../server/store/aggregate/run.ts';
import { buffersOf, gatherTask } from '../../../../server/store/aggregate/tally.ts';
import { TallyMemory } from '../../../../server/store/aggregate/tally-memory.ts';
import { RowGroups } from '../../../../server/store/scan/row-groups.ts';
import type { RowGroupRef } from '../../../../server/store/snapshot.ts';

export function aggregateInMemory(
  groups: readonly RowGroup[],
  plan: AggregatePlan,
  memory = new TallyMemory(),
): Promise<Aggregation> {
  const rowGroups = Object.assign(Object.create(RowGroups.prototype) as RowGroups, {
    open: ({ offset }: { offset: number }) => groups[offset]!,
  });
  // Each as large as a task, so that tallies go from task to task in both lanes.
  const refs = groups.map(({ info }, offset) => ({ ...info, path: '', offset, rowCount: AGGREGATE_ROWS_AT_ONCE }));
  const context = {
    memory,
    aggregate: async (input: Parameters<typeof aggregateTask>[0]) => {
      const { tally } = input;
      const moved = tally && structuredClone(tally, { transfer: buffersOf(tally) });
      return aggregateTask({ ...input, tally: moved }, rowGroups);
    },
    gather: async (input: Parameters<typeof gatherTask>[0]) => gatherTask(input),
    facets: async (input: Parameters<typeof facetsTask>[0]) => facetsTask(input, rowGroups),
    lookUp: () => Promise.reject(new Error('BUG: these row groups have no index')),
    setAside: (_: unknown, error: Error) => Promise.reject(error),
  };
  return aggregate(refs as unknown as RowGroupRef[], plan, context, new AbortController().signal);
}

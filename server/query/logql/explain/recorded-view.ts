/** A view that records what a query asks of it, and what that costs: the plan as it was carried out, whatever made it. */
import type { LogView } from '../../../store/log-store.ts';
import type { Predicate, Where } from '../../../store/predicate.ts';
import type { Query, QueryStatistics } from '../../../store/query.ts';

/** One question to the store. */
export interface Read {
  /** `columns`: counted or measured without the lines. */
  readonly what: 'lines' | 'columns' | 'labels';
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  readonly where: Where;
  readonly cost: Cost;
}

export interface Cost extends Readonly<QueryStatistics> {
  readonly ms: number;
}

/** @param reads  each question is added to it once it is answered */
export function recordedView(view: LogView, reads: Read[]): LogView {
  const recorded = async <T>(
    what: Read['what'],
    { from, to, where }: Predicate,
    { statistics }: Query,
    answer: Promise<T>,
  ): Promise<T> => {
    const costNow = costSince(statistics);
    const value = await answer;
    reads.push({ what, from, to, where, cost: costNow() });
    return value;
  };
  return {
    search: async function* (plan, sink, query) {
      const costNow = costSince(query.statistics);
      try {
        yield* view.search(plan, sink, query);
      } finally {
        reads.push({ what: 'lines', from: plan.from, to: plan.to, where: plan.where, cost: costNow() });
      }
    },
    aggregate: (plan, query) => recorded('columns', plan, query, view.aggregate(plan, query)),
    facets: (predicate, names, query) => recorded('columns', predicate, query, view.facets(predicate, names, query)),
    facetsOfSides: (sides, values, query) => view.facetsOfSides(sides, values, query),
    rowValues: (predicate, asked, query) =>
      recorded('columns', predicate, query, view.rowValues(predicate, asked, query)),
    nameRows: (predicate, query) => recorded('columns', predicate, query, view.nameRows(predicate, query)),
    streams: (predicate, query) => recorded('labels', predicate, query, view.streams(predicate, query)),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

/** Returns what is counted from now on. */
function costSince(statistics: Readonly<QueryStatistics>): () => Cost {
  const before = { ...statistics };
  const begunMs = performance.now();
  return () => ({
    rowGroupsConsidered: statistics.rowGroupsConsidered - before.rowGroupsConsidered,
    bytesConsidered: statistics.bytesConsidered - before.bytesConsidered,
    rowGroupsRead: statistics.rowGroupsRead - before.rowGroupsRead,
    rowGroupBytesRead: statistics.rowGroupBytesRead - before.rowGroupBytesRead,
    bytesRead: statistics.bytesRead - before.bytesRead,
    rowsMatched: statistics.rowsMatched - before.rowsMatched,
    withMetadata: statistics.withMetadata - before.withMetadata,
    ms: performance.now() - begunMs,
  });
}

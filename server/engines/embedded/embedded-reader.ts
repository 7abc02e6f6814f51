/** The read side of the embedded store: its snapshots, scans and tails put together. */
import { STREAMS_GROUPS_AT_ONCE } from '../../limits.ts';
import type { Labels } from '../../../shared/labels.ts';
import { aggregate, type AggregateContext, facets, facetsOfSides, nameRows } from './aggregate/run.ts';
import type { LogReader, LogView } from '../../store/log-store.ts';
import { reachesInto } from './scan/match-rows.ts';
import { decide, type Predicate } from '../../store/predicate.ts';
import type { Query, QueryStatistics } from '../../store/query.ts';
import type { Plan } from '../../store/search-plan.ts';
import { placeOf } from './scan/row-groups.ts';
import { isWithin, type StreamsInput, type StreamsOutput } from './scan/streams-in-range.ts';
import { inPartitions } from './scan/partitions.ts';
import { judgeLabels } from './scan/value-leaf.ts';
import type { RowGroupRef } from './segment/row-group-ref.ts';
import type { Snapshot } from './core/snapshot.ts';
import type { Store } from './core/store.ts';
import { type QueryContext, answerBest, type AnswerOptions } from './search/answer.ts';
import { answerAll } from './search/answer-all.ts';
import { rowValues, type ValuesContext } from './search/row-values.ts';
import { follow } from './tail/follow.ts';
import type { LiveTails } from './tail/live-tails.ts';

/** Runs the work of one query. */
export type QueryTasks = Omit<
  QueryContext & AggregateContext & ValuesContext & StreamsContext,
  'answerRows' | 'answerText' | 'memory' | 'page'
>;

/** Runs searches for streams. */
export interface StreamsContext {
  readonly streams: (input: StreamsInput, signal: AbortSignal) => Promise<StreamsOutput>;
}

export interface ReaderParts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly tails: LiveTails;
  readonly cursorKey: Uint8Array;
  /** Runs one query's work, and counts what it reads. */
  readonly newQuery: (statistics: QueryStatistics) => QueryTasks;
}

export function embeddedReader({ store, tails, cursorKey, newQuery }: ReaderParts): LogReader {
  /** Gives a query about these row groups its tasks and budgets. */
  const contextOf = (
    rowGroups: readonly RowGroupRef[],
    { budget, statistics, page }: Query,
  ): QueryTasks & Query['budget'] & Pick<Query, 'page'> => {
    statistics.rowGroupsConsidered += rowGroups.length;
    for (const { sizeBytes } of rowGroups) statistics.bytesConsidered += sizeBytes;
    return { ...newQuery(statistics), ...budget, page };
  };

  const viewOf = (snapshot: Snapshot): LogView => {
    const { rowGroups } = snapshot;
    return {
      search: (plan, sink, query) => {
        const search = plan.limit === Infinity ? answerAll : answerBest;
        return search(rowGroups, plan, sink, contextOf(rowGroups, query), query.signal);
      },
      aggregate: (plan, query) => aggregate(rowGroups, plan, contextOf(rowGroups, query), query.signal),
      facets: (predicate, names, query) =>
        facets(rowGroups, predicate, names, contextOf(rowGroups, query), query.signal),
      facetsOfSides: (sides, values, query) =>
        facetsOfSides(rowGroups, sides, values, contextOf(rowGroups, query), query.signal),
      rowValues: (predicate, asked, query) =>
        rowValues(rowGroups, predicate, asked, contextOf(rowGroups, query), query.signal),
      nameRows: (predicate, query) => nameRows(rowGroups, predicate, contextOf(rowGroups, query), query.signal),
      streams: (predicate, query) => matchingStreams(rowGroups, predicate, contextOf(rowGroups, query), query.signal),
      [Symbol.dispose]: () => snapshot.release(),
    };
  };

  return {
    cursorKey,
    view: () => viewOf(store.snapshot()),
    follow: (plan, sink, query, onDropped) => {
      const { from, to, where } = plan;
      const tail = tails.join({ predicate: { from, to, where }, sink }, onDropped);
      const { signal } = query;
      const searches = {
        answerBest: (rowGroups: readonly RowGroupRef[], newest: Plan, options: AnswerOptions) =>
          answerBest(rowGroups, newest, sink, contextOf(rowGroups, query), signal, options),
        answerAll: (rowGroups: readonly RowGroupRef[], all: Plan) =>
          answerAll(rowGroups, all, sink, contextOf(rowGroups, query), signal),
      };
      return { ...follow(tail, plan, searches, signal), view: viewOf(tail.history) };
    },
  };
}

/**
 * Returns the streams that have lines in the time range and whose labels satisfy every filter. A row group that reaches
 * beyond the range is opened, because otherwise a stream would be found by the times of another one's lines.
 */
async function matchingStreams(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  context: StreamsContext & Pick<QueryContext, 'quarantine'>,
  signal: AbortSignal,
): Promise<Labels[]> {
  const streams = new Set<Labels>();
  const beyond: RowGroupRef[] = [];
  for (const group of rowGroups) {
    if (!reachesInto(group, predicate)) continue;
    if (isWithin(group, predicate)) for (const labels of group.streams) streams.add(labels);
    else beyond.push(group);
  }
  const { from, to } = predicate;
  const batches: RowGroupRef[][] = [];
  for (let at = 0; at < beyond.length; at += STREAMS_GROUPS_AT_ONCE) {
    batches.push(beyond.slice(at, at + STREAMS_GROUPS_AT_ONCE));
  }
  await inPartitions<void>(batches, { partitionCount: 1, quarantine: context.quarantine, signal }, async (batch) => {
    const output = await context.streams({ places: batch.map(placeOf), range: { from, to } }, signal);
    for (const [index, found] of output.streams.entries()) {
      for (const stream of found) streams.add(batch[index]!.streams[stream]!);
    }
    return { result: undefined, doneCount: output.streams.length, unusable: output.unusable };
  });
  return [...streams].filter((labels) => passes(predicate, labels));
}

/**
 * An absent label has none of the values. Conditions on text are treated as undecided: labels that pass with some
 * outcome of them, pass.
 */
function passes({ where }: Predicate, labels: Labels): boolean {
  return decide(where, (leaf) => (leaf.kind !== 'value' ? undefined : (judgeLabels(leaf, labels) ?? false))) !== false;
}

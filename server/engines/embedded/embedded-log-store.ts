/** The embedded store as a LogStore: its snapshots, scans and jobs put together. */
import { errorOfUnusable } from '../../../shared/errors.ts';
import { STREAMS_GROUPS_AT_ONCE } from '../../limits.ts';
import type { Labels } from '../../../shared/labels.ts';
import { aggregate, type AggregateContext } from './aggregate/run.ts';
import type { Erasures } from './lane/erasure/erasures.ts';
import type { LogStore } from '../../store/log-store.ts';
import { reachesInto } from './scan/match-rows.ts';
import { decide, type Predicate } from '../../store/predicate.ts';
import { placeOf } from './scan/row-groups.ts';
import { isWithin, type StreamsInput, type StreamsOutput } from './scan/streams-in-range.ts';
import { judgeLabels } from './scan/value-leaf.ts';
import type { RowGroupRef } from './core/snapshot.ts';
import type { Store } from './core/store.ts';
import { type QueryContext, select } from './search/answer.ts';

export interface EmbeddedParts {
  readonly store: Store;
  readonly erasures: Erasures;
  /** What one query is run with. */
  readonly newQuery: () => QueryContext & AggregateContext & StreamsContext;
}

/** Where streams are looked for. */
export interface StreamsContext {
  readonly streams: (input: StreamsInput, signal: AbortSignal) => Promise<StreamsOutput>;
}

export function embeddedLogStore({ store, erasures, newQuery }: EmbeddedParts): LogStore {
  return {
    append: (bytes, batch, streamsShareMax) => store.append(bytes, batch, streamsShareMax),
    async *search(plan, format, signal) {
      const snapshot = store.snapshot();
      try {
        yield* select(snapshot.rowGroups, plan, format, newQuery(), signal);
      } finally {
        snapshot.release();
      }
    },
    async streams(predicate, signal) {
      const snapshot = store.snapshot();
      try {
        return await matchingStreams(snapshot.rowGroups, predicate, newQuery(), signal);
      } finally {
        snapshot.release();
      }
    },
    async aggregate(plan, signal) {
      const snapshot = store.snapshot();
      try {
        return (await aggregate(snapshot.rowGroups, plan, newQuery(), signal)).cells;
      } finally {
        snapshot.release();
      }
    },
    erase: (filter) => erasures.request(filter),
    isErased: (id) => erasures.get(id)?.state === 'done',
    tick: async () => {
      await store.tick();
      await erasures.tick();
    },
    stats: () => store.stats(),
    get problem() {
      return store.problem;
    },
    get unreadableCount() {
      return store.unreadableCount;
    },
    close: async () => {
      await store.close();
      await erasures.close();
    },
  };
}

/**
 * Streams that have lines in the time range and whose labels satisfy every filter. A row group that reaches beyond the range
 * is looked into, or a stream would be found by the times of another one's lines.
 */
async function matchingStreams(
  rowGroups: readonly RowGroupRef[],
  predicate: Predicate,
  context: StreamsContext & Pick<QueryContext, 'setAside'>,
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
  for (let done = 0; done < beyond.length;) {
    const part = beyond.slice(done, done + STREAMS_GROUPS_AT_ONCE);
    const output = await context.streams({ places: part.map(placeOf), range: { from, to } }, signal);
    for (const [index, found] of output.streams.entries()) {
      for (const stream of found) streams.add(part[index]!.streams[stream]!);
    }
    for (const each of output.corruptions) await context.setAside(part[each.group]!, errorOfUnusable(each));
    done += output.streams.length;
  }
  return [...streams].filter((labels) => passes(predicate, labels));
}

/** A label that is absent has none of the values. Text counts as there and as not there: what only it decides passes. */
function passes({ where }: Predicate, labels: Labels): boolean {
  return decide(where, (leaf) => (leaf.kind !== 'value' ? undefined : (judgeLabels(leaf, labels) ?? false))) !== false;
}

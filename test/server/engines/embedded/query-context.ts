/** Queries in this thread: the same tasks, without a pool. */
import { setImmediate } from 'node:timers/promises';
import { NO_CURSOR_KEY } from '../../../../server/store/cursor.ts';
import { normalised } from '../../../../server/store/predicate.ts';
import type { Plan } from '../../../../server/store/search-plan.ts';
import { type Filters, whereOf } from './filters.ts';
import { OpenFiles } from '../../../../server/engines/embedded/scan/open-files.ts';
import { RowGroups } from '../../../../server/engines/embedded/scan/row-groups.ts';
import { type AnswerPage, newPage, newStatistics } from '../../../../server/store/query.ts';
import type { AnswerFormat } from '../../../../server/store/sink.ts';
import { AnswerRows } from '../../../../server/query/answer-rows.ts';
import { AnswerText } from '../../../../server/query/answer-text.ts';
import { AggregateMemory } from '../../../../server/query/aggregate-memory.ts';
import { embeddedReader, type QueryTasks } from '../../../../server/engines/embedded/embedded-reader.ts';
import { queryInWorkers } from '../../../../server/engines/embedded/query-in-workers.ts';
import { answerBest } from '../../../../server/engines/embedded/search/answer.ts';
import { answerAll } from '../../../../server/engines/embedded/search/answer-all.ts';
import { follow, type HistorySearches } from '../../../../server/engines/embedded/tail/follow.ts';
import { LiveTails, type LiveTailsOptions } from '../../../../server/engines/embedded/tail/live-tails.ts';
import { TailTask } from '../../../../server/engines/embedded/tail/tail-task.ts';
import type { Store } from '../../../../server/engines/embedded/core/store.ts';
import type { LogReader } from '../../../../server/store/log-store.ts';
import { runHere } from './in-this-thread.ts';

export const RAW = { kind: 'text', format: 'raw' } as const;
export const NDJSON = { kind: 'text', format: 'ndjson' } as const;

/** With budgets of its own. */
export interface TestContext extends QueryTasks {
  readonly answerRows: AnswerRows;
  readonly answerText: AnswerText;
  readonly memory: AggregateMemory;
  readonly page: AnswerPage;
}

export function queryContext(store: Store): TestContext {
  return {
    ...queryInWorkers(store, runHere(), newStatistics()),
    answerRows: new AnswerRows(),
    answerText: new AnswerText(),
    memory: new AggregateMemory(),
    page: newPage(),
  };
}

/** What a query engine asks, of a store in this thread. */
export function readerOf(store: Store, tails = liveTails(store)): LogReader {
  const run = runHere();
  return embeddedReader({
    store,
    tails,
    cursorKey: NO_CURSOR_KEY,
    newQuery: (statistics) => queryInWorkers(store, run, statistics),
  });
}

/** Live tails whose scans run in this thread. */
export function liveTails(store: Store, changes: Partial<LiveTailsOptions> = {}): LiveTails {
  const task = new TailTask(new RowGroups(new OpenFiles()));
  return new LiveTails({
    source: store,
    scan: async (input) => {
      await setImmediate();
      return task.run(input);
    },
    quarantine: (rowGroup, error) => store.quarantine(rowGroup, error),
    ...changes,
  });
}

export interface FollowedOptions {
  readonly tails?: LiveTails;
  readonly context?: TestContext;
  readonly signal?: AbortSignal;
  readonly format?: AnswerFormat;
}

/** A live tail, its history and its news. */
export async function* followed(
  store: Store,
  plan: Plan,
  {
    tails = liveTails(store),
    context = queryContext(store),
    signal = new AbortController().signal,
    format = 'raw',
  }: FollowedOptions = {},
): AsyncGenerator<Uint8Array> {
  const { from, to, where } = plan;
  const sink = { kind: 'text', format } as const;
  const tail = tails.join({ predicate: { from, to, where }, sink });
  const searches: HistorySearches<Uint8Array> = {
    answerBest: (rowGroups, newest, options) => answerBest(rowGroups, newest, sink, context, signal, options),
    answerAll: (rowGroups, all) => answerAll(rowGroups, all, sink, context, signal),
  };
  const following = follow(tail, plan, searches, signal);
  try {
    yield* following.history;
    yield* following.news;
  } finally {
    following.leave();
  }
}

export function planOf({ values, text, ...changes }: Partial<Plan> & Filters = {}): Plan {
  return {
    from: undefined,
    to: undefined,
    where: normalised(whereOf({ values, text })),
    direction: 'backward',
    limit: 100_000,
    ...changes,
  };
}

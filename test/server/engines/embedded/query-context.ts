/** Queries in this thread: the same tasks, without a pool. */
import { setImmediate } from 'node:timers/promises';
import { normalised } from '../../../../server/store/predicate.ts';
import type { Plan } from '../../../../server/store/search-plan.ts';
import { type Filters, whereOf } from './filters.ts';
import { Indexes } from '../../../../server/engines/embedded/scan/index-lookup.ts';
import { OpenFiles } from '../../../../server/engines/embedded/scan/open-files.ts';
import { RowGroups } from '../../../../server/engines/embedded/scan/row-groups.ts';
import { scan } from '../../../../server/engines/embedded/scan/scan.ts';
import { render } from '../../../../server/engines/embedded/search/render.ts';
import type { AnswerFormat } from '../../../../server/store/sink.ts';
import { AnswerRows } from '../../../../server/query/answer-rows.ts';
import { AnswerText } from '../../../../server/query/answer-text.ts';
import { type QueryContext, select } from '../../../../server/engines/embedded/search/answer.ts';
import { follow } from '../../../../server/engines/embedded/tail/follow.ts';
import { LiveTails, type LiveTailsOptions } from '../../../../server/engines/embedded/tail/live-tails.ts';
import { TailTask } from '../../../../server/engines/embedded/tail/tail-task.ts';
import type { Store } from '../../../../server/engines/embedded/core/store.ts';

/** With budgets of its own. */
export interface TestContext extends QueryContext {
  readonly answerRows: AnswerRows;
  readonly answerText: AnswerText;
}

export function queryContext(store: Store): TestContext {
  const files = new OpenFiles();
  const rowGroups = new RowGroups(files);
  const indexes = new Indexes(files);
  return {
    lookUp: async (input) => indexes.lookUp(input),
    scan: async (input) => {
      // As with a pool, other work gets its turn in between.
      await setImmediate();
      return scan(input, rowGroups);
    },
    render: async (input) => render(input, rowGroups),
    answerRows: new AnswerRows(),
    answerText: new AnswerText(),
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
  };
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
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
    ...changes,
  });
}

export interface FollowedOptions {
  readonly tails?: LiveTails;
  readonly context?: QueryContext;
  readonly signal?: AbortSignal;
  readonly format?: AnswerFormat;
}

/** A live tail as `GET /logs` has it. */
export function followed(
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
  const tail = tails.join({ predicate: { from, to, where }, format }, 'a test');
  return follow(
    tail,
    plan,
    (...history) => select(history[0], history[1], format, context, signal, history[2]),
    signal,
  );
}

export function planOf({ values, text, ...changes }: Partial<Plan> & Filters = {}): Plan {
  return {
    from: undefined,
    to: undefined,
    where: normalised(whereOf({ values, text })),
    order: 'newest',
    limit: 100_000,
    ...changes,
  };
}

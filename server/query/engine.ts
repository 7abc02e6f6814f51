/**
 * Runs every query on lines: `/logs`, `/histogram`, `/aggregate`, `/fields`, `/labels`, live tails, and later ones.
 * Turns, limits of an answer, and the cancellation of queries that are no longer wanted are handled here, once. The
 * caller passes the question as a function of a view of the store; the store decides how to answer it.
 */
import { QueryTooLargeError } from '../../shared/errors.ts';
import { instantOfMs } from '../../shared/time.ts';
import { ANSWER_CLOCK_AHEAD_MS_MAX, QUERY_RUN_MS_MAX, VIEW_HELD_MS_MAX } from '../limits.ts';
import type { Following, LogReader, LogView } from '../store/log-store.ts';
import type { QueryBudget } from '../store/query-budget.ts';
import { type AnswerPage, newPage, newStatistics, type Query, type QueryStatistics } from '../store/query.ts';
import type { Predicate } from '../store/predicate.ts';
import { type Plan, planForAll } from '../store/search-plan.ts';
import type { PieceOf, Sink } from '../store/sink.ts';
import { AnswerRows } from './answer-rows.ts';
import { AnswerText } from './answer-text.ts';
import type { BegunRuns } from './begun-runs.ts';
import { withPreviousRuns } from './previous-runs.ts';
import { QuerySlots } from './query-slots.ts';
import { TailSlots } from './tail-slots.ts';
import { AggregateMemory } from './aggregate-memory.ts';

/** The client that asks a question. */
export interface Asker {
  /** Queries are counted by it. */
  readonly caller: string;
  /** Aborted when the answer is no longer wanted. */
  readonly signal: AbortSignal;
  /** How long a query may take; QUERY_RUN_MS_MAX by default. Beyond: it ends with the error. */
  readonly time?: TimeLimit;
  /** Gets the cost so far of each of its queries; none by default. */
  readonly asked?: Readonly<QueryStatistics>[];
}

export interface TimeLimit {
  readonly ms: number;
  readonly error: () => Error;
}

/** A complete answer, and its cost. */
export interface Answered<T> {
  readonly answer: T;
  readonly statistics: Readonly<QueryStatistics>;
}

/** An answer that is read piece by piece, and its cost so far. It must be read to its end, or returned. */
export interface Answer<Piece> {
  readonly pieces: AsyncGenerator<Piece>;
  readonly statistics: Readonly<QueryStatistics>;
  /** The page of a search, known once its first piece is. */
  readonly page: Readonly<AnswerPage>;
}

/** What is wanted of lines that are stored from now on. */
export interface NewsAsked<S extends Sink> {
  readonly predicate: Predicate;
  readonly sink: S;
  readonly onDropped: (piece: PieceOf<S>) => void;
}

/** Turns and memory of queries, which several engines may share. */
export interface QueryBudgets {
  readonly slots: QuerySlots;
  readonly tailSlots: TailSlots;
  readonly answerRows: AnswerRows;
  readonly answerText: AnswerText;
  readonly aggregateMemory: AggregateMemory;
}

export function newQueryBudgets(): QueryBudgets {
  return {
    slots: new QuerySlots(),
    tailSlots: new TailSlots(),
    answerRows: new AnswerRows(),
    answerText: new AnswerText(),
    aggregateMemory: new AggregateMemory(),
  };
}

export interface QueryEngineOptions {
  /** By default, budgets of its own. */
  readonly budgets?: QueryBudgets;
  readonly runMsMax?: number;
  readonly viewHeldMsMax?: number;
  /** Runs that are known besides those that lines are of. */
  readonly begunRuns?: () => BegunRuns;
  /** Called with the cost of each query that has ended. */
  readonly onEnded?: (statistics: Readonly<QueryStatistics>) => void;
}

export class QueryEngine {
  readonly #reader: LogReader;
  readonly #view: () => LogView;
  readonly #time: TimeLimit;
  readonly #viewHeldMsMax: number;
  readonly #onEnded: (statistics: Readonly<QueryStatistics>) => void;
  /** Seals cursors. */
  readonly cursorKey: Uint8Array;
  readonly slots: QuerySlots;
  readonly tailSlots: TailSlots;
  readonly answerRows: AnswerRows;
  readonly answerText: AnswerText;
  readonly aggregateMemory: AggregateMemory;

  constructor(reader: LogReader, options: QueryEngineOptions = {}) {
    const { runMsMax = QUERY_RUN_MS_MAX, viewHeldMsMax = VIEW_HELD_MS_MAX, onEnded = () => {} } = options;
    const { begunRuns = () => new Map(), budgets = newQueryBudgets() } = options;
    this.slots = budgets.slots;
    this.tailSlots = budgets.tailSlots;
    this.answerRows = budgets.answerRows;
    this.answerText = budgets.answerText;
    this.aggregateMemory = budgets.aggregateMemory;
    this.#view = () => withPreviousRuns(reader.view(), begunRuns);
    this.#reader = reader;
    this.cursorKey = reader.cursorKey;
    this.#time = { ms: runMsMax, error: () => tooLong(runMsMax) };
    this.#viewHeldMsMax = viewHeldMsMax;
    this.#onEnded = onEnded;
  }

  /**
   * Answers a question as a whole. If it asks the view several times, all answers are of one instant, and within one turn.
   * @throws UnavailableError  too many queries wait, or hold too much
   * @throws QueryTooLargeError  it takes too long
   */
  async run<T>(asker: Asker, ask: (view: LogView, query: Query) => Promise<T>): Promise<Answered<T>> {
    const { query, inTurn } = this.#begin(asker);
    const answer = await inTurn(async () => {
      using view = this.#view();
      try {
        return await ask(view, query);
      } finally {
        this.#onEnded(query.statistics);
      }
    });
    return { answer, statistics: query.statistics };
  }

  /**
   * Answers a question in pieces. Its turn ends with the first of them, because the rest is made as fast as its client
   * reads. The pieces throw what `run` throws.
   */
  stream<Piece>(asker: Asker, ask: (view: LogView, query: Query) => AsyncIterable<Piece>): Answer<Piece> {
    const { query, inTurn } = this.#begin(asker);
    return {
      pieces: inPieces(this.#onView(query, ask), inTurn),
      statistics: query.statistics,
      page: query.page,
    };
  }

  /**
   * Streams all lines that match, however long that takes: where it takes long, in several views, each of which goes on after
   * the last line of the one before. So a line that is stored meanwhile is in the answer if its place is still to come.
   * @param nowMs  no lines are much newer than that, except those that are stored already
   */
  streamAll<S extends Sink>(asker: Asker, plan: Plan, sink: S, nowMs: number): Answer<PieceOf<S>> {
    const { query, inTurn } = this.#begin(asker);
    return {
      pieces: inPieces(this.#inViews(query, { ...plan, limit: Infinity }, sink, nowMs), inTurn),
      statistics: query.statistics,
      page: query.page,
    };
  }

  /**
   * Follows a query: its history, in its turn as any search, and then its news.
   * @throws UnavailableError  there are too many; whatever else goes wrong, the pieces throw
   */
  follow<S extends Sink>(asker: Asker, plan: Plan, sink: S): Answer<PieceOf<S>> {
    const { query, inTurn, following, leave } = this.#join(asker, plan, sink);
    const hasHistory = plan.limit > 0 || plan.after !== undefined;
    const parts = hasHistory ? [inPieces(following.history, inTurn), following.news] : [following.news];
    return { pieces: untilLeft(parts, leave), statistics: query.statistics, page: query.page };
  }

  /**
   * Follows a query after the answer to another question, about the lines that were stored when it began. It has joined when this
   * returns; the answer must be waited for before the news are read, and these must be read to their end, or returned.
   * @param onDropped  gets what the asker reads too slowly for
   * @throws UnavailableError  there are too many; whatever else goes wrong, what is returned throws
   */
  followAfter<T, S extends Sink>(
    asker: Asker,
    ask: (view: LogView, query: Query) => Promise<T>,
    { predicate, sink, onDropped }: NewsAsked<S>,
  ): { readonly history: () => Promise<T>; readonly news: () => AsyncGenerator<PieceOf<S>> } {
    const plan = { ...planForAll(predicate), limit: 0 };
    const { query, inTurn, following, leave } = this.#join(asker, plan, sink, onDropped);
    return {
      history: () => inTurn(() => ask(following.view, query)),
      news: () => untilLeft([following.news], leave),
    };
  }

  /** Takes a slot, and the place among the tails, until it is left. */
  #join<S extends Sink>(
    asker: Asker,
    plan: Plan,
    sink: S,
    onDropped?: (piece: PieceOf<S>) => void,
  ): Joined<PieceOf<S>> {
    const { query, inTurn } = this.#begin(asker);
    using undo = new DisposableStack();
    undo.use(this.tailSlots.take(asker.caller));
    const following = undo.adopt(this.#reader.follow(plan, sink, query, onDropped), (each) => each.leave());
    undo.defer(() => this.#onEnded(query.statistics));
    const held = undo.move();
    const leave = (): void => {
      asker.signal.removeEventListener('abort', leave);
      held.dispose();
    };
    // Where the client is gone before anything was read, nothing else ends it.
    asker.signal.addEventListener('abort', leave, { once: true });
    if (asker.signal.aborted) leave();
    return { query, inTurn, following, leave };
  }

  /** Takes the view when the first piece is requested, and holds it until the last. */
  async *#onView<Piece>(
    query: Query,
    ask: (view: LogView, query: Query) => AsyncIterable<Piece>,
  ): AsyncGenerator<Piece> {
    using view = this.#view();
    try {
      yield* ask(view, query);
    } finally {
      this.#onEnded(query.statistics);
    }
  }

  async *#inViews<S extends Sink>(query: Query, plan: Plan, sink: S, nowMs: number): AsyncGenerator<PieceOf<S>> {
    const newest = instantOfMs(nowMs + ANSWER_CLOCK_AHEAD_MS_MAX);
    const to = plan.to === undefined || plan.to > newest ? newest : plan.to;
    try {
      for (let part: Plan | undefined = plan; part !== undefined;) {
        using view = this.#view();
        const untilMs = performance.now() + this.#viewHeldMsMax;
        let next: Plan | undefined;
        for await (const piece of view.search(part, sink, query)) {
          yield piece;
          if (performance.now() < untilMs) continue;
          next = { ...plan, to, after: query.page.last! };
          break;
        }
        part = next;
      }
    } finally {
      this.#onEnded(query.statistics);
    }
  }

  /** Makes a query for the store, and a turn for its work, which ends with the asker and with its time. */
  #begin({ caller, signal, time = this.#time, asked }: Asker): { query: Query; inTurn: InTurn } {
    // AbortSignal.any would take longer than everything else here.
    const end = new AbortController();
    signal.addEventListener('abort', () => end.abort(signal.reason), { once: true });
    if (signal.aborted) end.abort(signal.reason);
    const budget: QueryBudget = {
      answerRows: this.answerRows,
      answerText: this.answerText,
      memory: this.aggregateMemory,
    };
    const query: Query = {
      signal: end.signal,
      budget,
      statistics: newStatistics(),
      page: newPage(),
    };
    asked?.push(query.statistics);
    const inTurn: InTurn = (work) =>
      this.slots.run(caller, signal, async () => {
        const timer = setTimeout(() => end.abort(time.error()), time.ms);
        try {
          // A store may take a moment to see that it need not go on; the turn of the others does not wait for it.
          return await untilAborted(query.signal, work());
        } finally {
          clearTimeout(timer);
        }
      });
    return { query, inTurn };
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A live tail that has a slot. */
interface Joined<Piece> {
  readonly query: Query;
  readonly inTurn: InTurn;
  readonly following: Following<Piece>;
  /** A second call does nothing. */
  readonly leave: () => void;
}

/** Waits for the first piece within a turn. */
async function* inPieces<Piece>(all: AsyncIterable<Piece>, inTurn: InTurn): AsyncGenerator<Piece> {
  const pieces = all[Symbol.asyncIterator]();
  try {
    let piece = await inTurn(() => pieces.next());
    for (; piece.done !== true; piece = await pieces.next()) yield piece.value;
  } finally {
    await pieces.return?.();
  }
}

/** @throws the signal's reason, as soon as it is given */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function tooLong(runMsMax: number): QueryTooLargeError {
  return new QueryTooLargeError(
    `this query took longer than ${runMsMax / 1000} s: narrow its time range or its filters`,
  );
}

/** Yields what the parts have, one after the other, and leaves when they end or the reader does. */
async function* untilLeft<T>(parts: readonly AsyncIterable<T>[], leave: () => void): AsyncGenerator<T> {
  try {
    for (const part of parts) yield* part;
  } finally {
    leave();
  }
}

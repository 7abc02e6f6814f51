/**
 * A live tail: the last lines that match, then every matching line as its batch becomes durable. Exact as long as the
 * client keeps up: nothing is missed or doubled between the two, because the tail's history is what was stored when it
 * joined the others.
 */
import { NS_PER_DAY, NS_PER_MS } from '../../../../shared/time.ts';
import { TAIL_LATE_MS_MAX } from '../../../limits.ts';
import type { Cursor } from '../../../store/cursor.ts';
import type { Following } from '../../../store/log-store.ts';
import type { Plan } from '../../../store/search-plan.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { SelectedRows } from '../scan/top-rows.ts';
import type { AnswerOptions } from '../search/answer.ts';
import type { LiveTail } from './live-tail.ts';

export interface HistorySearches<Piece> {
  /** Runs `answerBest`. */
  readonly answerBest: (rowGroups: readonly RowGroupRef[], plan: Plan, options: AnswerOptions) => AsyncIterable<Piece>;
  /** Runs `answerAll`. */
  readonly answerAll: (rowGroups: readonly RowGroupRef[], plan: Plan) => AsyncIterable<Piece>;
}

/**
 * @param plan  the plan with which the tail has joined; its direction is ignored: lines come oldest first; its limit
 *   is for the history, and ignored where the tail goes on after a line
 */
export function follow<Piece>(
  tail: LiveTail,
  plan: Plan,
  searches: HistorySearches<Piece>,
  signal: AbortSignal,
): Omit<Following<Piece>, 'view'> {
  return {
    history: historyOf(tail, plan, searches),
    news: newsOf(tail, signal),
    leave: () => tail.leave(),
  };
}

async function* historyOf<Piece>(
  tail: LiveTail,
  plan: Plan,
  { answerBest, answerAll }: HistorySearches<Piece>,
): AsyncGenerator<Piece> {
  const { rowGroups } = tail.history;
  const { after, ...rest } = plan;
  if (after === undefined) {
    const newest: Plan = { ...rest, direction: 'backward' };
    if (plan.limit > 0) yield* answerBest(rowGroups, newest, { arranged: oldestFirst });
    return;
  }
  const all: Plan = { ...rest, direction: 'forward', limit: Infinity };
  const parts = partsAfter(rowGroups, after);
  yield* answerAll(parts.mixed, { ...all, after: earlier(after, TAIL_LATE_MS_MAX) });
  yield* answerAll(parts.earlier, { ...all, after });
  yield* answerAll(parts.later, all);
}

interface Parts {
  /** Row groups that arrived with the line or before it. */
  readonly earlier: readonly RowGroupRef[];
  /** Row groups that arrived later: all of their lines are new, also older ones. */
  readonly later: readonly RowGroupRef[];
  /** Row groups of segments in which both are mixed, because the line was flushed. */
  readonly mixed: readonly RowGroupRef[];
}

function partsAfter(rowGroups: readonly RowGroupRef[], { arrival }: Cursor): Parts {
  const isInWal = ({ tiesFrom, indexed }: RowGroupRef): boolean => tiesFrom === undefined && indexed === undefined;
  const isFlushed = !rowGroups.some((group) => isInWal(group) && group.order <= arrival);
  const parts = Object.groupBy(rowGroups, (group) => {
    if ((group.tiesFrom ?? group.order) > arrival) return 'later';
    return isFlushed ? 'mixed' : 'earlier';
  });
  return { earlier: parts.earlier ?? [], later: parts.later ?? [], mixed: parts.mixed ?? [] };
}

function earlier({ day, timeNs, arrival }: Cursor, ms: number): Cursor {
  const at = timeNs - ms * NS_PER_MS;
  const days = Math.floor(at / NS_PER_DAY);
  return { day: day + days, timeNs: at - days * NS_PER_DAY, stream: 0, arrival };
}

async function* newsOf<Piece>(tail: LiveTail, signal: AbortSignal): AsyncGenerator<Piece> {
  tail.history.release();
  for (;;) yield (await tail.next(signal)) as Piece;
}

function oldestFirst(newest: SelectedRows): Pick<SelectedRows, 'length' | 'slice'> {
  return newest.slice(0, newest.length).toReversed();
}

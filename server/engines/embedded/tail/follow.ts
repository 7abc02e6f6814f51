/**
 * A live tail: the last lines that match, then every matching line as its batch becomes durable. Exact as long as the
 * client keeps up: nothing is missed or doubled between the two, because the tail's history is what was stored when it
 * joined the others.
 */
import type { Following } from '../../../store/log-store.ts';
import type { Plan } from '../../../store/search-plan.ts';
import type { RowGroupRef } from '../core/snapshot.ts';
import type { SelectedRows } from '../scan/top-rows.ts';
import type { SelectOptions } from '../search/answer.ts';
import type { LiveTail } from './live-tail.ts';

/** Runs `select`. */
export type SearchHistory<Piece> = (
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
  options: SelectOptions,
) => AsyncIterable<Piece>;

/**
 * @param plan  the plan with which the tail has joined; its direction is ignored: lines come oldest first; its limit
 *   is for the history
 */
export function follow<Piece>(
  tail: LiveTail,
  plan: Plan,
  searchHistory: SearchHistory<Piece>,
  signal: AbortSignal,
): Following<Piece> {
  return {
    history: historyOf(tail, plan, searchHistory),
    news: newsOf(tail, signal),
    leave: () => tail.leave(),
  };
}

async function* historyOf<Piece>(
  tail: LiveTail,
  plan: Plan,
  searchHistory: SearchHistory<Piece>,
): AsyncGenerator<Piece> {
  const newest: Plan = { ...plan, direction: 'backward' };
  if (plan.limit > 0) yield* searchHistory(tail.history.rowGroups, newest, { arranged: oldestFirst });
}

async function* newsOf<Piece>(tail: LiveTail, signal: AbortSignal): AsyncGenerator<Piece> {
  tail.history.release();
  for (;;) yield (await tail.next(signal)) as Piece;
}

function oldestFirst(newest: SelectedRows): Pick<SelectedRows, 'length' | 'slice'> {
  return newest.slice(0, newest.length).toReversed();
}

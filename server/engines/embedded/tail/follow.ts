/**
 * Live tail: the last lines that match, then every matching line as its batch becomes durable. Exact as long as the
 * client keeps up: nothing is missed or doubled between the two, because the tail's history is what was stored when it
 * joined the others.
 */
import type { Plan } from '../../../store/search-plan.ts';
import type { SelectedRows } from '../scan/top-rows.ts';
import type { RowGroupRef } from '../core/snapshot.ts';
import type { SelectOptions } from '../search/answer.ts';
import type { LiveTail } from './live-tail.ts';

/** Does `select`. */
export type SearchHistory = (
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
  options: SelectOptions,
) => AsyncIterable<Uint8Array>;

/**
 * @param plan  what the tail has joined with; its order is that of the history and is ignored: lines come oldest first; its
 * limit is for the history
 * @throws UnavailableError  the client reads too slowly; at the start, answers that are under way have too many rows
 */
export async function* follow(
  tail: LiveTail,
  plan: Plan,
  searchHistory: SearchHistory,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    if (plan.limit > 0) {
      const newest: Plan = { ...plan, order: 'newest' };
      yield* searchHistory(tail.history.rowGroups, newest, { arranged: oldestFirst });
    }
    tail.history.release();
    for (;;) yield await tail.next(signal);
  } finally {
    tail.leave();
  }
}

function oldestFirst(newest: SelectedRows): SelectedRows {
  return newest.slice(0, newest.length).toReversed();
}

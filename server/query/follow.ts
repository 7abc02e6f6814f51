/**
 * Live tail: the last lines that match, then every matching line as its batch becomes durable. Exact as long as the
 * client keeps up: nothing is missed or doubled between the two, because snapshot and subscription begin in one step.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { FOLLOW_BATCHES_WAITING_MAX } from '../limits.ts';
import type { AppendListener, RowGroupRef, Snapshot } from '../store/snapshot.ts';
import type { Plan } from '../store/scan/plan.ts';
import type { Format } from './render.ts';
import type { SelectedRows } from '../store/scan/top-rows.ts';
import { type QueryContext, select } from './answer.ts';

export interface FollowSource {
  snapshot(): Snapshot;
  onAppend(listener: AppendListener): () => void;
}

/** New row groups, and a snapshot that keeps their files readable until they have been scanned. */
interface Arrival {
  readonly rowGroups: readonly RowGroupRef[];
  readonly snapshot: Snapshot;
}

/**
 * @param plan  order is that of the history and is ignored: lines come oldest first; limit is for the history
 * @throws UnavailableError  the client reads too slowly; at the start, answers that are under way have too many rows
 */
export async function* follow(
  source: FollowSource,
  plan: Plan,
  format: Format,
  context: QueryContext,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const arrivals = new Arrivals(source, signal);
  try {
    if (plan.limit > 0) {
      const newest: Plan = { ...plan, order: 'newest' };
      yield* select(arrivals.history.rowGroups, newest, format, context, signal, { arranged: oldestFirst });
    }
    arrivals.history.release();
    for (;;) {
      const { rowGroups, snapshot } = await arrivals.next();
      try {
        const all: Plan = { ...plan, order: 'oldest', limit: Infinity };
        yield* select(rowGroups, all, format, context, signal, { isNews: true });
      } finally {
        snapshot.release();
      }
    }
  } finally {
    arrivals.close();
  }
}

function oldestFirst(newest: SelectedRows): SelectedRows {
  return newest.slice(0, newest.length).toReversed();
}

/** The queue between appends and one client. */
class Arrivals {
  readonly history: Snapshot;
  readonly #waiting: Arrival[] = [];
  readonly #signal: AbortSignal;
  readonly #unsubscribe: () => void;
  #wake: (() => void) | undefined;
  #overrun = false;

  constructor(source: FollowSource, signal: AbortSignal) {
    this.#signal = signal;
    this.history = source.snapshot();
    this.#unsubscribe = source.onAppend((rowGroups) => {
      if (this.#waiting.length < FOLLOW_BATCHES_WAITING_MAX) {
        this.#waiting.push({ rowGroups, snapshot: source.snapshot() });
      } else this.#overrun = true;
      this.#wake?.();
    });
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  async next(): Promise<Arrival> {
    for (;;) {
      this.#signal.throwIfAborted();
      const arrival = this.#waiting.shift();
      if (arrival !== undefined) return arrival;
      if (this.#overrun) throw new UnavailableError('this client reads slower than lines arrive: narrow the filter', 1);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#unsubscribe();
    this.history.release();
    for (const { snapshot } of this.#waiting) snapshot.release();
    this.#waiting.length = 0;
  }
}

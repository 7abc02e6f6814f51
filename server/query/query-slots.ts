/**
 * Limits how many queries search at once: in all, and of one caller. Further ones wait for a slot, each caller's in the
 * order of their arrival, and a free slot goes to the caller who has fewest. A slot is held until the first lines are
 * found; the rest of an answer is made as its client takes it.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { CallerAmounts } from '../caller-amounts.ts';
import {
  QUERIES_AT_ONCE_MAX,
  QUERIES_OF_CALLER_AT_ONCE_MAX,
  QUERIES_OF_CALLER_WAITING_MAX,
  QUERIES_WAITING_MAX,
  QUERY_WAIT_MS_MAX,
  RETRY_AFTER_QUEUE_SECONDS,
} from '../limits.ts';

interface WaitingQuery {
  readonly caller: string;
  readonly begin: () => void;
}

export class QuerySlots {
  readonly #running = new CallerAmounts();
  /** In the order of arrival. */
  readonly #waiting = new Set<WaitingQuery>();

  get runningCount(): number {
    return this.#running.sum;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Runs a query when there is a slot for it.
   * @throws UnavailableError  too many queries wait, or this one has waited too long
   */
  async run<T>(caller: string, signal: AbortSignal, query: () => Promise<T>): Promise<T> {
    using _ = await this.#enter(caller, signal);
    return await query();
  }

  /** Resolves with a slot, which is free again when it is disposed of. */
  async #enter(caller: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    // Queries that wait already go first.
    if (!this.#hasSlot(caller) || this.#waitingOf(caller) > 0) await this.#wait(caller, signal);
    else this.#running.add(caller, 1);
    return { [Symbol.dispose]: () => this.#leave(caller) };
  }

  #wait(caller: string, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= QUERIES_WAITING_MAX) throw tooMany(`${QUERIES_WAITING_MAX} queries are waiting already`);
    if (this.#waitingOf(caller) >= QUERIES_OF_CALLER_WAITING_MAX) {
      throw tooMany(`${QUERIES_OF_CALLER_WAITING_MAX} queries of ${caller} are waiting already`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { caller, begin: resolve };
    const giveUp = (error: unknown): void => {
      if (this.#waiting.delete(waiting)) reject(error);
    };
    const isGone = (): void => giveUp(signal.reason);
    const timer = setTimeout(
      () => giveUp(tooMany(`this query waited ${QUERY_WAIT_MS_MAX / 1000} s for its turn`)),
      QUERY_WAIT_MS_MAX,
    );
    signal.addEventListener('abort', isGone, { once: true });
    this.#waiting.add(waiting);
    return promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', isGone);
    });
  }

  #leave(caller: string): void {
    this.#running.add(caller, -1);
    this.#beginNext();
  }

  #beginNext(): void {
    let next: WaitingQuery | undefined;
    for (const waiting of this.#waiting) {
      if (!this.#hasSlot(waiting.caller)) continue;
      if (next === undefined || this.#running.of(waiting.caller) < this.#running.of(next.caller)) next = waiting;
    }
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running.add(next.caller, 1);
    next.begin();
  }

  #hasSlot(caller: string): boolean {
    return this.#running.sum < QUERIES_AT_ONCE_MAX && this.#running.of(caller) < QUERIES_OF_CALLER_AT_ONCE_MAX;
  }

  #waitingOf(caller: string): number {
    let count = 0;
    for (const waiting of this.#waiting) if (waiting.caller === caller) count++;
    return count;
  }
}

function tooMany(what: string): UnavailableError {
  return new UnavailableError(`${what}: retry later, or send fewer at once`, RETRY_AFTER_QUEUE_SECONDS);
}

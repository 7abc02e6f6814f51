/**
 * What erasures are doing now, and their turns among the maintenance of the store: compaction, retention and backups. The
 * store rejects turns when it closes; their jobs continue after the next start.
 */
import { UnavailableError } from '../../../../../shared/errors.ts';
import type { Store } from '../../core/store.ts';

export class Turns {
  readonly #store: Pick<Store, 'maintain'>;
  readonly #running = new Set<Promise<void>>();

  constructor(store: Pick<Store, 'maintain'>) {
    this.#store = store;
  }

  /**
   * Takes turns until a step returns false. Each segment takes one of its own: a large store takes long, and the jobs that
   * limit its size and number of segments must run meanwhile.
   */
  repeat(step: (closing: AbortSignal) => Promise<boolean>): Promise<void> {
    return this.track(this.#repeat(step));
  }

  async #repeat(step: (closing: AbortSignal) => Promise<boolean>): Promise<void> {
    while (await this.#store.maintain(step));
  }

  /** Runs a step beside which no backup is made or removed. */
  once(step: () => Promise<void>): Promise<void> {
    return this.track(this.#store.maintain(step));
  }

  /** Counts as running until it settles, whether or not it takes turns. */
  track(running: Promise<void>): Promise<void> {
    const tracked = running
      .catch((err: unknown) => {
        if (!(err instanceof UnavailableError)) throw err;
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

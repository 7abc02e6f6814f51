/** Limits the memory of the tables of all running aggregations and facets: each is bounded, and so is their sum. */
import { UnavailableError } from '../../shared/errors.ts';
import { AGGREGATE_BYTES_MAX, RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';
import type { MemoryBudget, MemoryShare } from '../store/query-budget.ts';

export class AggregateMemory implements MemoryBudget {
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  share(): MemoryShare {
    let shareBytes = 0;
    const hold = (bytes: number): void => {
      shareBytes += bytes;
      this.#heldBytes += bytes;
    };
    return {
      add: (bytes) => {
        hold(bytes);
        if (this.#heldBytes <= AGGREGATE_BYTES_MAX) return;
        const message = `aggregations and lists of fields that run now hold more than ${AGGREGATE_BYTES_MAX} bytes: retry later, or ask for fewer groups or names`;
        throw new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS);
      },
      [Symbol.dispose]: () => hold(-shareBytes),
    };
  }
}

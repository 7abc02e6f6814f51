/**
 * Limits the rows that the searches of all clients hold, from the moment that they may find them until their client has
 * taken the answer: each search is bounded by its limit, and so is their sum.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { ANSWER_ROWS_FEW, ANSWER_ROWS_HELD_MAX, RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';
import type { HeldRows, RowBudget } from '../store/query-budget.ts';

export class AnswerRows implements RowBudget {
  #held = 0;

  get held(): number {
    return this.#held;
  }

  reserve(rowsMax: number): HeldRows {
    if (rowsMax > ANSWER_ROWS_FEW && this.#held + rowsMax > ANSWER_ROWS_HELD_MAX) {
      const message = `too many rows in flight (at most ${ANSWER_ROWS_HELD_MAX}): retry later, or lower limit`;
      throw new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS);
    }
    let held = 0;
    const keep = (rows: number): void => {
      this.#held += rows - held;
      held = rows;
    };
    keep(rowsMax);
    return { keep, [Symbol.dispose]: () => keep(0) };
  }
}

/** Limits live tails: in all, and of one caller. Unlike queries they do not wait for a slot, because most never end. */
import { UnavailableError } from '../../shared/errors.ts';
import { CallerAmounts } from '../caller-amounts.ts';
import { RETRY_AFTER_TAILS_SECONDS, TAILS_MAX, TAILS_OF_CALLER_MAX } from '../limits.ts';

export class TailSlots {
  readonly #tails = new CallerAmounts();

  get count(): number {
    return this.#tails.sum;
  }

  /**
   * @returns frees the slot when it is disposed of; a second time does nothing
   * @throws UnavailableError  there are too many
   */
  take(caller: string): Disposable {
    if (this.#tails.sum >= TAILS_MAX) {
      throw tooMany(`${TAILS_MAX} live tails are open, the most that this server allows: end one, or retry later`);
    }
    if (this.#tails.of(caller) >= TAILS_OF_CALLER_MAX) {
      throw tooMany(
        `${caller} has ${TAILS_OF_CALLER_MAX} live tails open, the most that one caller may have: end one first`,
      );
    }
    this.#tails.add(caller, 1);
    const slot = new DisposableStack();
    slot.defer(() => this.#tails.add(caller, -1));
    return slot;
  }
}

function tooMany(message: string): UnavailableError {
  return new UnavailableError(message, RETRY_AFTER_TAILS_SECONDS);
}

/** Limits live tails: in all, and of one caller. Unlike queries they do not wait for a slot, because most never end. */
import { UnavailableError } from '../../shared/errors.ts';
import { RETRY_AFTER_TAILS_SECONDS, TAILS_MAX, TAILS_OF_CALLER_MAX } from '../limits.ts';

export class TailSlots {
  /** By caller; absent if 0. */
  readonly #tails = new Map<string, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * @returns frees the slot when it is disposed of; a second time does nothing
   * @throws UnavailableError  there are too many
   */
  take(caller: string): Disposable {
    if (this.#count >= TAILS_MAX) {
      throw tooMany(`${TAILS_MAX} live tails are open, the most that this server allows: end one, or retry later`);
    }
    const own = this.#tails.get(caller) ?? 0;
    if (own >= TAILS_OF_CALLER_MAX) {
      throw tooMany(
        `${caller} has ${TAILS_OF_CALLER_MAX} live tails open, the most that one caller may have: end one first`,
      );
    }
    this.#tails.set(caller, own + 1);
    this.#count++;
    const slot = new DisposableStack();
    slot.defer(() => this.#end(caller));
    return slot;
  }

  #end(caller: string): void {
    this.#count--;
    const left = this.#tails.get(caller)! - 1;
    if (left > 0) this.#tails.set(caller, left);
    else this.#tails.delete(caller);
  }
}

function tooMany(message: string): UnavailableError {
  return new UnavailableError(message, RETRY_AFTER_TAILS_SECONDS);
}

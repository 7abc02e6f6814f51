/**
 * Limits the bytes of bodies in memory, in all and of one caller: they are the server's largest use of memory. A body
 * counts with the bytes that have arrived, from a caller that the guard has let in, until it is answered: announced
 * bytes cost nothing, and neither does a request that is refused.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { CallerAmounts } from '../caller-amounts.ts';
import { BODIES_IN_FLIGHT_BYTES_MAX, BODIES_OF_CALLER_BYTES_MAX, RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';

/** What has arrived of one body; given back when it is disposed of. */
export interface HeldBody extends Disposable {
  /** So much more has arrived. @throws UnavailableError */
  take(bytes: number): void;
}

export class BodyBudget {
  readonly #heldBytes = new CallerAmounts();

  get heldBytes(): number {
    return this.#heldBytes.sum;
  }

  /**
   * Begins a body, of which nothing is held yet.
   * @throws UnavailableError  a body of the declared size would not fit beside those that have arrived
   */
  begin(caller: string, declaredBytes: number): HeldBody {
    this.#expect(caller, declaredBytes);
    let heldBytes = 0;
    return {
      take: (bytes) => {
        this.#expect(caller, bytes);
        this.#heldBytes.add(caller, bytes);
        heldBytes += bytes;
      },
      [Symbol.dispose]: () => {
        this.#heldBytes.add(caller, -heldBytes);
        heldBytes = 0;
      },
    };
  }

  #expect(caller: string, bytes: number): void {
    const isWithin = this.#heldBytes.sum + bytes <= BODIES_IN_FLIGHT_BYTES_MAX;
    if (isWithin && this.#heldBytes.of(caller) + bytes <= BODIES_OF_CALLER_BYTES_MAX) return;
    const limits = `${BODIES_IN_FLIGHT_BYTES_MAX} bytes in all, ${BODIES_OF_CALLER_BYTES_MAX} of one caller`;
    const message = `too many request bodies in flight (at most ${limits}): retry later`;
    throw new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS);
  }
}

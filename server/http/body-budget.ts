/**
 * Bodies are the server's largest use of memory, so their sum is bounded, and so is what one caller has of it. A body
 * counts for the bytes of it that have arrived, from a caller that the guard has let in, until it is answered: what is
 * announced costs nothing, and neither does a request that is refused.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { BODIES_IN_FLIGHT_BYTES_MAX, BODIES_OF_CALLER_BYTES_MAX, RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';

/** What has arrived of one body; given back when it is disposed of. */
export interface HeldBody extends Disposable {
  /** So much more has arrived. @throws UnavailableError */
  take(bytes: number): void;
}

export class BodyBudget {
  #heldBytes = 0;
  readonly #heldBytesOf = new Map<string, number>();

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * A body that is to come. Nothing is held of it yet.
   * @throws UnavailableError  one of the size that is declared would not fit beside what has arrived already
   */
  begin(caller: string, declaredBytes: number): HeldBody {
    this.#expect(caller, declaredBytes);
    let heldBytes = 0;
    return {
      take: (bytes) => {
        this.#expect(caller, bytes);
        this.#hold(caller, bytes);
        heldBytes += bytes;
      },
      [Symbol.dispose]: () => {
        this.#hold(caller, -heldBytes);
        heldBytes = 0;
      },
    };
  }

  #expect(caller: string, bytes: number): void {
    const ofCaller = this.#heldBytesOf.get(caller) ?? 0;
    if (this.#heldBytes + bytes <= BODIES_IN_FLIGHT_BYTES_MAX && ofCaller + bytes <= BODIES_OF_CALLER_BYTES_MAX) return;
    const limits = `${BODIES_IN_FLIGHT_BYTES_MAX} bytes in all, ${BODIES_OF_CALLER_BYTES_MAX} of one caller`;
    const message = `too many request bodies in flight (at most ${limits}): wait, and send this one again`;
    throw new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS);
  }

  #hold(caller: string, bytes: number): void {
    this.#heldBytes += bytes;
    const ofCaller = (this.#heldBytesOf.get(caller) ?? 0) + bytes;
    if (ofCaller > 0) this.#heldBytesOf.set(caller, ofCaller);
    else this.#heldBytesOf.delete(caller);
  }
}

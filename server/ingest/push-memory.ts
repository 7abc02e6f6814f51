/**
 * Limits the memory of decoding the bodies of all pushes at once, and of one caller. Bodies themselves are counted as
 * they arrive (http/body-budget.ts); their size says nothing about what they inflate to. Pushes beyond the budget wait
 * in the order of their arrival, each caller's separately.
 */
import { UnavailableError } from '../../shared/errors.ts';
import { CallerAmounts } from '../caller-amounts.ts';
import {
  PUSHES_DECODED_BYTES_MAX,
  PUSHES_OF_CALLER_DECODED_BYTES_MAX,
  PUSHES_WAITING_MAX,
  RETRY_AFTER_QUEUE_SECONDS,
} from '../limits.ts';

interface WaitingPush {
  readonly caller: string;
  readonly bytes: number;
  readonly begin: () => void;
}

export class PushMemory {
  readonly #heldBytes = new CallerAmounts();
  readonly #waiting = new Set<WaitingPush>();

  get heldBytes(): number {
    return this.#heldBytes.sum;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves once there is memory for a push, which it has until it is disposed of.
   * @throws UnavailableError  too many pushes wait
   */
  async reserve(caller: string, neededBytes: number): Promise<Disposable> {
    const bytes = Math.min(neededBytes, PUSHES_OF_CALLER_DECODED_BYTES_MAX);
    if (bytes > 0) await this.#take(caller, bytes);
    return { [Symbol.dispose]: () => this.#give(caller, bytes) };
  }

  async #take(caller: string, bytes: number): Promise<void> {
    if (this.#waiting.size >= PUSHES_WAITING_MAX) {
      throw new UnavailableError('too many pushes in progress: retry later', RETRY_AFTER_QUEUE_SECONDS);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add({ caller, bytes, begin: resolve });
    this.#beginWaiting();
    await promise;
  }

  #give(caller: string, bytes: number): void {
    this.#heldBytes.add(caller, -bytes);
    this.#beginWaiting();
  }

  #beginWaiting(): void {
    const full = new Set<string>();
    for (const push of this.#waiting) {
      const { caller, bytes, begin } = push;
      // Later ones of this caller wait, too, or large ones would never have their turn.
      if (full.has(caller) || this.#heldBytes.of(caller) + bytes > PUSHES_OF_CALLER_DECODED_BYTES_MAX) {
        full.add(caller);
        continue;
      }
      if (this.#heldBytes.sum + bytes > PUSHES_DECODED_BYTES_MAX) return;
      this.#waiting.delete(push);
      this.#heldBytes.add(caller, bytes);
      begin();
    }
  }
}

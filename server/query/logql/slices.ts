/** Long work on the main thread in slices, between which others have their turn and a client's leaving is seen. */
import { LOGQL_SLICE_MS } from '../../limits.ts';

export class Slices {
  readonly #signal: AbortSignal;
  #untilMs = performance.now() + LOGQL_SLICE_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() > this.#untilMs;
  }

  /** @throws the signal's reason */
  async pause(): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise(setImmediate);
    this.#signal.throwIfAborted();
    this.#untilMs = performance.now() + LOGQL_SLICE_MS;
  }
}

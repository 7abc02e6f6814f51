/**
 * Time in a simulation: it stands still while code runs and moves on to the next event when nothing is left to run. No
 * real timer is involved, so a run takes the same course however slow the machine is. What waits for nothing that will
 * come is found at once: there is no further event.
 */

interface Event {
  readonly atMs: number;
  /** Events of one instant happen in the order in which they were asked for. */
  readonly number: number;
  readonly resolve: () => void;
}

/** Owns the queue of events and the wall clock. */
export class VirtualTime {
  readonly #startMs: number;
  #events: Event[] = [];
  #count = 0;
  #elapsedMs = 0;
  #passedMs = 0;
  #skewMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** The wall clock, epoch milliseconds: it may be set. */
  readonly now = (): number => Math.floor(this.#startMs + this.monotonicMs() + this.#skewMs);

  /** The time that has gone by, however the wall clock was set. */
  readonly monotonicMs = (): number => this.#elapsedMs + this.#passedMs;

  /** How far the wall clock is ahead of the truth. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Sets the wall clock; what waits is not concerned. */
  setClock(byMs: number): void {
    this.#skewMs += byMs;
  }

  /** So much time goes by, whatever waits. */
  pass(ms: number): void {
    this.#passedMs += ms;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const event = { atMs: this.#elapsedMs + ms, number: this.#count++, resolve };
      let at = this.#events.length;
      while (at > 0 && this.#events[at - 1]!.atMs <= event.atMs) at--;
      this.#events.splice(at, 0, event);
    });
  }

  /** Lets the next event happen, and all code that it sets off run. @returns false when there is none */
  async step(): Promise<boolean> {
    await microtasksDone();
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.#elapsedMs = event.atMs;
    event.resolve();
    await microtasksDone();
    return true;
  }

  /** What waits, waits for ever: its process is gone. */
  forgetAll(): void {
    this.#events = [];
  }
}

/** Node runs all microtasks before an immediate, so nothing that could run is left; the loop itself has no I/O. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Holds back the log of `podlog up` until the address of the page was printed: a person who has just started it looks for that line.
 * For a start that takes long, or fails, the log says why, so it is not held for longer than HELD_MS_MAX.
 */
import { HELD_LINES_MAX, HELD_MS_MAX } from './limits.ts';
import type { LogOutput } from './log.ts';

/** Owns what is held back. */
export class HeldOutput implements LogOutput {
  readonly #output: LogOutput;
  #held: string[] | undefined = [];
  readonly #timer: NodeJS.Timeout;

  constructor(output: LogOutput, heldMsMax = HELD_MS_MAX) {
    this.#output = output;
    this.#timer = setTimeout(() => this.release(), heldMsMax);
  }

  get isTTY(): boolean {
    return this.#output.isTTY === true;
  }

  write(text: string): unknown {
    if (this.#held === undefined) return this.#output.write(text);
    if (this.#held.push(text) >= HELD_LINES_MAX) this.release();
    return true;
  }

  /** Writes what was held back, and from now on everything at once. */
  release(): void {
    clearTimeout(this.#timer);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const text of held) this.#output.write(text);
  }
}

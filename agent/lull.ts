/**
 * When a busy time is over. What it has left in memory is given back then: a node is quiet for most of its time, and a
 * batch of the largest size takes seven megabytes to build.
 */
import { LARGE_BATCH_BYTES, LULL_MS } from './limits.ts';

/** Owns the time of the last large batch. */
export class Lull {
  #busyMs: number | undefined;

  /** @param nowMs  a start is a busy time */
  constructor(nowMs: number) {
    this.#busyMs = nowMs;
  }

  /** @param lineBytes  of a batch that was built */
  note(lineBytes: number, nowMs: number): void {
    if (lineBytes >= LARGE_BATCH_BYTES) this.#busyMs = nowMs;
  }

  /** True once after each busy time. */
  begins(nowMs: number): boolean {
    if (this.#busyMs === undefined || nowMs - this.#busyMs < LULL_MS) return false;
    this.#busyMs = undefined;
    return true;
  }
}

/**
 * Detects the end of a burst, so that its memory can be released: a node is quiet for most of its time, and a batch of the
 * largest size takes seven megabytes to build.
 */
import { IDLE_AFTER_MS, LARGE_BATCH_BYTES } from './limits.ts';

/** Owns the time of the last large batch. */
export class IdleDetector {
  #busyMs: number | undefined;

  /** @param nowMs  a start counts as a burst */
  constructor(nowMs: number) {
    this.#busyMs = nowMs;
  }

  /** @param lineBytes  size of a batch that was built */
  note(lineBytes: number, nowMs: number): void {
    if (lineBytes >= LARGE_BATCH_BYTES) this.#busyMs = nowMs;
  }

  /** True once after each burst. */
  begins(nowMs: number): boolean {
    if (this.#busyMs === undefined || nowMs - this.#busyMs < IDLE_AFTER_MS) return false;
    this.#busyMs = undefined;
    return true;
  }
}

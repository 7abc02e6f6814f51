/** The memory of pending lines: counts their bytes, and keeps a few buffers for reuse. */
import { LINE_BYTES_MAX } from '../limits.ts';
import type { PendingLine } from '../files/pending-line.ts';

/** Most pending lines are short lines of text that wait for a moment, one for each stream. */
const CAPACITY_MIN = 4 * 1024;
const SPARES_MAX = 64;

/** Owns the memory of pending lines. */
export class LineBufferPool {
  readonly #spares: Buffer[] = [];
  #heldBytes = 0;

  /** Bytes of all buffers that are in use. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  acquire(): Buffer {
    this.#heldBytes += CAPACITY_MIN;
    return this.#spares.pop() ?? Buffer.allocUnsafeSlow(CAPACITY_MIN);
  }

  /** Appends a fragment to a line. The caller has checked that the line does not become too long. */
  append(line: PendingLine, bytes: Buffer, start: number, end: number): void {
    const needed = line.length + end - start;
    if (needed > line.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, line.bytes.length * 2), 2 * LINE_BYTES_MAX));
      line.bytes.copy(larger, 0, 0, line.length);
      this.release(line.bytes);
      this.#heldBytes += larger.length;
      line.bytes = larger;
    }
    bytes.copy(line.bytes, line.length, start, end);
    line.length = needed;
  }

  release(bytes: Buffer): void {
    this.#heldBytes -= bytes.length;
    if (bytes.length === CAPACITY_MIN && this.#spares.length < SPARES_MAX) this.#spares.push(bytes);
  }
}

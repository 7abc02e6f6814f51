/** Memory for the codes of folded values while the patterns of a row group's lines are found (line-patterns.ts). */
import { FOLDED_CODES_KEPT_BYTES_MAX } from '../../../limits.ts';

/** One row group after the other is folded in it, so that none is asked for and thrown away for each. */
export class FoldingMemory {
  #codes = new Uint32Array(0);
  #lent = 0;

  /** Makes all that was lent free to be lent again. */
  release(): void {
    const wanted = Math.min(this.#lent, FOLDED_CODES_KEPT_BYTES_MAX / Uint32Array.BYTES_PER_ELEMENT);
    if (wanted > this.#codes.length) this.#codes = new Uint32Array(wanted);
    this.#lent = 0;
  }

  /** Lends an array, of any content. */
  lend(size: number): Uint32Array {
    const from = this.#lent;
    this.#lent += size;
    return this.#lent <= this.#codes.length ? this.#codes.subarray(from, from + size) : new Uint32Array(size);
  }
}

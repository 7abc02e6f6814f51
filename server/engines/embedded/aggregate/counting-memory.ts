/**
 * Memory that a worker counts one row group after the other in, so that none is asked for and thrown away for each. What
 * is lent is good until it is lent again, so a thread works on one row group at a time. It grows to what the largest row
 * group takes: a few bytes a row, and 4 for each of up to AGGREGATE_COMBINATIONS_MAX codes.
 */
import { ValueKeys } from './value-keys.ts';

export class CountingMemory {
  readonly keys = new ValueKeys();
  #selected = new Uint8Array(0);
  #codes: Uint32Array[] = [];
  #measured: Uint32Array[] = [];
  #numbers: Float64Array[] = [];
  #marks: Uint8Array<ArrayBuffer>[] = [];
  #chosen: Int32Array[] = [];
  #totals = new Uint32Array(0);
  #used = new Uint32Array(0);
  #values = new Int32Array(0);
  #groups = new Int32Array(0);
  #rowGroups = new Int32Array(0);

  /** By row. */
  selected(size: number): Uint8Array<ArrayBuffer> {
    if (this.#selected.length < size) this.#selected = new Uint8Array(size);
    return this.#selected.subarray(0, size);
  }

  /** By code: zeros. */
  totals(size: number): Uint32Array {
    if (this.#totals.length < size) this.#totals = new Uint32Array(size);
    return this.#totals.subarray(0, size).fill(0);
  }

  /**
   * Returns a function that lends memory for codes, each time a different one. Memory that was lent before this call is
   * no longer in use.
   */
  lender(): (size: number) => Uint32Array {
    return lenderOf(this.#codes, (size) => new Uint32Array(size));
  }

  /** The same for what measures need. */
  measuresLender(): (size: number) => Uint32Array {
    return lenderOf(this.#measured, (size) => new Uint32Array(size));
  }

  /** Does the same for numbers. */
  numbersLender(): (size: number) => Float64Array {
    return lenderOf(this.#numbers, (size) => new Float64Array(size));
  }

  /** Does the same for masks, by row. */
  marksLender(): (size: number) => Uint8Array<ArrayBuffer> {
    return lenderOf(this.#marks, (size) => new Uint8Array(size));
  }

  /** Does the same for groups, by row. */
  groupsLender(): (size: number) => Int32Array {
    return lenderOf(this.#chosen, (size) => new Int32Array(size));
  }

  /** Codes that some rows have. */
  used(size: number): Uint32Array {
    if (this.#used.length < size) this.#used = new Uint32Array(size);
    return this.#used.subarray(0, size);
  }

  /** By used code. */
  values(size: number): Int32Array {
    if (this.#values.length < size) this.#values = new Int32Array(size);
    return this.#values.subarray(0, size);
  }

  /** By code: −1. */
  groups(size: number): Int32Array {
    if (this.#groups.length < size) this.#groups = new Int32Array(size);
    return this.#groups.subarray(0, size).fill(-1);
  }

  /** By row. */
  groupOfRows(size: number): Int32Array {
    if (this.#rowGroups.length < size) this.#rowGroups = new Int32Array(size);
    return this.#rowGroups.subarray(0, size);
  }
}

function lenderOf<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(
  memory: T[],
  make: (size: number) => T,
): (size: number) => T {
  let lent = 0;
  return (size) => {
    const at = lent++;
    if (memory[at] === undefined || memory[at].length < size) memory[at] = make(size);
    return memory[at].subarray(0, size) as T;
  };
}

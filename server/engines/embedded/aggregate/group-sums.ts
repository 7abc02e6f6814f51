/** Sums by group, for the measures that add up. Groups are numbers below `groupCount`, which may grow from call to call. */
import { newArray } from './array-pool.ts';
import { copyInto, powerOfTwo } from './hash-slots.ts';

export type Sums = Float64Array<ArrayBuffer>;

const GROUPS_AT_FIRST = 16;

export class GroupSums {
  #sums: Sums;

  /** @param sums  of groups that are no longer used elsewhere */
  constructor(sums: Sums = new Float64Array(GROUPS_AT_FIRST)) {
    this.#sums = sums;
  }

  /** Returns the sums, with room for all groups; valid until there are more. */
  reserve(groupCount: number): Sums {
    if (groupCount > this.#sums.length) {
      this.#sums = copyInto(newArray(Float64Array<ArrayBuffer>, powerOfTwo(GROUPS_AT_FIRST, groupCount)), this.#sums);
    }
    return this.#sums;
  }

  /**
   * Adds others.
   * @param moved  by group there: its number here, or −1
   */
  addAll(others: Sums, moved: Int32Array, groupCount: number): void {
    const sums = this.reserve(groupCount);
    for (const [group, to] of moved.entries()) if (to >= 0) sums[to]! += others[group] ?? 0;
  }

  /** By group. */
  all(groupCount: number): Sums {
    return this.reserve(groupCount).slice(0, groupCount);
  }

  state(): Sums {
    return this.#sums;
  }
}

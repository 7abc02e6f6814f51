/**
 * All streams that the process has seen, each label set once: thousands of row groups share a few label sets, and equal
 * sets can be compared by identity. Grows with the number of distinct streams and never shrinks before a restart.
 */
import { type Labels, labelsKey } from '../../shared/labels.ts';

export class StreamTable {
  readonly #byKey = new Map<string, Labels>();

  get size(): number {
    return this.#byKey.size;
  }

  /** The one object for all label sets that equal this one. */
  intern(labels: Labels): Labels {
    const key = labelsKey(labels);
    let interned = this.#byKey.get(key);
    if (interned === undefined) {
      interned = Object.freeze({ ...labels });
      this.#byKey.set(key, interned);
    }
    return interned;
  }
}

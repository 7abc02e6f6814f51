/** Limits the decoded data that a merge keeps: a number of bytes over all of its open row groups. */
import type { DecodedCache } from './decoded-cache.ts';

/**
 * First come, first kept. A merge reads the columns of its groups in the same order for each output group; an LRU cache
 * would evict exactly those columns that are needed next.
 */
export class DecodedBudget {
  #leftBytes: number;

  constructor(bytesMax: number) {
    this.#leftBytes = bytesMax;
  }

  /**
   * Returns a cache for one row group, and a function that releases its share. System columns (parts below 0) are
   * always kept.
   */
  open(): { cache: DecodedCache; release: () => void } {
    const parts = new Map<number, object>();
    let usedBytes = 0;
    const cache: DecodedCache = {
      get: (part) => parts.get(part),
      set: (part, decoded, memoryBytes) => {
        if (part >= 0 && memoryBytes > this.#leftBytes) return;
        parts.set(part, decoded);
        this.#leftBytes -= memoryBytes;
        usedBytes += memoryBytes;
      },
    };
    const release = (): void => {
      this.#leftBytes += usedBytes;
      usedBytes = 0;
      parts.clear();
    };
    return { cache, release };
  }
}

/**
 * Decoded columns, and what else is decoded of row groups. Those that there is no room for pass: they are kept until another
 * row group is read. While a row group is visited, parts that will pass take turns in the same memory.
 */
import { LRUCache } from 'lru-cache';
import type { DecodedCache } from '../../../../shared/row-group/decoded-cache.ts';
import { PartMemory } from '../../../../shared/row-group/pages/part-memory.ts';
import {
  DECODED_PARTS_KNOWN_MAX,
  PASSING_MEMORY_BYTES_MAX,
  PASSING_PARTS_BYTES_MAX,
  WORKER_CACHE_BYTES_MAX,
} from '../../../limits.ts';
import { KeptParts } from './kept-parts.ts';

export class DecodedParts {
  readonly #kept = new KeptParts<object>(WORKER_CACHE_BYTES_MAX, DECODED_PARTS_KNOWN_MAX);
  /** Parts of one row group. */
  readonly #passing = new LRUCache<string, { readonly part: object; readonly bytes: number }>({
    maxSize: PASSING_PARTS_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  #passingGroup = '';
  readonly #memory = new PartMemory(PASSING_MEMORY_BYTES_MAX);
  /** The row group whose parts are in that memory, and which of them are. */
  #memoryGroup = '';
  readonly #inMemory = new Set<string>();
  #visited: string | undefined;

  /** Returns the cache of a row group. @param group  its name */
  of(group: string): DecodedCache {
    return {
      get: (part) => this.#kept.get(`${group}#${part}`) ?? this.#passing.get(`${group}#${part}`)?.part,
      set: (part, decoded, memoryBytes) => this.#add(group, `${group}#${part}`, decoded, memoryBytes + 1),
      memoryFor: (part) => (this.#visited === group ? this.#memoryFor(`${group}#${part}`) : undefined),
    };
  }

  /** Runs work on one row group, whose result does not refer to parts of it: those may be gone with the next visit. */
  visit<T>(group: string, work: () => T): T {
    if (this.#visited !== undefined)
      throw new RangeError('BUG: a row group is visited during the visit of another one');
    if (this.#memoryGroup !== group) {
      if (this.#passingGroup === this.#memoryGroup) this.#passing.clear();
      this.#inMemory.clear();
      this.#memory.reset();
      this.#memoryGroup = group;
    }
    this.#visited = group;
    try {
      return work();
    } finally {
      this.#visited = undefined;
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#passing.clear();
    this.#memory.free();
    this.#memoryGroup = '';
    this.#inMemory.clear();
  }

  #memoryFor(key: string): PartMemory | undefined {
    if (!this.#kept.wouldPass(key)) return undefined;
    this.#inMemory.add(key);
    return this.#memory;
  }

  #add(group: string, key: string, part: object, bytes: number): void {
    if (this.#passingGroup !== group) this.#passing.clear();
    this.#passingGroup = group;
    if (!this.#kept.add(key, part, bytes, this.#inMemory.has(key))) this.#passing.set(key, { part, bytes });
  }
}

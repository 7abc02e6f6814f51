/**
 * Decoded columns, and what else is decoded of row groups. Those that there is no room for pass: they are kept until another
 * row group is read.
 */
import { LRUCache } from 'lru-cache';
import type { DecodedCache } from '../../../../shared/row-group/decoded-cache.ts';
import { DECODED_PARTS_KNOWN_MAX, PASSING_PARTS_BYTES_MAX, WORKER_CACHE_BYTES_MAX } from '../../../limits.ts';
import { KeptParts } from './kept-parts.ts';

export class DecodedParts {
  readonly #kept = new KeptParts<object>(WORKER_CACHE_BYTES_MAX, DECODED_PARTS_KNOWN_MAX);
  /** Parts of one row group. */
  readonly #passing = new LRUCache<string, { readonly part: object; readonly bytes: number }>({
    maxSize: PASSING_PARTS_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  #passingGroup = '';

  /** Returns the cache of a row group. @param group  its name */
  of(group: string): DecodedCache {
    return {
      get: (part) => this.#kept.get(`${group}#${part}`) ?? this.#passing.get(`${group}#${part}`)?.part,
      set: (part, decoded, memoryBytes) => this.#add(group, `${group}#${part}`, decoded, memoryBytes + 1),
    };
  }

  clear(): void {
    this.#kept.clear();
    this.#passing.clear();
  }

  #add(group: string, key: string, part: object, bytes: number): void {
    if (this.#passingGroup !== group) this.#passing.clear();
    this.#passingGroup = group;
    if (!this.#kept.add(key, part, bytes)) this.#passing.set(key, { part, bytes });
  }
}

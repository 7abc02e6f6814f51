/**
 * Decoded parts of row groups that a worker keeps for the next query. Queries read their row groups in the same order
 * each time, and the least recently used part is then the one that is needed next: were the newest part always kept,
 * more parts than fit would all be decoded each time. So a part takes the place only of parts that have not been used
 * since it was decoded before. The others pass: they are kept until another row group is read.
 */
import { LRUCache } from 'lru-cache';
import type { DecodedCache } from '../../../../shared/row-group/decoded-cache.ts';
import { DECODED_PARTS_KNOWN_MAX, PASSING_PARTS_BYTES_MAX, WORKER_CACHE_BYTES_MAX } from '../../../limits.ts';

interface KeptPart {
  readonly part: object;
  readonly bytes: number;
  /** By the clock of uses. */
  usedAt: number;
}

export class DecodedParts {
  readonly #kept = new LRUCache<string, KeptPart>({
    maxSize: WORKER_CACHE_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  /** By part: when it was decoded last. */
  readonly #decodedAt = new LRUCache<string, number>({ max: DECODED_PARTS_KNOWN_MAX });
  /** Parts of one row group. */
  readonly #passing = new LRUCache<string, KeptPart>({
    maxSize: PASSING_PARTS_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  #passingGroup = '';
  #clock = 0;

  /** Returns the cache of a row group. @param group  its name */
  of(group: string): DecodedCache {
    return {
      get: (part) => this.#get(`${group}#${part}`),
      set: (part, decoded, memoryBytes) => {
        this.#add(group, `${group}#${part}`, { part: decoded, bytes: memoryBytes + 1, usedAt: ++this.#clock });
      },
    };
  }

  clear(): void {
    this.#kept.clear();
    this.#passing.clear();
  }

  #get(key: string): object | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return this.#passing.get(key)?.part;
    kept.usedAt = ++this.#clock;
    return kept.part;
  }

  #add(group: string, key: string, part: KeptPart): void {
    if (this.#passingGroup !== group) this.#passing.clear();
    this.#passingGroup = group;
    const decodedAt = this.#decodedAt.get(key) ?? 0;
    this.#decodedAt.set(key, this.#clock);
    (this.#hasRoom(part.bytes, decodedAt) ? this.#kept : this.#passing).set(key, part);
  }

  /** Whether there is room without the parts that were not used after a time. */
  #hasRoom(bytes: number, since: number): boolean {
    let room = WORKER_CACHE_BYTES_MAX - this.#kept.calculatedSize;
    if (room >= bytes) return true;
    for (const key of this.#kept.rkeys()) {
      const { bytes: freed, usedAt } = this.#kept.peek(key)!;
      if (usedAt > since) return false;
      room += freed;
      if (room >= bytes) return true;
    }
    return false;
  }
}

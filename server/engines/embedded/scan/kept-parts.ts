/**
 * Parts of row groups that a worker keeps for the next query: decoded columns, or headers. Queries read their row groups in the
 * same order each time, and the least recently used part is then the one that is needed next: were the newest part always kept,
 * more parts than fit would all be decoded each time. So a part takes the place only of parts that have not been used
 * since it was decoded before.
 */
import { LRUCache } from 'lru-cache';

interface KeptPart<T> {
  readonly part: T;
  readonly bytes: number;
  /** By the clock of uses. */
  usedAt: number;
}

export class KeptParts<T extends object> {
  readonly #bytesMax: number;
  readonly #kept: LRUCache<string, KeptPart<T>>;
  /** By part: when it was decoded last, and its size. */
  readonly #decoded: LRUCache<string, { readonly at: number; readonly bytes: number }>;
  #clock = 0;

  /**
   * @param knownMax  parts of which it is known when they were decoded, kept or not
   * @param onDropped  called with each part that was kept and is not any more
   */
  constructor(bytesMax: number, knownMax: number, onDropped: (part: T) => void = () => {}) {
    this.#bytesMax = bytesMax;
    const dispose = ({ part }: KeptPart<T>): void => onDropped(part);
    this.#kept = new LRUCache({ maxSize: bytesMax, sizeCalculation: ({ bytes }) => bytes, dispose });
    this.#decoded = new LRUCache({ max: knownMax });
  }

  clear(): void {
    this.#kept.clear();
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    kept.usedAt = ++this.#clock;
    return kept.part;
  }

  /** Whether a part that was decoded before would not be kept now. */
  wouldPass(key: string): boolean {
    const before = this.#decoded.get(key);
    return before !== undefined && !this.#hasRoom(before.bytes, before.at);
  }

  /**
   * @param isPassing  it must not be kept
   * @returns false where the part is not kept
   */
  add(key: string, part: T, bytes: number, isPassing = false): boolean {
    const usedAt = ++this.#clock;
    const decodedAt = this.#decoded.get(key)?.at ?? 0;
    this.#decoded.set(key, { at: usedAt, bytes });
    if (isPassing || !this.#hasRoom(bytes, decodedAt)) return false;
    this.#kept.set(key, { part, bytes, usedAt });
    return true;
  }

  /** Whether there is room without the parts that were not used after a time. */
  #hasRoom(bytes: number, since: number): boolean {
    let room = this.#bytesMax - this.#kept.calculatedSize;
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

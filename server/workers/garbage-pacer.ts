/**
 * Decides when a thread of the server collects its garbage. V8 counts buffers loosely, since they are outside of its
 * heap: it lets 64 MiB of dead ones accumulate in each thread before it begins to look for them, and more while it
 * looks. So threads count for themselves, between pieces of work, and the garbage of all of them has a limit: a lower
 * one while the process has little memory left.
 */
import { getHeapStatistics } from 'node:v8';
import { CACHES_EMPTIED_MS_MIN, THREAD_GARBAGE_BYTES_MAX, THREAD_GARBAGE_SCARCE_BYTES_MAX } from '../limits.ts';
import { isMemoryScarce, isMemoryShort } from './memory-pressure.ts';

export interface GarbagePacerOptions {
  /** Memory that the thread has allocated: heap and buffers, including garbage. */
  readonly usedBytes?: () => number;
  readonly collect?: () => void;
  /** Whether the process uses so much memory that it should keep little garbage. */
  readonly isScarce?: () => boolean;
  /** Whether it uses even more, so that caches should give way. */
  readonly isShort?: () => boolean;
  /** Makes garbage of what the thread keeps only to be faster. */
  readonly emptyCaches?: () => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export class GarbagePacer {
  readonly #usedBytes: () => number;
  readonly #collect: () => void;
  readonly #isScarce: () => boolean;
  readonly #isShort: () => boolean;
  readonly #emptyCaches: () => void;
  readonly #now: () => number;
  #emptiedMs = -Infinity;
  /** The least memory in use since the last collection. */
  #leastBytes: number;

  constructor({
    usedBytes = heapAndBuffers,
    collect = collectGarbage,
    isScarce = isMemoryScarce,
    isShort = isMemoryShort,
    emptyCaches = () => {},
    now = () => performance.now(),
  }: GarbagePacerOptions = {}) {
    this.#usedBytes = usedBytes;
    this.#collect = collect;
    this.#isScarce = isScarce;
    this.#isShort = isShort;
    this.#emptyCaches = emptyCaches;
    this.#now = now;
    this.#leastBytes = usedBytes();
  }

  /** Must be called between pieces of work: after each, and before one that comes after a pause. */
  pace(): void {
    const usedBytes = this.#usedBytes();
    this.#leastBytes = Math.min(this.#leastBytes, usedBytes);
    const grownBytes = usedBytes - this.#leastBytes;
    if (grownBytes < THREAD_GARBAGE_SCARCE_BYTES_MAX) return;
    if (grownBytes < THREAD_GARBAGE_BYTES_MAX && !this.#isScarce()) return;
    if (this.#isShort()) this.#giveUpCaches();
    this.#collect();
    // Live memory that has grown does not call for another collection.
    this.#leastBytes = this.#usedBytes();
  }

  /** Not each time: what was put into them since is what the thread works with, and would be decoded again at once. */
  #giveUpCaches(): void {
    const nowMs = this.#now();
    if (nowMs - this.#emptiedMs < CACHES_EMPTIED_MS_MIN) return;
    this.#emptiedMs = nowMs;
    this.#emptyCaches();
  }
}

function heapAndBuffers(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}

/** Exposed by a flag that cli/podlog.js sets; without it, V8 decides. */
function collectGarbage(): void {
  globalThis.gc?.({ execution: 'sync', type: 'major' });
  // V8 counts dead buffers until the collection after the one that found them.
  globalThis.gc?.({ execution: 'sync', type: 'minor' });
}

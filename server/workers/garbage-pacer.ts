/**
 * When a thread of the server collects its garbage. V8 counts buffers loosely, since they are outside of its heap: it lets
 * 64 MiB of dead ones lie in each thread before it begins to look for them, and more while it looks. So threads count for
 * themselves, between pieces of work, and what lies dead in all of them is bounded by a limit.
 */
import { getHeapStatistics } from 'node:v8';
import { THREAD_GARBAGE_BYTES_MAX } from '../limits.ts';

export interface GarbagePacerOptions {
  /** Memory that the thread has taken: heap and buffers, living and dead. */
  readonly usedBytes?: () => number;
  readonly collect?: () => void;
}

export class GarbagePacer {
  readonly #usedBytes: () => number;
  readonly #collect: () => void;
  /** The least that was in use since the last collection. */
  #leastBytes: number;

  constructor({ usedBytes = heapAndBuffers, collect = collectGarbage }: GarbagePacerOptions = {}) {
    this.#usedBytes = usedBytes;
    this.#collect = collect;
    this.#leastBytes = usedBytes();
  }

  /** To be called between pieces of work: after each, and before one that comes after a pause. */
  pace(): void {
    const usedBytes = this.#usedBytes();
    this.#leastBytes = Math.min(this.#leastBytes, usedBytes);
    if (usedBytes - this.#leastBytes < THREAD_GARBAGE_BYTES_MAX) return;
    this.#collect();
    // What grew and lives is no reason to collect once more.
    this.#leastBytes = this.#usedBytes();
  }
}

function heapAndBuffers(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}

/** By a flag that cli/podlog.js sets; without it, V8 does as it likes. */
function collectGarbage(): void {
  globalThis.gc?.({ execution: 'sync', type: 'major' });
  // V8 counts dead buffers until the collection after the one that found them.
  globalThis.gc?.({ execution: 'sync', type: 'minor' });
}

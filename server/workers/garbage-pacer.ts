/**
 * Decides when a thread of the server collects its garbage. V8 counts buffers loosely, since they are outside of its
 * heap: it lets 64 MiB of dead ones accumulate in each thread before it begins to look for them, and more while it
 * looks. So threads count for themselves, between pieces of work, and the garbage of all of them has a limit: a lower
 * one while the process has little memory left.
 */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import {
  MEMORY_SAMPLE_MS,
  MEMORY_SCARCE_SHARE,
  POD_MEMORY_BYTES,
  THREAD_GARBAGE_BYTES_MAX,
  THREAD_GARBAGE_SCARCE_BYTES_MAX,
} from '../limits.ts';

export interface GarbagePacerOptions {
  /** Memory that the thread has allocated: heap and buffers, including garbage. */
  readonly usedBytes?: () => number;
  readonly collect?: () => void;
  /** Whether the process uses so much memory that it should keep little garbage. */
  readonly isScarce?: () => boolean;
}

export class GarbagePacer {
  readonly #usedBytes: () => number;
  readonly #collect: () => void;
  readonly #isScarce: () => boolean;
  /** The least memory in use since the last collection. */
  #leastBytes: number;

  constructor({
    usedBytes = heapAndBuffers,
    collect = collectGarbage,
    isScarce = memoryIsScarce,
  }: GarbagePacerOptions = {}) {
    this.#usedBytes = usedBytes;
    this.#collect = collect;
    this.#isScarce = isScarce;
    this.#leastBytes = usedBytes();
  }

  /** Must be called between pieces of work: after each, and before one that comes after a pause. */
  pace(): void {
    const usedBytes = this.#usedBytes();
    this.#leastBytes = Math.min(this.#leastBytes, usedBytes);
    const grownBytes = usedBytes - this.#leastBytes;
    if (grownBytes < THREAD_GARBAGE_SCARCE_BYTES_MAX) return;
    if (grownBytes < THREAD_GARBAGE_BYTES_MAX && !this.#isScarce()) return;
    this.#collect();
    // Growth that is alive is no reason for another collection.
    this.#leastBytes = this.#usedBytes();
  }
}

function heapAndBuffers(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}

/** Memory that the process may use: its cgroup's limit, or else the one in the manifests. */
const MEMORY_BYTES_MAX = limitOfCgroup() ?? POD_MEMORY_BYTES;

function limitOfCgroup(): number | undefined {
  const bytesMax = process.constrainedMemory();
  return bytesMax > 0 && bytesMax < totalmem() ? bytesMax : undefined;
}

/** The last sample of this thread: a system call takes longer than many a piece of work. */
const resident = { sampledMs: -Infinity, isScarce: false };

function memoryIsScarce(): boolean {
  const nowMs = performance.now();
  if (nowMs - resident.sampledMs >= MEMORY_SAMPLE_MS) {
    resident.sampledMs = nowMs;
    resident.isScarce = process.memoryUsage.rss() > MEMORY_BYTES_MAX * MEMORY_SCARCE_SHARE;
  }
  return resident.isScarce;
}

/** Exposed by a flag that cli/podlog.js sets; without it, V8 decides. */
function collectGarbage(): void {
  globalThis.gc?.({ execution: 'sync', type: 'major' });
  // V8 counts dead buffers until the collection after the one that found them.
  globalThis.gc?.({ execution: 'sync', type: 'minor' });
}

/** How near the process is to the limit of its memory, sampled by each thread for itself. */
import { totalmem } from 'node:os';
import { MEMORY_SAMPLE_MS, MEMORY_SCARCE_SHARE, MEMORY_SHORT_SHARE, POD_MEMORY_BYTES } from '../limits.ts';

/** Memory that the process may use: its cgroup's limit, or else the one in the manifests. */
const MEMORY_BYTES_MAX = limitOfCgroup() ?? POD_MEMORY_BYTES;

function limitOfCgroup(): number | undefined {
  const bytesMax = process.constrainedMemory();
  return bytesMax > 0 && bytesMax < totalmem() ? bytesMax : undefined;
}

/** The last sample of this thread: a system call takes longer than many a piece of work. */
const sample = { takenMs: -Infinity, usedShare: 0 };

/** Whether the process uses so much that it should keep little garbage, and begin little that takes more. */
export function isMemoryScarce(): boolean {
  return usedShare() > MEMORY_SCARCE_SHARE;
}

/** Whether it uses even more, so that caches should give way. */
export function isMemoryShort(): boolean {
  return usedShare() > MEMORY_SHORT_SHARE;
}

function usedShare(): number {
  const nowMs = performance.now();
  if (nowMs - sample.takenMs >= MEMORY_SAMPLE_MS) {
    sample.takenMs = nowMs;
    sample.usedShare = process.memoryUsage.rss() / MEMORY_BYTES_MAX;
  }
  return sample.usedShare;
}

/** Spreads seeds over threads. A run has nothing to do with another: any number of them may go on at once. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Seeds that a thread takes at a time. */
const SEEDS_AT_ONCE = 20;

export interface FailedSeed {
  readonly seed: number;
  readonly failure: string;
}

export interface SeedRange {
  readonly from: number;
  readonly count: number;
  readonly onProgress?: (done: number, failed: number) => void;
}

/** What a worker is asked, and what it answers. */
export interface SeedTask {
  readonly from: number;
  readonly to: number;
}

/** The seeds that failed, ascending. */
export async function runSeeds({ from, count, onProgress }: SeedRange): Promise<FailedSeed[]> {
  const failed: FailedSeed[] = [];
  const end = from + count;
  let next = from;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      while (next < end) {
        const task: SeedTask = { from: next, to: Math.min(end, next + SEEDS_AT_ONCE) };
        next = task.to;
        failed.push(...(await ask(worker, task)));
        done += task.to - task.from;
        onProgress?.(done, failed.length);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed.toSorted((a, b) => a.seed - b.seed);
}

function ask(worker: Worker, task: SeedTask): Promise<FailedSeed[]> {
  return new Promise((resolve, reject) => {
    worker.once('message', (failed: FailedSeed[]) => {
      worker.off('error', reject);
      resolve(failed);
    });
    worker.once('error', reject);
    worker.postMessage(task, []);
  });
}

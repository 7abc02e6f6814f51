/** A thread that runs seeds: see run-seeds.ts. */
import { parentPort } from 'node:worker_threads';
import { scriptOf } from './operations.ts';
import type { FailedSeed, SeedTask } from './run-seeds.ts';
import { simulate } from './simulation.ts';

const port = parentPort!;

async function run({ from, to }: SeedTask): Promise<void> {
  const failed: FailedSeed[] = [];
  for (let seed = from; seed < to; seed++) {
    const { failure } = await simulate(scriptOf(seed));
    if (failure !== undefined) failed.push({ seed, failure });
  }
  port.postMessage(failed);
}

port.on('message', (task: SeedTask) => void run(task));

/** How a run moves on: one event after the other, through crashes, until all is done that was begun. */
import { checkStarted } from './looking.ts';
import { endProcess } from './process.ts';
import { type Run, unlessDiskFails, Wrong } from './run.ts';
import { NO_FAULTS } from './sim-disk.ts';
import { start, STEPS_MAX } from './starts.ts';

/** Everything that failed is due again after this. */
export const RETRIES_MS = 600_000;

/** Lets up to so many events happen. Recovers when the process crashes amid them. */
export async function go(run: Run, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    if (!(await step(run))) return;
  }
}

/** Everything that was begun ends. */
export async function settle(run: Run): Promise<void> {
  for (let steps = 0; await step(run); steps++) {
    if (steps > STEPS_MAX) throw new Wrong(`never ends: ${[...run.running].join(', ')}`);
  }
  if (run.running.size > 0) throw new Wrong(`waits for ever: ${[...run.running].join(', ')}`);
}

export async function restart(run: Run): Promise<void> {
  if (await stop(run)) await recover(run);
}

/** @returns false when the process crashed instead, and another one runs */
export async function stop(run: Run): Promise<boolean> {
  await settle(run);
  const ended = run.process;
  run.launch('close', () => unlessDiskFails(() => endProcess(ended)));
  await settle(run);
  if (ended !== run.process) return false;
  ended.disk.kill();
  return true;
}

/** Starts the store on what the last process left, and looks at what it has. */
export async function recover(run: Run): Promise<void> {
  run.running.clear();
  run.isBackingUp = false;
  await start(run);
  checkStarted(run);
}

/** From now on the disk is whole. */
export function heal({ process: { disk }, random }: Run): void {
  disk.setFaults(NO_FAULTS, random);
  disk.setNearlyFull(false);
  disk.crashAfter(Infinity);
}

/** @returns false when nothing is left to happen */
async function step(run: Run): Promise<boolean> {
  const isMore = await run.time.step();
  if (run.failure !== undefined) throw run.failure;
  if (!run.process.disk.isDead) return isMore;
  await recover(run);
  return true;
}

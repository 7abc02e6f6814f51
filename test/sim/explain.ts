/** Makes a failing run short: operations are left out for as long as the same thing goes wrong. */
import { type Script, scriptOf } from './operations.ts';
import { type Outcome, simulate } from './simulation.ts';

/** Tries; each costs a run. */
const TRIES_MAX = 400;

/** What happened under a seed: of a failure, the shortest script that still fails in the same way. */
export async function explain(seed: number): Promise<{ readonly text: string; readonly failed: boolean }> {
  const script = scriptOf(seed);
  const outcome = await simulate(script);
  if (outcome.failure === undefined) return { text: textOf(seed, script, outcome), failed: false };
  const short = await shrink(script, kindOf(outcome.failure));
  return { text: textOf(seed, short, await simulate(short)), failed: true };
}

/** Leaves out halves, then quarters, … then single operations. */
async function shrink(script: Script, kind: string): Promise<Script> {
  let best = script;
  let tries = 0;
  for (let size = Math.ceil(script.operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.operations.length && tries < TRIES_MAX;) {
      const shorter = { ...best, operations: best.operations.toSpliced(at, size) };
      tries++;
      const { failure } = await simulate(shorter);
      if (failure !== undefined && kindOf(failure) === kind) best = shorter;
      else at += size;
    }
  }
  return best;
}

/** What went wrong, without names and numbers. */
function kindOf(failure: string): string {
  return failure
    .split('\n')[0]!
    .replaceAll(/\{.*|[\d,]+|[\w-]*\/\S*|pod-\S+|push-\S+/g, '')
    .slice(0, 60);
}

function textOf(seed: number, { harm, retention, operations }: Script, { failure, log }: Outcome): string {
  const head = `SIM_SEED=${seed}, ${operations.length} operations, ${JSON.stringify({ harm, retention })}`;
  return [...log, head, failure ?? 'all is well', ''].join('\n');
}

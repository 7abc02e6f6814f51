/**
 * One run: the real store on a simulated disk, with writers, queries, faults and crashes, held against what the writers
 * know. Everything that happens follows from the script; nothing from the machine.
 */
import { Random } from '../corpus/random.ts';
import { backUp, restore } from './backups.ts';
import { flip } from './damage.ts';
import { compactNow, erase, tick } from './housekeeping.ts';
import { checkFiles, look } from './looking.ts';
import type { Operation, Script } from './operations.ts';
import { repair } from './repair.ts';
import { keep } from './retention.ts';
import { Run, Wrong } from './run.ts';
import { query } from './searching.ts';
import { push, send, sendAgain, sendWrong } from './sending.ts';
import { start } from './starts.ts';
import { go, heal, restart, RETRIES_MS, settle } from './steps.ts';

export interface Outcome {
  /** What is wrong; undefined when nothing is. */
  readonly failure: string | undefined;
  /** What happened, in order. */
  readonly log: readonly string[];
}

/** Never rejects: what goes wrong is the outcome. */
export async function simulate(script: Script): Promise<Outcome> {
  const run = new Run(script);
  try {
    await play(run);
    return { failure: undefined, log: run.log };
  } catch (error) {
    const failure = error instanceof Wrong ? error.message : error instanceof Error ? error.stack! : String(error);
    return { failure, log: run.log };
  }
}

async function play(run: Run): Promise<void> {
  await start(run);
  for (const [index, operation] of run.script.operations.entries()) {
    run.random = new Random(operation.seed);
    const { seed: _, ...told } = operation;
    run.note(`── ${index}: ${JSON.stringify(told)}`);
    await perform(run, operation);
    await go(run, run.random.below(3) === 0 ? 0 : run.random.below(25));
  }
  await end(run);
}

async function perform(run: Run, operation: Operation): Promise<void> {
  const { store, disk } = run.process;
  switch (operation.kind) {
    case 'send':
      return send(run, operation.writers, operation.lines, operation.isReplyLost);
    case 'repeat':
      return sendAgain(run, run.truth.writers[operation.writer]!);
    case 'wrong':
      return sendWrong(run, run.truth.writers[operation.writer]!);
    case 'push':
      return push(run, operation.lines);
    case 'flush':
      return run.launch('flush', () => store.flushAll());
    case 'compact':
      return compactNow(run, operation.isAll);
    case 'erase':
      return erase(run, operation.user);
    case 'tick':
      run.time.pass(operation.afterMs);
      return tick(run);
    case 'setClock':
      return run.time.setClock(operation.byMs);
    case 'query':
      return run.launch('query', () => query(run));
    case 'faults':
      disk.setFaults(operation.plan, new Random(operation.seed));
      return disk.setNearlyFull(operation.isNearlyFull);
    case 'crash':
      return disk.crashAfter(operation.afterOperations);
    case 'loseManifests':
      run.nextLoss = operation.loss;
      return disk.crashAfter(operation.afterOperations);
    case 'loseHeader':
      run.losesHeader = true;
      return disk.crashAfter(operation.afterOperations);
    case 'settle':
      return settle(run);
    case 'restart':
      return restart(run);
    case 'keep':
      return keep(run, operation.afterMs);
    case 'backUp':
      return backUp(run);
    case 'restore':
      return restore(run);
    case 'flip':
      return flip(run);
    case 'repair':
      return repair(run);
  }
}

/** A whole disk, and time for everything that failed before: then nothing is missing, and nothing is left over. */
async function end(run: Run): Promise<void> {
  run.note('── end');
  run.process.disk.crashAfter(Infinity);
  await settle(run);
  for (const isFlushed of [false, true]) {
    heal(run);
    run.time.pass(RETRIES_MS);
    tick(run);
    await settle(run);
    if (isFlushed) run.launch('flush', () => run.process.store.flushAll());
    await settle(run);
    const snapshot = run.process.store.snapshot();
    look(run, snapshot.rowGroups);
    snapshot.release();
    // A start that meets a failing disk may leave what it cannot tell from a leftover to the next one.
    run.harmsStarts = !isFlushed;
    await restart(run);
  }
  heal(run);
  await settle(run);
  if (run.script.harm.flips) await repair(run);
  checkFiles(run);
}

/** Starts of the store: on whatever the process before left, with crashes and faults of their own. */
import { CorruptionError, UsageError } from '../../shared/errors.ts';
import { UNREADABLE_RETRY_MS } from '../../server/limits.ts';
import { judgeDrop } from './drops.ts';
import { readAll } from './looking.ts';
import { loseHeader } from './lost-headers.ts';
import { loseManifests } from './lost-manifests.ts';
import { type Process, startProcess } from './process.ts';
import { asError, isDiskFailure, type Run, Wrong } from './run.ts';
import { NO_FAULTS, SimDisk } from './sim-disk.ts';
import { TORN } from './truth.ts';

/** Nothing takes more steps than this; what does never ends. */
export const STEPS_MAX = 20_000;
/** A start that fails again and again meets a whole disk in the end. */
const HARMED_STARTS_MAX = 3;

/** Starts the store again and again until it runs. */
export async function start(run: Run): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (run.image.root.seen.size > 0 && run.random.below(2) === 0) {
      run.note('power cut');
      run.image.powerCut(run.random);
      run.truth.losePower();
    }
    loseManifests(run);
    loseHeader(run);
    const disk = new SimDisk(run, run.random);
    if (attempt < HARMED_STARTS_MAX && run.harmsStarts) harmStart(run, disk);
    const started = await tryStart(run, disk);
    if (started === undefined) continue;
    run.process = started;
    disk.setFaults(NO_FAULTS, run.random);
    disk.crashAfter(Infinity);
    await readAgain(run);
    return;
  }
}

/**
 * Lets time go on until a job ends that is all that runs.
 * @returns undefined when its process crashes
 */
export async function outcomeOf<T>(
  { time }: Run,
  disk: SimDisk,
  job: Promise<T>,
): Promise<{ readonly value: T } | { readonly error: Error } | undefined> {
  let outcome: { value: T } | { error: Error } | undefined;
  job.then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error: asError(error) }),
  );
  for (let steps = 0; ; steps++) {
    const isMore = await time.step();
    if (outcome !== undefined || disk.isDead) return outcome;
    if (!isMore || steps > STEPS_MAX) throw new Wrong('a start, a repair or a restore never ends');
  }
}

/** Puts damaged files back from a backup. @returns false when there were none */
export function putBack({ originals }: Run): boolean {
  const isAny = originals.size > 0;
  for (const [node, bytes] of originals) node.restore(bytes);
  originals.clear();
  return isAny;
}

/** The disk works again: what it did not give is back after a while. */
async function readAgain(run: Run): Promise<void> {
  const { store, disk } = run.process;
  if (store.unreadableCount === 0) return;
  run.time.pass(UNREADABLE_RETRY_MS);
  await outcomeOf(run, disk, store.tick());
  if (store.unreadableCount > 0) throw new Wrong('what can be read again stays away');
}

function harmStart({ random, script }: Run, disk: SimDisk): void {
  if (random.below(4) === 0) disk.crashAfter(random.below(30));
  if (!script.harm.errors || random.below(4) > 0) return;
  const kinds = ['open', 'read', 'write', 'sync', 'truncate', 'names', 'syncFolder', 'look'] as const;
  disk.setFaults({ errors: [{ kinds, code: 'EIO', chance: 0.05 }], slowChance: 0 }, random);
}

/** Undefined when the process crashes, or refuses to start for a reason that is one. */
async function tryStart(run: Run, disk: SimDisk): Promise<Process | undefined> {
  const started = startProcess(disk, run.time, run.script.retention, {
    onReport: (path) => run.reports.add(path),
    onFailure: (error) => {
      const isExpected = isDiskFailure(error) || (run.script.harm.flips && error instanceof CorruptionError);
      if (!isExpected) run.failure ??= error;
    },
    onClock: () => run.expiry.sawClock(run.time),
    onDrop: (segments) => judgeDrop(run, segments),
    onCheckpoint: (rowGroups) => {
      run.checkpoint = readAll(run, rowGroups).map(({ text }) => run.truth.byText(text)!);
    },
    note: run.note,
  });
  const outcome = await outcomeOf(run, disk, started);
  if (outcome === undefined) {
    noteUntoldTears(run);
    return undefined;
  }
  if ('value' in outcome) return outcome.value;
  disk.kill();
  run.note(`no start: ${outcome.error.message}`);
  if (!isExcused(run, outcome.error)) throw outcome.error;
  return undefined;
}

/** A process that ends amid its start has perhaps cut the WAL where it took it for torn, and told nobody. */
export function noteUntoldTears({ reports, script }: Run): void {
  if (script.harm.flips) reports.add(TORN);
}

/** A failing disk is a reason; so is a damaged file without which nothing can be done: it is restored. */
function isExcused(run: Run, refusal: unknown): boolean {
  if (isDiskFailure(refusal)) return true;
  return (refusal instanceof CorruptionError || refusal instanceof UsageError) && putBack(run);
}

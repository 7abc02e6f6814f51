/** Snapshots, and what a restored one has: exactly the rows of its instant, with the positions that go with them. */
import { join } from 'node:path';
import { Metrics } from '../../shared/metrics.ts';
import { Positions } from '../../server/ingest/positions.ts';
import { flush } from '../../server/engines/embedded/core/flush.ts';
import { ExpiryClock } from '../../server/engines/embedded/core/expiry-clock.ts';
import { Store } from '../../server/engines/embedded/core/store.ts';
import { backupsFolder } from '../../server/engines/embedded/platform/filenames.ts';
import { DiskImage } from './disk-image.ts';
import { checkErasures, filesOf } from './looking.ts';
import { DATA_DIR, INDEXED_FIELDS, listeningLogger, noLock, readLines } from './process.ts';
import { problemsOf } from './repair.ts';
import { type Run, type TrueBackup, unlessDiskFails, unlessRefused, Wrong } from './run.ts';
import { SimDisk } from './sim-disk.ts';
import { outcomeOf } from './starts.ts';
import { settle } from './steps.ts';
import type { SeenLine, TrueLine } from './truth.ts';

const RESTORED_DIR = '/srv/restored';

export function backUp(run: Run): void {
  if (run.isBackingUp) return;
  run.isBackingUp = true;
  const { backups } = run.process;
  const name = `backup-${run.time.now()}-${run.random.below(1e6)}`;
  const acknowledged = run.truth.acknowledgedLines();
  run.launch('back up', async () => {
    const info = await unlessRefused(() => unlessDiskFails(() => backups.create(name)));
    run.isBackingUp = false;
    run.note(`${name}: ${info === undefined ? 'refused' : `${info.rowCount} rows`}`);
    if (info === undefined) return;
    const lines = run.checkpoint;
    const missing = acknowledged.find((line) => !lines.includes(line) && !run.truth.mayBeMissing(line, run.reports));
    if (missing !== undefined) throw new Wrong(`${name} lacks what was acknowledged before: ${missing.text}`);
    run.backups.push({ name, lines });
  });
}

/** Copies a snapshot to another disk, as a person would, and opens it there. */
export async function restore(run: Run): Promise<void> {
  await settle(run);
  if (run.backups.length === 0) return;
  const index = run.random.below(run.backups.length);
  const backup = run.backups[index]!;
  const image = copyOf(run.image, join(backupsFolder(DATA_DIR), backup.name));
  const disk = new SimDisk({ image, time: run.time, note: run.note }, run.random);
  const outcome = await outcomeOf(run, disk, judgeRestored(run, backup, image, disk));
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  if (run.random.below(2) === 0) removeBackup(run, backup);
}

async function judgeRestored(run: Run, backup: TrueBackup, image: DiskImage, disk: SimDisk): Promise<void> {
  const machine = { disk, now: run.time.now, lock: noLock };
  const [problem] = await problemsOf(run, machine, RESTORED_DIR);
  if (problem !== undefined) throw new Wrong(`${backup.name}: ${problem.what}`);
  const positions = new Positions(run.time.now);
  const { now, monotonicMs } = run.time;
  const store = await Store.open({
    ...machine,
    clock: new ExpiryClock({
      now,
      monotonicMs,
      log: listeningLogger({ onReport() {}, onFailure() {}, note: run.note }),
    }),
    dataDir: RESTORED_DIR,
    indexedFields: INDEXED_FIELDS,
    state: positions,
    flush: (input) => flush(disk, input),
    log: listeningLogger({
      onReport: (path) => (run.failure ??= new Wrong(`${backup.name}: ${path} is damaged`)),
      onFailure: (error) => (run.failure ??= error),
      note: run.note,
    }),
    metrics: new Metrics(),
  });
  const snapshot = store.snapshot();
  const seen = readLines(snapshot.rowGroups, filesOf(image));
  snapshot.release();
  const wrong = judgeLines(run, backup, seen) ?? judgePositions(run, backup, positions);
  if (wrong !== undefined) throw new Wrong(`${backup.name}: ${wrong}`);
  await store.close();
}

/** Erasures take lines out of snapshots, too; nothing else may. */
function judgeLines(run: Run, { lines }: TrueBackup, seen: readonly SeenLine[]): string | undefined {
  checkErasures(run);
  const found = new Set<TrueLine>();
  for (const { text, instant } of seen) {
    const line = run.truth.byText(text);
    if (line === undefined || line.instant !== instant || !lines.includes(line)) return `it should not have ${text}`;
    if (found.has(line)) return `twice: ${text}`;
    if (line.erasure === 'done') return `erased, but there: ${text}`;
    found.add(line);
  }
  const missing = lines.find((line) => line.erasure === 'none' && !found.has(line));
  return missing && `it should have ${missing.text}`;
}

/** An agent that asks where to go on must neither leave out a line nor send one again. */
function judgePositions({ truth, reports }: Run, { lines }: TrueBackup, positions: Positions): string | undefined {
  for (const writer of truth.writers) {
    const { stdout } = positions.known(writer.node, writer.file);
    const beyond = writer.lines.slice(stdout).find((line) => lines.includes(line));
    if (beyond !== undefined) return `it is at ${stdout} of ${writer.file}, but has ${beyond.text}`;
    const isLacking = (line: TrueLine): boolean => !lines.includes(line) && !truth.mayBeMissing(line, reports);
    const before = writer.lines.slice(0, stdout).find(isLacking);
    if (before !== undefined) return `it is at ${stdout} of ${writer.file}, but lacks ${before.text}`;
  }
  return undefined;
}

function removeBackup(run: Run, backup: TrueBackup): void {
  run.backups.splice(run.backups.indexOf(backup), 1);
  const { backups } = run.process;
  run.launch('remove', async () => {
    const isRemoved = await unlessRefused(() => unlessDiskFails(() => backups.remove(backup.name)));
    run.note(`${backup.name}: ${isRemoved === true ? 'removed' : 'refused'}`);
    if (isRemoved === false) throw new Wrong(`${backup.name} is not there any more`);
  });
}

function copyOf(image: DiskImage, folder: string): DiskImage {
  const copy = new DiskImage();
  for (const { path, node } of image.files()) {
    if (path.startsWith(`${folder}/`)) copy.put(RESTORED_DIR + path.slice(folder.length), node.saved());
  }
  return copy;
}

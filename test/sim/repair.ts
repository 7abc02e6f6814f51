/** `podlog check --repair` on what damage has left: what can be read stays, and a second check finds nothing. */
import { checkDataFolder, type Machine, repairDataFolder } from '../../server/check.ts';
import { type Finding, isProblem } from '../../server/engines/embedded/check/finding.ts';
import { DATA_DIR, INDEXED_FIELDS, noLock } from './process.ts';
import { type Run, Wrong } from './run.ts';
import { SimDisk } from './sim-disk.ts';
import { noteUntoldTears, outcomeOf, putBack } from './starts.ts';
import { recover, stop } from './steps.ts';
import { TORN } from './truth.ts';

export async function repair(run: Run): Promise<void> {
  if (!(await stop(run))) return;
  const disk = new SimDisk(run, run.random);
  if (run.random.below(4) === 0) disk.crashAfter(run.random.below(150));
  const outcome = await outcomeOf(run, disk, repairOn(run, disk));
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  disk.kill();
  if (outcome === undefined) noteUntoldTears(run);
  else run.truth.mended(outcome.value);
  await recover(run);
}

/** @returns paths of what was repaired */
async function repairOn(run: Run, disk: SimDisk): Promise<Set<string>> {
  const machine = { disk, now: run.time.now, lock: noLock };
  let findings = await problemsOf(run, machine, DATA_DIR);
  // Nothing is repaired without these: a person puts them back.
  if (findings.some(({ kind }) => kind === 'manifest' || kind === 'version') && putBack(run)) {
    findings = await problemsOf(run, machine, DATA_DIR);
  }
  for (const { path } of findings) run.reports.add(path);
  const repaired = new Set<string>();
  for await (const { path, keptRows, lostRows } of repairDataFolder(DATA_DIR, findings, INDEXED_FIELDS, machine)) {
    repaired.add(path);
    run.note(`repaired ${path}: ${keptRows} rows kept, ${lostRows} lost`);
  }
  const [left] = await problemsOf(run, machine, DATA_DIR);
  if (left !== undefined) throw new Wrong(`after the repair, a check finds: ${left.path}: ${left.what}`);
  return repaired;
}

/** What a check finds that is no mere leftover of a crash. */
export async function problemsOf(run: Run, machine: Machine, dataDir: string): Promise<Finding[]> {
  const problems: Finding[] = [];
  for await (const event of checkDataFolder(dataDir, machine)) {
    if (event.kind !== 'finding') continue;
    run.note(`check: ${event.finding.kind} ${event.finding.path}: ${event.finding.what}`);
    if (isProblem(event.finding)) problems.push(event.finding);
    // As when the store starts: after a power cut, a damaged record at the end of the WAL may look like a torn one.
    else if (event.finding.path.endsWith('.wal')) run.reports.add(TORN);
  }
  return problems;
}

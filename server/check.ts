/** Checks a data folder that no server has open, and repairs it on request. */
import { pino } from 'pino';
import { UsageError } from '../shared/errors.ts';
import { Metrics } from '../shared/metrics.ts';
import { FLUSH_RETRY_MS_MAX } from './limits.ts';
import { positionsProblem } from './ingest/check-positions.ts';
import { Positions } from './ingest/positions.ts';
import { checkFolder } from './engines/embedded/check/check-folder.ts';
import { checkSegment } from './engines/embedded/check/check-segment.ts';
import type { BatchState } from './engines/embedded/core/batch-state.ts';
import type { CheckEvent, Finding } from './engines/embedded/check/finding.ts';
import { repairFolder } from './engines/embedded/check/repair.ts';
import type { Repaired } from './engines/embedded/check/write-runs.ts';
import { type Disk, realDisk } from './engines/embedded/platform/disk.ts';
import { MANIFEST_FILE, VERSION_FILE } from './engines/embedded/platform/filenames.ts';
import { flush } from './engines/embedded/core/flush.ts';
import { expectLayout } from './engines/embedded/core/folder.ts';
import { type FolderLock, lockFolder } from './engines/embedded/platform/lock.ts';
import { ExpiryClock } from './engines/embedded/core/expiry-clock.ts';
import { Store } from './engines/embedded/core/store.ts';
import { isOurs, readVersion } from './engines/embedded/core/version-file.ts';

/** What a check needs from the machine; a simulation passes its own. */
export interface Machine {
  readonly disk: Disk;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly lock: typeof lockFolder;
}

const THIS_MACHINE: Machine = { disk: realDisk, now: Date.now, lock: lockFolder };

/**
 * Locks the folder while it is checked.
 * @throws UsageError  it is not a data folder, or a server has it open
 */
export async function* checkDataFolder(dataDir: string, machine = THIS_MACHINE): AsyncGenerator<CheckEvent> {
  const { disk } = machine;
  await expectLayout(disk, dataDir);
  await requireDataFolder(disk, dataDir);
  await using _ = await lockOrExplain(machine, dataDir);
  yield* checkFolder({
    disk,
    dataDir,
    checkSegment: (input) => checkSegment(disk, input),
    stateProblem: positionsProblem,
  });
}

/**
 * Repairs what a check found, as far as possible: without a manifest, or in a folder of another version, nothing is
 * changed.
 * @param indexedFields  for segments that are rewritten
 */
export async function* repairDataFolder(
  dataDir: string,
  findings: readonly Finding[],
  indexedFields: readonly string[],
  { disk, now, lock }: Machine = THIS_MACHINE,
  repairedState?: BatchState,
): AsyncGenerator<Repaired> {
  if (findings.some(({ kind }) => kind === 'manifest')) return;
  const version = findings.find(({ kind }) => kind === 'version');
  if (version !== undefined && (await readVersion(disk, dataDir)).kind === 'other') return;
  let skippedMs = 0;
  const skipRetryWait = (): void => void (skippedMs += FLUSH_RETRY_MS_MAX);
  const log = pino({ level: 'silent' });
  // Nothing expires here: the recorded state of the clock is kept.
  const clock = new ExpiryClock({ now, monotonicMs: now, log });
  const state = repairedState ?? new Positions(() => clock.steadyNow());
  const store = await Store.open({
    dataDir,
    clock,
    indexedFields,
    state,
    flush: (input) => flush(disk, input),
    now: () => now() + skippedMs,
    log,
    metrics: new Metrics(),
    disk,
    lock,
  });
  // Opening the store has repaired it.
  if (version !== undefined) yield { path: version.path, keptRows: 0, lostRows: 0 };
  try {
    yield* repairFolder(findings, { disk, dataDir, store, skipRetryWait, indexedFields });
  } finally {
    await store.close();
  }
}

async function lockOrExplain({ lock }: Machine, dataDir: string): Promise<FolderLock> {
  try {
    return await lock(dataDir);
  } catch (cause) {
    if (!(cause instanceof UsageError) || !cause.message.includes('is in use')) throw cause;
    throw new UsageError(`${cause.message}; while a server runs, use: curl -X POST <its address>/check`, 1, {
      cause,
    });
  }
}

/** Taking the lock creates the folder, which must not happen for a mistyped path. */
async function requireDataFolder(disk: Disk, dataDir: string): Promise<void> {
  const names = await disk.list(dataDir);
  if (names.includes(VERSION_FILE) || names.includes(MANIFEST_FILE) || (await isOurs(disk, dataDir))) return;
  throw new UsageError(
    `${dataDir} is not a podlog data folder: it has neither ${VERSION_FILE} nor ${MANIFEST_FILE}, nor a WAL file or segment; name the folder that the server has as --data-dir, or one of its snapshots`,
  );
}

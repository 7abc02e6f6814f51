/**
 * One container's directory and the chains in it. `reconcileContainer` updates them from a listing: it recognizes files that were
 * renamed, compressed, replaced or deleted, in whatever order that happened.
 */
import { readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { errorCode } from '../../shared/system-error.ts';
import { createAllowance, type Allowance } from '../files/allowance.ts';
import { createChain, sortFiles, type Chain } from '../files/chain.ts';
import { takeDescriptor, type Descriptors } from '../files/descriptors.ts';
import type { ContainerDirectory } from './discovery.ts';
import { identifyFile } from '../files/identity.ts';
import { LISTINGS_MAX } from '../limits.ts';
import { createLedger, type Note } from '../send/run-ledger.ts';
import { noteChange, noteDeleted, noteName, noteNewer } from '../files/disk-changes.ts';
import { openLogFile, reopenLogFile, statIfThere, type LogFile } from '../files/log-file.ts';
import { compareRotations, isLasting, selectLogs, type LogName } from '../files/log-path.ts';
import type { Decision } from '../rules/rule-book.ts';

export interface Container {
  readonly directory: ContainerDirectory;
  readonly node: string;
  readonly chains: Map<number, Chain>;
  readonly allowance: Allowance;
  /** What the rules decide about it; pending until it is polled. */
  decision: Decision;
  /** When the directory was found. */
  readonly foundMs: number;
  /** Whether a file was ever found in it. */
  hadFiles: boolean;
  /** Whether the last listing succeeded, and all listed files are open or known. */
  isWhole: boolean;
  /** Modification time of the directory, taken before it was listed; 0 when it was not there. */
  mtimeMs: number;
  /** Whether the last listing may have missed something. */
  isStale: boolean;
  readonly ledger: Note;
  /** When the server's ledger was read; undefined before that. */
  judgedMs: number | undefined;
  /** Number of runs that are known to have begun: the next one has this number. */
  begunRuns: number;
  /** Runs that an earlier agent has not finished, and whose files have not been found. */
  readonly unfinishedRuns: Set<number>;
  /**
   * Runs that this agent has finished, until something that it sent is stored; with the newest file of each that the server
   * knew then, if any.
   */
  readonly doneRuns: Map<number, string | undefined>;
  /** Whether rules kept its files from being opened before. */
  wasExcluded: boolean;
}

/** Time within which a directory may change again without a new modification time. */
const MTIME_GRANULARITY_MS = 50;

export function createContainer(directory: ContainerDirectory, node: string, foundMs: number): Container {
  return {
    directory,
    node,
    chains: new Map(),
    allowance: createAllowance(),
    decision: { selection: 'pending', lines: undefined, entries: undefined, key: '' },
    foundMs,
    hadFiles: false,
    isWhole: false,
    mtimeMs: 0,
    isStale: true,
    ledger: createLedger(directory),
    judgedMs: undefined,
    begunRuns: 0,
    unfinishedRuns: new Set(),
    doneRuns: new Map(),
    wasExcluded: false,
  };
}

/** The chain of a run, which is made when there is none. */
export function chainOfRun(container: Container, restart: number): Chain {
  let chain = container.chains.get(restart);
  if (chain === undefined) {
    const { namespace, pod, uid, container: name } = container.directory;
    chain = createChain(uid, restart, { namespace, pod, container: name, node: container.node }, container.allowance);
    container.chains.set(restart, chain);
  }
  return chain;
}

/** Whether the directory may have changed since it was listed. */
export function needsListing({ directory, isStale, mtimeMs }: Container): boolean {
  return isStale || (statIfThere(directory.path)?.mtimeMs ?? 0) !== mtimeMs;
}

/** Marks all runs as begun and judged: the container was excluded until now, so nothing of it is missing. */
export function exempt(container: Container, runs: readonly Chain[]): void {
  container.wasExcluded = false;
  container.unfinishedRuns.clear();
  for (const chain of runs) {
    chain.isHeadJudged = true;
    chain.missed.length = 0;
    container.begunRuns = Math.max(container.begunRuns, chain.restart + 1);
  }
}

/** Whether the container is writing to a file that is known. */
export function hasLiveFile(container: Container): boolean {
  for (const { isNewest, files } of container.chains.values()) {
    if (isNewest && files.at(-1)?.log.rotation === '' && files.at(-1)!.onDisk) return true;
  }
  return false;
}

/**
 * Lists the directory and updates the chains. Files whose head became known are passed to `identified`.
 *
 * Between being listed and being opened a file may be renamed, and a newer one be given its name. The newer one would be read
 * before the other, and if the agent were killed then, its successor would not know about the other. So after a file was opened
 * the directory is listed again, until it has not changed.
 * @throws when something can be neither listed nor opened; everything else is up to date then
 */
export function reconcileContainer(
  container: Container,
  descriptors: Descriptors,
  nowMs: number,
  identified: (c: Chain, f: LogFile) => void,
): void {
  const { path } = container.directory;
  container.mtimeMs = statIfThere(path)?.mtimeMs ?? 0;
  container.isStale = true;
  container.isWhole = false;
  let names = listIfThere(path);
  let isWhole = false;
  for (let round = 0; round < LISTINGS_MAX; round++) {
    const openBefore = descriptors.open;
    isWhole = reconcileListed(container, names, descriptors, nowMs, identified);
    if (descriptors.open === openBefore) break;
    const namesBefore = names;
    names = listIfThere(path);
    if (isDeepStrictEqual(names, namesBefore)) break;
    isWhole = false;
  }
  container.isWhole = isWhole;
  // A change within the clock's granularity of the last one does not show in the modification time.
  container.isStale = !isWhole || nowMs - container.mtimeMs < MTIME_GRANULARITY_MS;
}

/** @returns false when there was no descriptor for a file */
function reconcileListed(
  container: Container,
  names: readonly string[],
  descriptors: Descriptors,
  nowMs: number,
  identified: (c: Chain, f: LogFile) => void,
): boolean {
  const { path } = container.directory;
  let isWhole = true;
  const byRestart = new Map<number, LogName[]>();
  for (const restart of container.chains.keys()) byRestart.set(restart, []);
  for (const log of selectLogs(names)) {
    const logs = byRestart.get(log.restart);
    if (logs === undefined) byRestart.set(log.restart, [log]);
    else logs.push(log);
  }
  const newest = Math.max(...byRestart.keys());
  for (const [restart, logs] of byRestart) {
    const chain = chainOfRun(container, restart);
    if (chain.isNewest && restart !== newest) markChanged(chain, nowMs);
    chain.isNewest = restart === newest;
    isWhole = reconcileChain(chain, path, logs, descriptors, nowMs, identified) && isWhole;
    // A file that went before it could be opened does not count; one that may not be opened does.
    container.hadFiles ||= chain.files.length > 0 || logs.some(({ name }) => statIfThere(join(path, name)));
  }
  return isWhole;
}

/** @returns false when there was no descriptor for a file: neither it nor any newer one is opened then */
function reconcileChain(
  chain: Chain,
  directory: string,
  logs: readonly LogName[],
  descriptors: Descriptors,
  nowMs: number,
  identified: (chain: Chain, file: LogFile) => void,
): boolean {
  const present = new Set<LogFile>();
  const newestRotation =
    chain.files
      .map(({ log }) => log.rotation)
      .toSorted()
      .at(-1) ?? '';
  // One that was empty may have been written, renamed and compressed since: opened again, it would be taken for another.
  for (const file of chain.files.filter(({ head }) => head === '')) {
    if (identifyFile(chain, file, descriptors.opener)) identified(chain, file);
  }
  let isRefused = false;
  for (const log of logs.toSorted((a, b) => compareRotations(a.rotation, b.rotation))) {
    const path = join(directory, log.name);
    const stats = statIfThere(path);
    if (stats === undefined) continue;
    const known = chain.files.find((file) => !present.has(file) && isSame(file, log, stats));
    if (known !== undefined) {
      present.add(known);
      noteName(known, path, log, nowMs);
      const hasGrown = known.fd < 0 && !log.gzip && stats.size > known.sizeBytes;
      if (hasGrown && takeDescriptor(descriptors) && reopenLogFile(known, descriptors.opener)) noteChange(known, nowMs);
      continue;
    }
    isRefused ||= !takeDescriptor(descriptors);
    const file = isRefused ? undefined : openLogFile(path, log, descriptors.opener);
    if (file === undefined) continue;
    chain.files.push(file);
    if (identifyFile(chain, file, descriptors.opener)) identified(chain, file);
    // A file that was known under another name was merged into the older entry.
    present.add(chain.files.includes(file) ? file : chain.files.find((other) => other.path === path)!);
  }
  for (const file of chain.files) {
    if (present.has(file) || !file.onDisk) continue;
    noteDeleted(file, newestRotation, nowMs);
  }
  const lastBefore = chain.files.at(-1);
  sortFiles(chain);
  const last = chain.files.at(-1);
  for (const file of chain.files) if (file !== last) noteNewer(file, nowMs);
  if (last !== lastBefore && lastBefore !== undefined) noteChange(lastBefore, nowMs);
  return !isRefused;
}

/** Whether the file that is listed as `log` is the known one. Only an open file's inode proves anything. */
function isSame(file: LogFile, log: LogName, stats: Stats): boolean {
  const sameInode = file.inode === stats.ino && file.device === stats.dev;
  if (file.fd >= 0 && sameInode) return true;
  const sameRotation = file.log.rotation === log.rotation && isLasting(log);
  if (file.fd >= 0) return sameRotation && log.gzip && !file.log.gzip;
  return sameRotation || (sameInode && log.rotation === file.log.rotation && stats.size >= file.sizeBytes);
}

function markChanged(chain: Chain, nowMs: number): void {
  for (const file of chain.files) noteChange(file, nowMs);
}

export function listIfThere(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

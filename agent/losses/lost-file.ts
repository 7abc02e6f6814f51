/**
 * Files that cannot be opened any more, and of which there is only something to say. Each is an entry of a chain like
 * any other file, with a loss instead of a descriptor.
 */
import { sortFiles, type Chain } from '../files/chain.ts';
import { chainOfRun, type Container } from '../discover/container.ts';
import { headOfUnseen } from '../../shared/file-id.ts';
import { loseRest, notRead, rewindFile, type LogFile } from '../files/log-file.ts';
import { FIRST_ROTATION, type LogName } from '../files/log-path.ts';
import type { LossReason } from '../files/loss.ts';

export interface LostFile {
  readonly restart: number;
  /** What the marker calls it. */
  readonly name: string;
  readonly reason: LossReason;
  /** Its part of its identity: see headOfUnseen. */
  readonly head: string;
  /** The file that the server knows, if any: it may be forgotten once the marker is stored. */
  readonly replaces?: string;
  /** Its place in the chain; before all others if it is not given. */
  readonly rotation?: string;
}

export interface AddedFile {
  readonly chain: Chain;
  readonly file: LogFile;
}

/**
 * Adds the file to its chain, which is made when there is none.
 * @param timeMs  of its marker
 */
export function addLostFile(container: Container, lost: LostFile, nowMs: number, timeMs: number): AddedFile {
  const { restart, name, reason, head, replaces, rotation = FIRST_ROTATION } = lost;
  const chain = chainOfRun(container, restart);
  const file = unopenedFile({ name, restart, rotation, gzip: false }, head, nowMs, timeMs);
  loseRest(file, reason, false);
  file.replaces = replaces;
  chain.files.push(file);
  sortFiles(chain);
  return { chain, file };
}

/** Takes back what was added, and the chain if it was made for that. */
export function withdrawLostFile(container: Container, { chain, file }: AddedFile): void {
  chain.files = chain.files.filter((other) => other !== file);
  if (chain.files.length === 0) container.chains.delete(chain.restart);
}

/** One for runs that follow each other, so that a crash loop does not get a marker for each. */
export function lostRuns(runs: readonly number[]): Pick<LostFile, 'restart' | 'name'>[] {
  const lost: Pick<LostFile, 'restart' | 'name'>[] = [];
  for (let first = 0; first < runs.length;) {
    let last = first;
    while (runs[last + 1] === runs[last]! + 1) last++;
    const restart = runs[last]!;
    lost.push({ restart, name: first === last ? `${restart}.log` : `${runs[first]!}.log to ${restart}.log` });
    first = last + 1;
  }
  return lost;
}

/**
 * A file was cut in place. Its old content stays an entry, without a descriptor, for as long as the server has to hear
 * of it; its new content is a new file, known by its own first line, which is returned.
 */
export function splitTruncated(chain: Chain, file: LogFile, sizeBytes: number, nowMs: number): LogFile {
  const fresh: LogFile = {
    ...file,
    head: '',
    sizeBytes,
    changedMs: nowMs,
    holdUntilMs: 0,
    countedTo: -1,
    loss: undefined,
  };
  rewindFile(fresh, [0, 0]);
  if (file.head === '') file.head = headOfUnseen(nowMs);
  file.fd = -1;
  file.onDisk = false;
  loseRest(file, 'truncated');
  chain.files.splice(chain.files.indexOf(file) + 1, 0, fresh);
  return fresh;
}

function unopenedFile(log: LogName, head: string, nowMs: number, timeMs: number): LogFile {
  return {
    path: log.name,
    log,
    fd: -1,
    device: 0,
    inode: 0,
    head,
    replaces: undefined,
    ctimeMs: 0,
    onDisk: false,
    isUnlinked: true,
    changedMs: nowMs,
    holdUntilMs: 0,
    lookedMs: 0,
    sizeBytes: 0,
    ...notRead(timeMs),
  };
}

/**
 * Files that cannot be opened any more, and only have a marker. Each is an entry of a chain like any other file, with a loss
 * instead of a descriptor.
 */
import { sortFiles, type Chain } from '../files/chain.ts';
import { chainOfRun, type Container } from '../discover/container.ts';
import { loseRest, unopenedFile, type LogFile } from '../files/log-file.ts';
import { FIRST_ROTATION } from '../files/log-path.ts';
import type { LostFile } from '../files/loss.ts';

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
  const log = { name, restart, rotation, gzip: false };
  const file = { ...unopenedFile(name, log, nowMs, timeMs), head, replaces };
  loseRest(file, reason, false);
  chain.files.push(file);
  sortFiles(chain);
  return { chain, file };
}

/** Removes a file that was added, and its chain if no other file is in it. */
export function withdrawLostFile(container: Container, { chain, file }: AddedFile): void {
  chain.files = chain.files.filter((other) => other !== file);
  if (chain.files.length === 0) container.chains.delete(chain.restart);
}

/** Merges consecutive runs into one lost file, so that a crash loop does not get a marker for each. */
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

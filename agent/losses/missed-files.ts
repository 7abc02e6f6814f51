/** Files that came and went between two listings of a container's directory, as the files that are left show it. */
import { begunMs, headBefore, wasRotated, writtenMs } from '../files/chain-beginning.ts';
import type { Chain } from '../files/chain.ts';
import type { Container } from '../discover/container.ts';
import type { LogFile } from '../files/log-file.ts';
import { rotationAfter } from '../files/log-path.ts';

/** Adds what this agent has missed in a container that has just been listed to the chains, for LostFiles to judge. */
export function noteMissed({ isWhole, chains }: Container, firstFileMsMax: number, nowMs: number): void {
  if (!isWhole) return;
  for (const chain of chains.values()) if (chain.files.length > 0) noteRotatedAway(chain, firstFileMsMax, nowMs);
}

/**
 * Notices whether the file that was the live one at the last listing was rotated away since, and others with it: the kubelet
 * deletes the oldest first, so each file between it and the oldest one that is left was deleted, too. If none is left, at least
 * the one after it is missing.
 */
function noteRotatedAway(chain: Chain, firstFileMsMax: number, nowMs: number): void {
  const { files, restart, newest } = chain;
  const present = files.filter(({ onDisk }) => onDisk);
  // Between the two steps of a rotation there is no live file.
  const renamed = newest?.onDisk === true ? newest : undefined;
  chain.newest = present.find(({ log }) => log.rotation === '') ?? renamed;
  if (newest === undefined || newest.onDisk) return;
  const isMissing = present.length === 0 ? wasRotated(newest) : isRotatedAway(files, newest, present, firstFileMsMax);
  if (!isMissing) return;
  const head = headBefore({ files: present }, newest.head);
  const rotation = rotationAfter(newest.log.rotation);
  const lost = { restart, name: `${restart}.log`, reason: 'never-opened', head, rotation } as const;
  chain.missed.push({ lost, timeMs: present.length === 0 ? nowMs : begunMs({ files: present }) });
}

function isRotatedAway(
  files: readonly LogFile[],
  newest: LogFile,
  present: readonly LogFile[],
  firstFileMsMax: number,
): boolean {
  // If the only file was replaced, none was skipped.
  if (present.length < 2 || files.indexOf(present[0]!) < files.indexOf(newest)) return false;
  // Clocks may differ: the times of lines are those of the writer, the other one is of the file system.
  const pauseMs = begunMs({ files: present }) - (writtenMs(newest) ?? -Infinity);
  return Math.abs(pauseMs) > firstFileMsMax;
}

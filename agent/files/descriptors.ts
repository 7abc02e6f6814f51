/**
 * Limits what open files cost the node: descriptors, and disk space of deleted files that cannot be freed. Closing a file that is
 * read to its end costs nothing; whatever else is closed is lost, and has a marker.
 */
import { readFileSync } from 'node:fs';
import { DELETED_BYTES_MAX, OPEN_FILES_MAX, SPARE_DESCRIPTORS } from '../limits.ts';
import { closeLogFile, isComplete, type LogFile } from './log-file.ts';
import type { LogOpener } from './log-opener.ts';
import type { LossReason } from './loss.ts';

export interface OpenFileLimits {
  readonly openFilesMax?: number;
  readonly deletedBytesMax?: number;
}

export interface Descriptors {
  readonly opener: LogOpener;
  readonly openFilesMax: number;
  readonly deletedBytesMax: number;
  /** Log files that are open, as of the last tick and what was opened since. */
  open: number;
  /** Files that were not opened for want of a descriptor since the last tick. */
  refused: number;
}

export function createDescriptors(limits: OpenFileLimits, opener: LogOpener): Descriptors {
  const { openFilesMax = openFilesLimit(), deletedBytesMax = DELETED_BYTES_MAX } = limits;
  return { opener, openFilesMax, deletedBytesMax, open: 0, refused: 0 };
}

/** Reserves a descriptor. Returns false when there is none left. */
export function takeDescriptor(descriptors: Descriptors): boolean {
  const isFree = descriptors.open < descriptors.openFilesMax;
  if (isFree) descriptors.open++;
  else descriptors.refused++;
  return isFree;
}

export type GiveUp = (file: LogFile, reason: LossReason) => void;

/** Keeps the files within the limits, as far as possible; `giveUp` closes those that cost a loss. */
export function boundFiles(files: readonly LogFile[], descriptors: Descriptors, giveUp: GiveUp): void {
  boundDeletedBytes(files, descriptors.deletedBytesMax, giveUp);
  descriptors.open = files.reduce((sum, { fd }) => sum + Number(fd >= 0), 0);
  const tooMany = descriptors.open + descriptors.refused - descriptors.openFilesMax;
  descriptors.refused = 0;
  if (tooMany > 0) boundOpenFiles(files, tooMany, giveUp);
}

/** Closes deleted files, the oldest first, until the rest holds no more than `heldBytesMax` of the disk. */
function boundDeletedBytes(files: readonly LogFile[], heldBytesMax: number, giveUp: GiveUp): void {
  let heldBytes = files.reduce((sum, file) => sum + deletedBytes(file), 0);
  if (heldBytes <= heldBytesMax) return;
  for (const file of oldestFirst(files.filter((each) => deletedBytes(each) > 0))) {
    if (heldBytes <= heldBytesMax) return;
    heldBytes -= deletedBytes(file);
    if (isReadToEnd(file)) closeLogFile(file);
    else giveUp(file, 'deleted');
  }
}

/** Makes room for others: closes files that are read to their end, then gives up deleted ones. */
function boundOpenFiles(files: readonly LogFile[], count: number, giveUp: GiveUp): void {
  const open = oldestFirst(files.filter(({ fd }) => fd >= 0));
  const finished = open.filter(isReadToEnd).slice(0, count);
  for (const file of finished) closeLogFile(file);
  const deleted = open.filter((file) => !file.onDisk && !isReadToEnd(file));
  for (const file of deleted.slice(0, count - finished.length)) giveUp(file, 'descriptors');
}

/** Bytes that the disk could free if the file were closed. */
export function deletedBytes(file: LogFile): number {
  return file.fd >= 0 && !file.onDisk ? file.sizeBytes : 0;
}

/** Whether the file is read to its present end. */
function isReadToEnd(file: LogFile): boolean {
  return file.head !== '' && isComplete(file);
}

function oldestFirst(files: LogFile[]): LogFile[] {
  return files.toSorted((a, b) => a.changedMs - b.changedMs);
}

/** The process' limit; Node raises the soft one to the hard one when it starts. */
function openFilesLimit(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  return Math.min(OPEN_FILES_MAX, Number(match?.[1] ?? OPEN_FILES_MAX) - SPARE_DESCRIPTORS);
}

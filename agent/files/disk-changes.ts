/** Records what polls of a log file and listings of its directory have shown: that it has grown, was renamed or was deleted. */
import { readlinkSync, type Stats } from 'node:fs';
import { basename } from 'node:path';
import { SETTLE_MS } from '../limits.ts';
import { gzipContentBytes, type LogFileState } from './log-file.ts';
import { parseLogName, rotationAfter, type LogName } from './log-path.ts';

/**
 * Records a poll of the file.
 * @returns whether it has changed since the last one: it was written to, renamed or deleted
 */
export function notePoll(file: LogFileState, { ctimeMs, size, nlink }: Stats, nowMs: number): boolean {
  file.polledMs = nowMs;
  if (ctimeMs === file.ctimeMs && size === file.sizeBytes) return false;
  file.ctimeMs = ctimeMs;
  file.hasWriter ||= file.isUnlinked && size > file.sizeBytes;
  file.isUnlinked = nlink === 0;
  return true;
}

/** Records the size of a file that was polled; it may have grown. */
export function noteSize(file: LogFileState, sizeBytes: number, nowMs: number): void {
  if (sizeBytes <= file.sizeBytes) return;
  file.sizeBytes = sizeBytes;
  file.changedMs = nowMs;
}

/** Records that the file was read up to here: it may have grown since the last poll. */
export function noteReadTo(file: LogFileState, end: number): void {
  file.hasWriter ||= file.isUnlinked && end > file.sizeBytes;
  file.sizeBytes = Math.max(file.sizeBytes, end);
}

/** Records a poll of a gzip file, which may have been written to since it was opened. */
export function noteGzip(file: LogFileState, { size, mtimeMs }: Stats, nowMs: number): void {
  file.changedMs = Math.max(file.changedMs, Math.min(mtimeMs, nowMs));
  if (!file.gunzip.isEnded && file.loss === undefined) file.sizeBytes = gzipContentBytes(file.fd, size);
}

/** Records that something has happened to the file or to its chain. */
export function noteChange(file: LogFileState, nowMs: number): void {
  file.changedMs = nowMs;
}

/** Records the name under which the file is listed. */
export function noteName(file: LogFileState, path: string, log: LogName, nowMs: number): void {
  if (!file.onDisk || file.log.rotation !== log.rotation) file.changedMs = nowMs;
  file.onDisk = true;
  file.path = path;
  // While it is open, the descriptor decides how the file is read, not the name that the kubelet has given it since.
  file.log = file.fd >= 0 ? { ...log, gzip: file.log.gzip } : log;
}

/**
 * Records that the file is not listed any more.
 * @param newestRotation  of its chain
 */
export function noteDeleted(file: LogFileState, newestRotation: string, nowMs: number): void {
  file.onDisk = false;
  file.changedMs = nowMs;
  if (file.log.rotation === '') file.log = lastLog(file, newestRotation);
}

/** Records that a newer file has come after this one. */
export function noteNewer(file: LogFileState, nowMs: number): void {
  if (file.holdUntilMs === 0) file.holdUntilMs = nowMs + SETTLE_MS;
}

/**
 * Returns the last name of a deleted file that was the live one when it was last listed: it may have been rotated since. If not, it
 * still sorts before whatever was rotated later.
 */
function lastLog({ fd, log }: LogFileState, newestRotation: string): LogName {
  const last = fd < 0 ? undefined : parseLogName(basename(nameOfDeleted(fd)));
  if (last === undefined || last.rotation === '') return { ...log, rotation: rotationAfter(newestRotation) };
  return { ...last, gzip: log.gzip };
}

/** Returns the last path of an open file that is deleted. */
function nameOfDeleted(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`).replace(/ \(deleted\)$/, '');
}

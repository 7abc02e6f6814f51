/** A file that was cut in place is two files from then on: the old content, whose rest is lost, and the new one. */
import type { Chain } from './chain.ts';
import { beginsAsBefore } from './file-head.ts';
import { loseRest, nameLost, unopenedFile, type LogFile, type LogFileState } from './log-file.ts';

/** Whether a file was cut in place since the last poll; it may have grown again, even beyond its old size. */
export function wasTruncated(file: LogFile, sizeBytes: number): boolean {
  return sizeBytes < file.sizeBytes || !beginsAsBefore(file);
}

/**
 * Splits a file that was cut in place. Its old content stays an entry, without a descriptor, for as long as the server has to
 * hear of it; its new content is a new file, known by its own first line, which is returned.
 */
export function splitTruncated(chain: Chain, file: LogFile, sizeBytes: number, nowMs: number): LogFile {
  const { path, log, fd, device, inode, ctimeMs, onDisk, isUnlinked, hasWriter, polledMs, reading } = file;
  const disk = { fd, device, inode, ctimeMs, onDisk, isUnlinked, hasWriter, polledMs, sizeBytes };
  const { lastDay, lastTimeNs } = reading;
  const fresh = { ...unopenedFile(path, log, nowMs, nowMs), ...disk };
  const newContent = { ...fresh, reading: { ...fresh.reading, lastDay, lastTimeNs } };
  const old: LogFileState = file;
  nameLost(old, nowMs);
  old.fd = -1;
  // What is listed from now on is the new content, however long it becomes.
  old.device = 0;
  old.inode = 0;
  old.onDisk = false;
  loseRest(old, 'truncated');
  chain.files.splice(chain.files.indexOf(file) + 1, 0, newContent);
  return newContent;
}

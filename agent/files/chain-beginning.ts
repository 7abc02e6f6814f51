/** The beginning of a chain, as its files show it: which file is the oldest, when it was begun, and how many there are. */
import { fstatSync } from 'node:fs';
import {
  headOfLostEnd,
  headOfUnreadable,
  headOfLost,
  isLostHead,
  timeOfHead,
  UNKNOWN_HEAD,
} from '../../shared/file-id.ts';
import type { Chain } from './chain.ts';
import { isUnreadGzip, type LogFile } from './log-file.ts';
import { parseLogName } from './log-path.ts';

interface Files {
  readonly files: readonly LogFile[];
}

/** Whether the server knows the file by this head. */
export function hasHead(file: LogFile, head: string): boolean {
  return file.head === head || (isUnreadGzip(file) && headOfUnreadable(file.log.rotation) === head);
}

/** Counts files that have a name: the kubelet keeps neither lost files nor deleted ones that are still read. */
export function countOnDisk(files: Chain['files']): number {
  return files.reduce((count, { onDisk }) => count + Number(onDisk), 0);
}

/**
 * Returns a head for what is missing before the oldest file of a run. A file without a line has no identity to derive it from.
 * @param last  the head of the last file before that, if one is known
 */
export function headBefore({ files }: Files, last = ''): string {
  const oldest = files.find(({ head }) => head !== '' && !isLostHead(head));
  if (oldest !== undefined) return headOfLost(oldest.head);
  return last === '' ? UNKNOWN_HEAD : headOfLostEnd(last);
}

/** Returns when, at the latest, the oldest file of a run was begun. */
export function begunMs({ files }: Files): number {
  for (const { head } of files) {
    const timeMs = timeOfHead(head);
    if (timeMs !== undefined) return timeMs;
  }
  return files[0]!.changedMs;
}

/** Returns when the file was last written to; undefined when it is closed. */
export function writtenMs({ fd }: LogFile): number | undefined {
  return fd < 0 ? undefined : fstatSync(fd).mtimeMs;
}

/** Whether the file's name, or its last name if it is deleted, is that of a rotated one. */
export function wasRotated({ log }: LogFile): boolean {
  return (parseLogName(log.name)?.rotation ?? '') !== '';
}

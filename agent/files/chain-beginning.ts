/** What the files of a chain say of its beginning: which is the oldest, when it was begun, how many there are. */
import { fstatSync } from 'node:fs';
import {
  headOfLostEnd,
  headOfUnreadable,
  headOfUnseen,
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
export function isOf(file: LogFile, head: string): boolean {
  return file.head === head || (isUnreadGzip(file) && headOfUnreadable(file.log.rotation) === head);
}

/** Without lost files, and without those that are deleted and still read: the kubelet keeps none of them. */
export function countOnDisk(files: Chain['files']): number {
  return files.reduce((count, { onDisk }) => count + Number(onDisk), 0);
}

/**
 * For what is missing before the oldest file of a run. A file without a line does not say which it is.
 * @param last  the head of the last file before that, if one is known
 */
export function headBefore({ files }: Files, last = ''): string {
  const oldest = files.find(({ head }) => head !== '' && !isLostHead(head));
  if (oldest !== undefined) return headOfUnseen(oldest.head);
  return last === '' ? UNKNOWN_HEAD : headOfLostEnd(last);
}

/** When the oldest file of a run was begun, at the latest. */
export function begunMs({ files }: Files): number {
  for (const { head } of files) {
    const timeMs = timeOfHead(head);
    if (timeMs !== undefined) return timeMs;
  }
  return files[0]!.changedMs;
}

/** When something was last written to the file; undefined when that cannot be known any more. */
export function writtenMs({ fd }: LogFile): number | undefined {
  return fd < 0 ? undefined : fstatSync(fd).mtimeMs;
}

/** Whether the file has, or had when it was deleted, the name of a rotated one. */
export function wasRotated({ log }: LogFile): boolean {
  return (parseLogName(log.name)?.rotation ?? '') !== '';
}

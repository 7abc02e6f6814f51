/**
 * One log file: its descriptor, its identity and how far it is read, sent and acknowledged. Plain data with the few
 * system calls that it needs; what is done with it is decided in chain.ts and ../tail.ts.
 */
import { closeSync, fstatSync, readlinkSync, readSync, statSync, type Stats } from 'node:fs';
import { type CriParser, STDERR, STDOUT } from '../../shared/cri.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import type { Position } from '../../shared/wire.ts';
import type { GzipSource } from './gzip-source.ts';
import type { LogOpener } from './log-opener.ts';
import type { LogName } from './log-path.ts';
import type { LossReason } from './loss.ts';

/** Offsets in uncompressed bytes, indexed by STDOUT and STDERR. */
export type Offsets = [stdout: number, stderr: number];

export interface LogFile {
  path: string;
  log: LogName;
  /** -1 when closed. While it is open its inode cannot be given to another file. */
  fd: number;
  device: number;
  inode: number;
  /** `@…`, the part of the identity that its beginning gives (file-head.ts); empty until its first line is complete. */
  head: string;
  /** Of a lost file: the id of the file that it replaces, which the server may forget when it has the marker. */
  replaces: string | undefined;
  /** Changes with a write and with a rename, so that the path of an untouched file needs no look. */
  ctimeMs: number;
  /** False when no name of the file is left in its directory. */
  onDisk: boolean;
  /** Whether it had no name at all when it was last looked at. */
  isUnlinked: boolean;
  /** When the file last grew, was renamed or was deleted. */
  changedMs: number;
  /** The next file of the chain is not begun before this one has been looked at, at this time or later. */
  holdUntilMs: number;
  /** Time of the tick that last saw how large it is. */
  lookedMs: number;
  /** Uncompressed; for a gzip file what its trailer says until it was read to the end. */
  sizeBytes: number;
  /** Everything before it has been taken; the start of a fragment, or of what is damaged. */
  readOffset: number;
  /** There is no complete fragment between readOffset and here. */
  stalledAt: number;
  /** Where the NUL bytes at readOffset end, as far as they are read; it counts only beyond readOffset. */
  zerosTo: number;
  /** A stream's fragments that start before this were stored in an earlier life: they are read over. */
  start: Offsets;
  /** What the batches closed so far cover. */
  sent: Offsets;
  /** What the server has acknowledged. */
  acked: Offsets;
  /** Whether a fragment of the stream was taken since the last rewind. */
  seen: [stdout: boolean, stderr: boolean];
  /** The time of the last fragment, for lines that have none; before the first, when the file last changed. */
  lastDay: number;
  lastTimeNs: number;
  gzip: GzipSource | undefined;
  /** A gzip file whose end was reached, or that cannot be decompressed further. */
  gzipEnded: boolean;
  /** A gzip file that was cut short while it was young, and may still be written, is tried again then. */
  gzipRetryMs: number;
  /** Offset of the last loss that was counted; -1 before the first. A rewind does not undo it. */
  countedTo: number;
  /** Why nothing between readOffset and sizeBytes can be read. */
  loss: FileLoss | undefined;
}

export interface FileLoss {
  readonly reason: LossReason;
  /** False when sizeBytes says nothing about how much it is. */
  readonly isMeasured: boolean;
}

/** Opens a file; undefined when it is gone meanwhile or may not be read. Its position is at the start until it is set. */
export function openLogFile(path: string, log: LogName, opener: LogOpener): LogFile | undefined {
  const fd = opener.open(path);
  if (fd < 0) return undefined;
  const stats = fstatSync(fd);
  return {
    path,
    log,
    fd,
    device: stats.dev,
    inode: stats.ino,
    ctimeMs: 0,
    head: '',
    replaces: undefined,
    onDisk: true,
    isUnlinked: false,
    changedMs: stats.mtimeMs,
    holdUntilMs: 0,
    lookedMs: 0,
    sizeBytes: log.gzip ? gzipContentBytes(fd, stats.size) : stats.size,
    ...notRead(stats.mtimeMs),
  };
}

type Progress = Pick<
  LogFile,
  | 'readOffset'
  | 'stalledAt'
  | 'zerosTo'
  | 'start'
  | 'sent'
  | 'acked'
  | 'seen'
  | 'lastDay'
  | 'lastTimeNs'
  | 'gzip'
  | 'gzipEnded'
  | 'gzipRetryMs'
  | 'countedTo'
  | 'loss'
>;

/** Nothing of a file is read yet. @param timeMs  of what has to be said of it before its first line */
export function notRead(timeMs: number): Progress {
  const { day: lastDay, timeNs: lastTimeNs } = rowTimeOfMs(timeMs);
  return {
    readOffset: 0,
    stalledAt: 0,
    zerosTo: 0,
    start: [0, 0],
    sent: [0, 0],
    acked: [0, 0],
    seen: [false, false],
    lastDay,
    lastTimeNs,
    gzip: undefined,
    gzipEnded: false,
    gzipRetryMs: 0,
    countedTo: -1,
    loss: undefined,
  };
}

/** Opens the descriptor of a closed file again. False when there is no such file any more. */
export function reopenLogFile(file: LogFile, opener: LogOpener): boolean {
  const fd = opener.open(file.path);
  if (fd < 0) return false;
  const stats = fstatSync(fd);
  file.fd = fd;
  file.device = stats.dev;
  file.inode = stats.ino;
  file.gzipEnded = false;
  if (!file.log.gzip) file.sizeBytes = stats.size;
  return true;
}

export function closeLogFile(file: LogFile): void {
  file.gzip?.close();
  file.gzip = undefined;
  if (file.fd >= 0) closeSync(file.fd);
  file.fd = -1;
  // The kubelet may have compressed the file while it was read by its descriptor.
  file.log = { ...file.log, gzip: file.log.name.endsWith('.gz') };
}

/** A stat that answers undefined for a missing file, and for links that lead to each other. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

/** The end of what can be read at present, or Infinity while a gzip file is not read to its end. */
export function endOffset(file: LogFile): number {
  if (!file.log.gzip) return file.sizeBytes;
  return file.gzipEnded ? file.readOffset : Infinity;
}

export function isAcknowledgedTo(file: LogFile, offset: number): boolean {
  return file.acked[STDOUT] >= offset && file.acked[STDERR] >= offset;
}

/** Whether the server has everything, as far as is known. */
export function isComplete(file: LogFile): boolean {
  return isAcknowledgedTo(file, file.log.gzip && !file.gzipEnded ? file.sizeBytes : endOffset(file));
}

/** Bytes of an open file that the server has not acknowledged. */
export function lagBytes({ fd, sizeBytes, acked }: LogFile): number {
  return fd < 0 ? 0 : Math.max(0, sizeBytes - Math.min(...acked));
}

export function toPosition(offsets: Offsets): Position {
  return { stdout: offsets[STDOUT], stderr: offsets[STDERR] };
}

/** Forgets what was read beyond `acked`, as if the file had just been opened. */
export function rewindFile(file: LogFile, acked: Offsets): void {
  file.acked = [...acked];
  file.sent = [...acked];
  file.start = [...acked];
  file.readOffset = Math.min(acked[STDOUT], acked[STDERR]);
  file.stalledAt = 0;
  file.zerosTo = 0;
  file.seen = [false, false];
  file.gzip?.close();
  file.gzip = undefined;
  file.gzipEnded = isGzipRead(file);
  if (file.fd >= 0) file.loss = undefined;
}

/** A gzip file that was looked at, and may have been written to since it was opened. */
export function noteGzip(file: LogFile, { size, mtimeMs }: Stats, nowMs: number): void {
  file.changedMs = Math.max(file.changedMs, Math.min(mtimeMs, nowMs));
  if (!file.gzipEnded && file.loss === undefined) file.sizeBytes = gzipContentBytes(file.fd, size);
}

/** Whether nothing of a gzip file is known, not even its beginning. */
export function isUnreadGzip({ fd, log, head }: LogFile): boolean {
  return fd >= 0 && log.gzip && head === '';
}

/** Whether a gzip file was read to the end that its trailer gives. Where that is 0 it may be damaged, and is cheap to read. */
export function isGzipRead({ log, readOffset, sizeBytes }: LogFile): boolean {
  return log.gzip && readOffset > 0 && readOffset >= sizeBytes;
}

/** Nothing more is to be read of the gzip file. */
export function skipGzip(file: LogFile): void {
  file.gzipEnded = true;
  file.sizeBytes = file.readOffset;
}

/** Notes the fragment that was taken last. */
export function noteFragment(file: LogFile, { stream, day, timeNs }: CriParser): void {
  file.seen[stream] = true;
  file.lastDay = day;
  file.lastTimeNs = timeNs;
}

/** What is not read of the file cannot be any more. There is always a byte of it, for the position to move over. */
export function loseRest(file: LogFile, reason: LossReason, isMeasured = file.sizeBytes > file.readOffset): void {
  file.loss ??= { reason, isMeasured };
  file.sizeBytes = Math.max(file.sizeBytes, file.readOffset + 1);
}

/** Whether the name under which the file is known is still its own. */
export function isAtPath(file: LogFile): boolean {
  const stats = statIfThere(file.path);
  return stats !== undefined && stats.ino === file.inode && stats.dev === file.device;
}

/** The last path of an open file that is deleted. */
export function nameOfDeleted(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`).replace(/ \(deleted\)$/, '');
}

const trailerBytes = Buffer.allocUnsafe(4);

/** The size that a gzip file's trailer gives: exact below 4 GiB, and kubelet's logs are far below. */
function gzipContentBytes(fd: number, fileSizeBytes: number): number {
  if (fileSizeBytes < 18) return 0;
  readSync(fd, trailerBytes, 0, 4, fileSizeBytes - 4);
  return trailerBytes.readUInt32LE(0);
}

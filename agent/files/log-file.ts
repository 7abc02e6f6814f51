/**
 * One log file: its descriptor, its identity and how far it is read, sent and acknowledged. Plain data with the few
 * system calls that it needs; what is done with it is decided in chain.ts and ../tail.ts.
 */
import { closeSync, fstatSync, readSync, statSync, type Stats } from 'node:fs';
import { STDERR, STDOUT } from '../../shared/cri.ts';
import { headOfUnseen } from '../../shared/file-id.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import type { Position } from '../../shared/wire.ts';
import type { GzipSource } from './gzip-source.ts';
import type { LogOpener } from './log-opener.ts';
import type { LogName } from './log-path.ts';
import type { LossReason } from './loss.ts';

/** Offsets in uncompressed bytes, indexed by STDOUT and STDERR. */
export type Offsets = [stdout: number, stderr: number];

/** Which file it is, where it is, and what looks at the disk have shown of it; written in this folder alone. */
export interface LogFileState {
  path: string;
  log: LogName;
  /** -1 when closed. While it is open its inode cannot be given to another file. */
  fd: number;
  device: number;
  inode: number;
  /** `@…`, the part of the identity that its beginning gives (file-head.ts); empty until its first line is complete. */
  head: string;
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
  gunzip: GunzipState;
  /** Why nothing between the reading's offset and sizeBytes can be read. */
  loss: FileLoss | undefined;
  reading: Readonly<ReadingState>;
  delivery: Readonly<FileDeliveryState>;
}

/** How far a gzip file is decompressed; written in this folder alone. */
export interface GunzipState {
  /** Undefined while it is not under way. */
  readonly source: GzipSource | undefined;
  /** Its end was reached, or it cannot be decompressed further. */
  readonly isEnded: boolean;
  /** A file that was cut short while it was young, and may still be written, is tried again then. */
  readonly retryMs: number;
}

/** How far a file is read; written in ../lines alone, and begun again by a rewind. */
export interface ReadingState {
  /** Everything before it has been taken; the start of a fragment, or of what is damaged. */
  offset: number;
  /** There is no complete fragment between the offset and here. */
  stalledAt: number;
  /** Where the NUL bytes at the offset end, as far as they are read; it counts only beyond the offset. */
  zerosTo: number;
  /** A stream's fragments that start before this were stored in an earlier life: they are read over. */
  readonly start: Readonly<Offsets>;
  /** Whether a fragment of the stream was taken since the last rewind. */
  readonly seen: [stdout: boolean, stderr: boolean];
  /** The time of the last fragment, for lines that have none; before the first, when the file last changed. */
  lastDay: number;
  lastTimeNs: number;
}

/** How much of something that has a position is delivered; written in ../send alone, and begun again by a rewind. */
export interface DeliveryState {
  /** What the batches closed so far cover. */
  sent: Readonly<Offsets>;
  /** What the server has acknowledged. */
  acked: Readonly<Offsets>;
}

export interface FileDeliveryState extends DeliveryState {
  /** Offset of the last loss that was counted; -1 before the first. A rewind does not undo it. */
  countedTo: number;
}

/**
 * A file, as all rooms see it. Each part of its state is written in one room, where a variable is declared to be of the type that
 * is not read-only.
 */
export interface LogFile extends Readonly<LogFileState> {
  /** Of a lost file: the id of the file that it replaces, which the server may forget when it has the marker. */
  replaces: string | undefined;
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
  const { dev: device, ino: inode, mtimeMs } = stats;
  const sizeBytes = log.gzip ? gzipContentBytes(fd, stats.size) : stats.size;
  return {
    ...unopenedFile(path, log, mtimeMs, mtimeMs),
    fd,
    device,
    inode,
    onDisk: true,
    isUnlinked: false,
    sizeBytes,
  };
}

/**
 * A file of which nothing is known but its name.
 * @param timeMs  of what has to be said of it before its first line
 */
export function unopenedFile(path: string, log: LogName, changedMs: number, timeMs: number): LogFile {
  return {
    path,
    log,
    fd: -1,
    device: 0,
    inode: 0,
    head: '',
    replaces: undefined,
    ctimeMs: 0,
    onDisk: false,
    isUnlinked: true,
    changedMs,
    holdUntilMs: 0,
    lookedMs: 0,
    sizeBytes: 0,
    ...unreadFile(timeMs),
  };
}

/** Nothing of a file is read yet. */
function unreadFile(timeMs: number): Pick<LogFile, 'gunzip' | 'loss' | 'reading' | 'delivery'> {
  const { day, timeNs } = rowTimeOfMs(timeMs);
  return {
    gunzip: { source: undefined, isEnded: false, retryMs: 0 },
    loss: undefined,
    reading: readingFrom([0, 0], day, timeNs),
    delivery: { sent: [0, 0], acked: [0, 0], countedTo: -1 },
  };
}

function readingFrom(start: Readonly<Offsets>, lastDay: number, lastTimeNs: number): ReadingState {
  const offset = Math.min(...start);
  return { offset, stalledAt: 0, zerosTo: 0, start, seen: [false, false], lastDay, lastTimeNs };
}

/** Opens the descriptor of a closed file again. False when there is no such file any more. */
export function reopenLogFile(file: LogFileState, opener: LogOpener): boolean {
  const fd = opener.open(file.path);
  if (fd < 0) return false;
  const stats = fstatSync(fd);
  file.fd = fd;
  file.device = stats.dev;
  file.inode = stats.ino;
  file.gunzip = { ...file.gunzip, isEnded: false };
  if (!file.log.gzip) file.sizeBytes = stats.size;
  return true;
}

export function closeLogFile(file: LogFileState): void {
  closeGunzip(file);
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
export function endOffset({ log, gunzip, reading, sizeBytes }: LogFile): number {
  if (!log.gzip) return sizeBytes;
  return gunzip.isEnded ? reading.offset : Infinity;
}

export function isAcknowledgedTo({ delivery: { acked } }: LogFile, offset: number): boolean {
  return acked[STDOUT] >= offset && acked[STDERR] >= offset;
}

/** Whether the server has everything, as far as is known. */
export function isComplete(file: LogFile): boolean {
  return isAcknowledgedTo(file, file.log.gzip && !file.gunzip.isEnded ? file.sizeBytes : endOffset(file));
}

/** Bytes of an open file that the server has not acknowledged. */
export function lagBytes({ fd, sizeBytes, delivery }: LogFile): number {
  return fd < 0 ? 0 : Math.max(0, sizeBytes - Math.min(...delivery.acked));
}

export function toPosition(offsets: Readonly<Offsets>): Position {
  return { stdout: offsets[STDOUT], stderr: offsets[STDERR] };
}

/** Forgets what was read beyond `acked`, as if the file had just been opened. */
export function rewindFile(file: LogFileState, acked: Readonly<Offsets>): void {
  const { lastDay, lastTimeNs } = file.reading;
  file.delivery = { ...file.delivery, sent: acked, acked };
  file.reading = readingFrom(acked, lastDay, lastTimeNs);
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, isEnded: isGzipRead(file) };
  if (file.fd >= 0) file.loss = undefined;
}

/** Begins to decompress a gzip file where it is to be read on. */
export function beginGunzip(file: LogFileState, source: GzipSource): void {
  file.gunzip = { ...file.gunzip, source };
}

/** Gives up for now: the file is decompressed again from its beginning at a tick at `retryMs` or later. */
export function retryGunzip(file: LogFileState, retryMs: number): void {
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, retryMs };
}

/** Nothing more is to be read of the gzip file. */
export function endGunzip(file: LogFileState): void {
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, isEnded: true };
}

/** The same, and nothing of it is missing. */
export function finishGunzip(file: LogFileState): void {
  endGunzip(file);
  file.sizeBytes = file.reading.offset;
}

function closeGunzip(file: LogFileState): void {
  if (file.gunzip.source === undefined) return;
  file.gunzip.source.close();
  file.gunzip = { ...file.gunzip, source: undefined };
}

/** Whether nothing of a gzip file is known, not even its beginning. */
export function isUnreadGzip({ fd, log, head }: LogFile): boolean {
  return fd >= 0 && log.gzip && head === '';
}

/** Whether a gzip file was read to the end that its trailer gives. Where that is 0 it may be damaged, and is cheap to read. */
export function isGzipRead({ log, reading, sizeBytes }: Pick<LogFile, 'log' | 'reading' | 'sizeBytes'>): boolean {
  return log.gzip && reading.offset > 0 && reading.offset >= sizeBytes;
}

/** What is not read of the file cannot be any more. There is always a byte of it, for the position to move over. */
export function loseRest(
  file: LogFileState,
  reason: LossReason,
  isMeasured = file.sizeBytes > file.reading.offset,
): void {
  file.loss ??= { reason, isMeasured };
  file.sizeBytes = Math.max(file.sizeBytes, file.reading.offset + 1);
}

/** A file whose beginning was never seen cannot be read any more. */
export function nameUnseen(file: LogFileState, nowMs: number): void {
  if (file.head === '') file.head = headOfUnseen(nowMs);
}

/** Whether the name under which the file is known is still its own. */
export function isAtPath(file: LogFile): boolean {
  const stats = statIfThere(file.path);
  return stats !== undefined && stats.ino === file.inode && stats.dev === file.device;
}

const trailerBytes = Buffer.allocUnsafe(4);

/** The size that a gzip file's trailer gives: exact below 4 GiB, and kubelet's logs are far below. */
export function gzipContentBytes(fd: number, fileSizeBytes: number): number {
  if (fileSizeBytes < 18) return 0;
  readSync(fd, trailerBytes, 0, 4, fileSizeBytes - 4);
  return trailerBytes.readUInt32LE(0);
}

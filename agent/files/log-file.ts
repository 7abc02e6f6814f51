/**
 * One log file: its descriptor, its identity and how far it is read, sent and acknowledged. Plain data with the few
 * system calls that it needs; chain.ts and ../tail.ts decide what happens to it.
 */
import { closeSync, fstatSync, readSync, statSync, type Stats } from 'node:fs';
import { STDERR, STDOUT } from '../../shared/cri.ts';
import { headOfLost } from '../../shared/file-id.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import type { Position } from '../../shared/wire.ts';
import { errorCode } from '../../shared/system-error.ts';
import type { GzipSource } from './gzip-source.ts';
import type { LogOpener } from './log-opener.ts';
import type { LogName } from './log-path.ts';
import type { LossReason } from './loss.ts';

/** Offsets in uncompressed bytes, indexed by STDOUT and STDERR. */
export type Offsets = [stdout: number, stderr: number];

/** Which file it is, where it is, and what polls have shown; written in this folder alone. */
export interface LogFileState {
  path: string;
  log: LogName;
  /** -1 when closed. While it is open its inode cannot be given to another file. */
  fd: number;
  device: number;
  inode: number;
  /** `@…`, the part of the identity that its beginning gives (file-head.ts); empty until its first line is complete. */
  head: string;
  /** Changes with a write and with a rename, so that the path of an unchanged file need not be checked. */
  ctimeMs: number;
  /** False when its directory does not list it any more. */
  onDisk: boolean;
  /** Whether it had no name at all at the last poll. */
  isUnlinked: boolean;
  /** Whether it has grown while it had no name: its container is not gone. */
  hasWriter: boolean;
  /** When the file last grew, was renamed or was deleted. */
  changedMs: number;
  /** The next file of the chain is not begun before this one has been polled at this time or later. */
  holdUntilMs: number;
  /** Time of the last poll. */
  polledMs: number;
  /** Uncompressed size; for a gzip file that of its trailer until it was read to the end. */
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
  /** Whether its end was reached, or it cannot be decompressed further. */
  readonly isEnded: boolean;
  /** A truncated file that may still be being written is tried again at this time. */
  readonly retryMs: number;
}

/** How far a file is read; written in ../lines alone, and begun again by a rewind. */
export interface ReadingState {
  /** Everything before it has been taken; the start of a fragment, or of what is damaged. */
  offset: number;
  /** No complete fragment ends between the offset and here. */
  stalledAt: number;
  /** Where the NUL bytes at the offset end, as far as they are read; it counts only beyond the offset. */
  zerosTo: number;
  /** Fragments of a stream that start before this are stored already, and are skipped. */
  readonly start: Readonly<Offsets>;
  /** Whether a fragment of the stream was taken since the last rewind. */
  readonly seen: [stdout: boolean, stderr: boolean];
  /** The time of the last fragment, for lines without one of their own; before the first, when the file last changed. */
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
  /** For a lost file, the id of the file that it replaces, which the server may forget when it has the marker. */
  replaces: string | undefined;
}

export interface FileLoss {
  readonly reason: LossReason;
  /** False when sizeBytes says nothing about how much it is. */
  readonly isMeasured: boolean;
}

/** Opens a file, with its position at the start. Returns undefined when it is gone or may not be read. */
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
 * Returns a file of which only the name is known.
 * @param timeMs  of a marker before its first line
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
    hasWriter: false,
    changedMs,
    holdUntilMs: 0,
    polledMs: 0,
    sizeBytes: 0,
    ...unreadFile(timeMs),
  };
}

/** The state of a file of which nothing is read yet. */
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

/** Opens a closed file again. Returns false when there is no such file any more. */
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

/** Returns undefined for a missing file, and for links that form a loop. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Returns the end of what can be read at present; Infinity while a gzip file is not read to its end. */
export function endOffset({ log, gunzip, reading, sizeBytes }: LogFile): number {
  if (!log.gzip) return sizeBytes;
  return gunzip.isEnded ? reading.offset : Infinity;
}

export function isAcknowledgedTo({ delivery: { acked } }: LogFile, offset: number): boolean {
  return acked[STDOUT] >= offset && acked[STDERR] >= offset;
}

/** Whether the server has everything up to the last known size. */
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

/** Forgets what was read after `acked`, as if the file had just been opened. */
export function rewindFile(file: LogFileState, acked: Readonly<Offsets>): void {
  const { lastDay, lastTimeNs } = file.reading;
  file.delivery = { ...file.delivery, sent: acked, acked };
  file.reading = readingFrom(acked, lastDay, lastTimeNs);
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, isEnded: isGzipRead(file) };
  if (file.fd >= 0) file.loss = undefined;
}

/** Records that decompression of a gzip file has begun. */
export function beginGunzip(file: LogFileState, source: GzipSource): void {
  file.gunzip = { ...file.gunzip, source };
}

/** Ends decompression for now: at the first tick at or after `retryMs` it begins again. */
export function retryGunzip(file: LogFileState, retryMs: number): void {
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, retryMs };
}

/** Ends decompression for good: nothing more of the file is read. */
export function endGunzip(file: LogFileState): void {
  closeGunzip(file);
  file.gunzip = { ...file.gunzip, isEnded: true };
}

/** The same at the end of the file, whose exact size is known now. */
export function finishGunzip(file: LogFileState): void {
  endGunzip(file);
  file.sizeBytes = file.reading.offset;
}

function closeGunzip(file: LogFileState): void {
  if (file.gunzip.source === undefined) return;
  file.gunzip.source.close();
  file.gunzip = { ...file.gunzip, source: undefined };
}

/** Whether not even the beginning of an open gzip file could be read yet. */
export function isUnreadGzip({ fd, log, head }: LogFile): boolean {
  return fd >= 0 && log.gzip && head === '';
}

/** Whether a gzip file was read to the size that its trailer gives. If that is 0, the file may be damaged, and is cheap to read. */
export function isGzipRead({ log, reading, sizeBytes }: Pick<LogFile, 'log' | 'reading' | 'sizeBytes'>): boolean {
  return log.gzip && reading.offset > 0 && reading.offset >= sizeBytes;
}

/** Marks the unread rest of the file as lost. The rest has at least one byte, for the position to move past. */
export function loseRest(
  file: LogFileState,
  reason: LossReason,
  isMeasured = file.sizeBytes > file.reading.offset,
): void {
  file.loss ??= { reason, isMeasured };
  file.sizeBytes = Math.max(file.sizeBytes, file.reading.offset + 1);
}

/** Gives an identity to a lost file whose beginning was never read. */
export function nameLost(file: LogFileState, nowMs: number): void {
  if (file.head === '') file.head = headOfLost(nowMs);
}

/** Whether the file is still at its known path. */
export function isAtPath(file: LogFile): boolean {
  const stats = statIfThere(file.path);
  return stats !== undefined && stats.ino === file.inode && stats.dev === file.device;
}

const trailerBytes = Buffer.allocUnsafe(4);

/** Returns the size from a gzip file's trailer: exact below 4 GiB, and the kubelet's logs are far below. */
export function gzipContentBytes(fd: number, fileSizeBytes: number): number {
  if (fileSizeBytes < 18) return 0;
  readSync(fd, trailerBytes, 0, 4, fileSizeBytes - 4);
  return trailerBytes.readUInt32LE(0);
}

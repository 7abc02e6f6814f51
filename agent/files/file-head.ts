/**
 * The head of a log file, the part of its identity that its beginning gives: `@<timestamp text>` of its first line or, if that is
 * not CRI, `@crc32-<hex>` of its bytes. No more than HEAD_BYTES of a line count, so that the head never depends on how much of
 * the line was there when it was read.
 *
 * Where another file of the run has the same head, the head is extended by whole lines until the two differ:
 * `@<timestamp text>~<bytes>-<crc32 of these bytes>`. Such a head can be checked against a file, so the file is found again after
 * a restart, whatever has become of the other one. If the file ends before they differ, `=<number>` is appended: such a head
 * proves less, and counts only where the other file is there, too, or is known to be longer.
 *
 * A gzip file of which nothing can be read is identified by the time in its name.
 */
import { closeSync, readSync } from 'node:fs';
import { constants, crc32, gunzipSync } from 'node:zlib';
import { CriParser } from '../../shared/cri.ts';
import { headOfUnreadable } from '../../shared/file-id.ts';
import { GZIP_HEAD_BYTES, HEAD_BYTES } from '../limits.ts';
import type { LogFile } from './log-file.ts';
import type { LogOpener } from './log-opener.ts';

const NEWLINE = 0x0a;
const EXTENSION = /^(.+)~(\d+)-([0-9a-f]{8})(=\d+)?$/;

/** The part of a file's state that reading its beginning needs. */
type Beginning = Pick<LogFile, 'fd' | 'path' | 'log'>;

/** Size of an empty file that was compressed, at most: 20 bytes, and the file's name where gzip has kept it. */
const EMPTY_GZIP_BYTES_MAX = 512;

const headBytes = Buffer.allocUnsafe(GZIP_HEAD_BYTES);
const headParser = new CriParser();

/**
 * Reads the head of a file.
 * @param isWhole  the file will not grow: a first line without a newline counts as complete, and a gzip file of which
 *     nothing can be read is identified by its name
 * @returns an empty string while the first line is not complete
 */
export function readHead(file: Beginning, isWhole = false): string {
  const bytes = readBeginning(file);
  if (isWhole && bytes.length === 0 && file.log.gzip) return headOfUnreadable(file.log.rotation);
  const newline = bytes.indexOf(NEWLINE);
  if (newline < 0 && bytes.length < HEAD_BYTES && (!isWhole || bytes.length === 0)) return '';
  const end = newline < 0 ? bytes.length : newline;
  if (!headParser.parse(bytes, 0, end)) return `@crc32-${hexCrc(bytes, end)}`;
  return `@${bytes.toString('latin1', 0, bytes.indexOf(0x20))}`;
}

/**
 * Whether a file still begins with the time of its head. It does not if it was truncated in place and has grown again since; a file
 * whose first line is not CRI is taken to.
 */
export function beginsAsBefore({ fd, head }: Pick<LogFile, 'fd' | 'head'>): boolean {
  const time = baseOfHead(head).slice(1);
  if (time === '' || time.startsWith('crc32-')) return true;
  const length = readSync(fd, headBytes, 0, time.length, 0);
  return headBytes.toString('latin1', 0, length) === time;
}

/** Whether an open gzip file is whole, and nothing is in it: the kubelet has rotated a file before anything was written to it. */
export function isEmptyGzip({ fd, log }: Pick<LogFile, 'fd' | 'log'>): boolean {
  if (fd < 0 || !log.gzip) return false;
  const compressed = headBytes.subarray(0, readSync(fd, headBytes, 0, EMPTY_GZIP_BYTES_MAX, 0));
  try {
    return gunzipSync(compressed).length === 0;
  } catch {
    return false; // damaged, still being written, or longer than one of nothing
  }
}

/** Returns a head without its extension. */
export function baseOfHead(head: string): string {
  return EXTENSION.exec(head)?.[1] ?? head;
}

export function isExtendedHead(head: string): boolean {
  return EXTENSION.test(head);
}

/** Whether another file of the run begins with the same bytes. */
export function isSharedHead(head: string): boolean {
  return EXTENSION.exec(head)?.[4] !== undefined;
}

/** Whether the file begins with the bytes that an extended head describes. */
export function matchesHead(file: Beginning & Pick<LogFile, 'head'>, head: string): boolean {
  const [, base, length, crc] = EXTENSION.exec(head) ?? [];
  if (base === undefined || base !== baseOfHead(file.head)) return false;
  const bytes = readBeginning(file);
  return bytes.length >= Number(length) && hexCrc(bytes, Number(length)) === crc;
}

/**
 * Extends the head of a file that differs from those of others with the same head.
 * @returns an empty string while it does not differ, unless it never will
 */
export function extendHead(
  base: string,
  file: LogFile,
  others: readonly LogFile[],
  opener: LogOpener,
  isWhole: boolean,
): string {
  const beginnings = others.map((other) => Buffer.from(readBeginning(other, opener)));
  const bytes = readBeginning(file);
  const end = isWhole || bytes.length === HEAD_BYTES ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
  const head = `${base}~${end}-${hexCrc(bytes, end)}`;
  if (!beginnings.some((other) => other.subarray(0, end).equals(bytes.subarray(0, end)))) return head;
  if (!isWhole && bytes.length < HEAD_BYTES) return '';
  for (let number = 1; ; number++) {
    const numbered = `${head}=${number}`;
    if (others.every((other) => other.head !== numbered)) return numbered;
  }
}

/** Whether both begin alike, as far as both go. */
export function beginAlike(a: LogFile, b: LogFile): boolean {
  const first = Buffer.from(readBeginning(a));
  const second = readBeginning(b);
  const length = Math.min(first.length, second.length);
  return first.subarray(0, length).equals(second.subarray(0, length));
}

function hexCrc(bytes: Buffer, end: number): string {
  return crc32(bytes.subarray(0, end)).toString(16).padStart(8, '0');
}

/**
 * Returns up to HEAD_BYTES of the uncompressed file; valid until the next call.
 * @param opener  for a file that is closed; without it nothing is read of one
 */
function readBeginning({ fd, path, log }: Beginning, opener?: LogOpener): Buffer {
  if (fd >= 0) return log.gzip ? readGzipBeginning(fd) : readPlainBeginning(fd);
  const own = opener?.open(path) ?? -1;
  if (own < 0) return Buffer.alloc(0);
  try {
    return path.endsWith('.gz') ? readGzipBeginning(own) : readPlainBeginning(own);
  } finally {
    closeSync(own);
  }
}

function readPlainBeginning(fd: number): Buffer {
  return headBytes.subarray(0, readSync(fd, headBytes, 0, HEAD_BYTES, 0));
}

function readGzipBeginning(fd: number): Buffer {
  const compressed = headBytes.subarray(0, readSync(fd, headBytes, 0, GZIP_HEAD_BYTES, 0));
  // The first step usually suffices. Deflate expands 1032 times at most, so no step adds more than 4 MiB.
  for (let sizeBytes = HEAD_BYTES; ; sizeBytes += HEAD_BYTES) {
    const content = gunzipPart(compressed.subarray(0, sizeBytes));
    if (content.length >= HEAD_BYTES || sizeBytes >= compressed.length) return content.subarray(0, HEAD_BYTES);
  }
}

/** Decompresses as much as possible: everything before the first damaged byte. */
function gunzipPart(compressed: Buffer): Buffer {
  const whole = tryGunzip(compressed);
  if (whole !== undefined) return whole;
  let content: Buffer = Buffer.alloc(0);
  let soundBytes = 0;
  let damagedBytes = compressed.length;
  while (damagedBytes - soundBytes > 1) {
    const middle = (soundBytes + damagedBytes) >> 1;
    const part = tryGunzip(compressed.subarray(0, middle));
    if (part === undefined) damagedBytes = middle;
    else {
      soundBytes = middle;
      content = part;
    }
  }
  return content;
}

/** Returns undefined when the data is damaged. */
function tryGunzip(compressed: Buffer): Buffer | undefined {
  try {
    return gunzipSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

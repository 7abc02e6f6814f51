/**
 * Damaged places of a log file, as a power cut, a full disk or a hole leaves them between two records or in one. Finds where
 * such a place ends, so that the record after it is read like any other.
 */
import { CriParser } from '../../shared/cri.ts';
import { nestedEnd } from '../../shared/row-group/line-formats/json-scan.ts';
import { HOLE_BYTES_MIN, ZERO_RUN_BYTES_MIN } from '../limits.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const LOWER_S = 0x73;
const LOWER_T = 0x74;
const DASH = 0x2d;
const COLON = 0x3a;
const UPPER_T = 0x54;
/** Length of `2026-11-23T15:01:12`, with which each record begins, and offset of its `T`. */
const TIME_BYTES = 19;
const T_AT = 10;
const STRIDE = 9;
/** Longest fraction with the zone after it. */
const ZONE_BYTES_MAX = 16;
/**
 * A time in a message with fewer fraction digits, and fewer than the record's own, is not taken for a runtime's: only one in a
 * thousand of those has fewer.
 */
const FRACTION_DIGITS_MIN = 6;

/** Byte → whether it may be part of a time. */
const IN_TIME = new Uint8Array(256);
for (const byte of Buffer.from('0123456789-:T')) IN_TIME[byte] = 1;

const HOLE = Buffer.alloc(HOLE_BYTES_MIN);
const prefix = new CriParser();
const following = new CriParser();

/** A part of a damaged place: NUL bytes, of which only the number is kept, or other bytes. */
export interface DamagedPiece {
  readonly end: number;
  readonly isZeros: boolean;
}

/** Returns the piece with which bytes[start, end) begins; it ends before a run of NUL bytes, after one, or where a record begins. */
export function damagedPiece(bytes: Buffer, start: number, end: number): DamagedPiece {
  const zerosEnd = zeroRunEnd(bytes, start, end);
  if (zerosEnd - start >= ZERO_RUN_BYTES_MIN) return { end: zerosEnd, isZeros: true };
  let limit = zerosEnd;
  while (limit < end) {
    const runEnd = zeroRunEnd(bytes, limit, end);
    if (runEnd - limit >= ZERO_RUN_BYTES_MIN) break;
    limit = runEnd + 1;
  }
  limit = Math.min(limit, end);
  const record = recordStart(bytes, start, limit, end);
  return { end: record < 0 ? limit : record, isZeros: false };
}

/**
 * Returns where the first record in bytes[start, end) begins that begins before `limit`, or -1. Examines only each ninth byte,
 * unless two of these in a row may be part of a time: each time contains two.
 */
function recordStart(bytes: Buffer, start: number, limit: number, end: number): number {
  const last = Math.min(limit, end - TIME_BYTES) + STRIDE;
  for (let at = start; at <= last; at += STRIDE) {
    if (IN_TIME[bytes[at + STRIDE]!] === 0) {
      at += STRIDE;
      continue;
    }
    if (IN_TIME[bytes[at]!] === 0) continue;
    for (let record = Math.max(start, at - STRIDE + 1); record <= at; record++) {
      const t = record + T_AT;
      if (bytes[t] !== UPPER_T || bytes[t - 3] !== DASH || bytes[t + 3] !== COLON) continue;
      if (record < limit && isBeforeStream(bytes, t) && prefix.parse(bytes, record, end)) return record;
    }
  }
  return -1;
}

/** Whether a stream's name may follow the time whose `T` this is. Most times in messages are followed by other words. */
function isBeforeStream(bytes: Buffer, t: number): boolean {
  const first = t + TIME_BYTES - T_AT;
  let at = first;
  while (at - first < ZONE_BYTES_MAX && bytes[at] !== SPACE) at++;
  return bytes[at + 1] === LOWER_S && bytes[at + 2] === LOWER_T;
}

/**
 * Returns where a record ends whose message bytes[messageStart, end) holds NUL bytes: before those that another record follows,
 * which shows that it was cut off. A container may write NUL bytes, but not the time and stream of its next line after them.
 */
export function recordEnd(bytes: Buffer, messageStart: number, end: number): number {
  for (let at = messageStart; at < end; at++) {
    if (bytes[at] !== 0) continue;
    const runEnd = zeroRunEnd(bytes, at, end);
    if (runEnd < end && prefix.parse(bytes, runEnd, end)) return at;
    at = runEnd;
  }
  return end;
}

/**
 * Returns where the record at `start` ends, which `cri` has parsed and whose message is not a JSON object: before a record in it that is later
 * than it and earlier than the next one. The message of a log shipper, say, may hold the text of a record, but of an older one.
 */
export function textEnd(bytes: Buffer, start: number, cri: CriParser, end: number, chunkEnd: number): number {
  const record = recordStart(bytes, cri.messageStart, end, end);
  if (record < 0 || isLater(cri, prefix)) return end;
  if (fractionDigits(bytes, record) < Math.min(FRACTION_DIGITS_MIN, fractionDigits(bytes, start))) return end;
  const nextEnd = bytes.indexOf(NEWLINE, end + 1);
  const hasNext = nextEnd >= 0 && nextEnd < chunkEnd && following.parse(bytes, end + 1, nextEnd);
  return hasNext && isLater(prefix, following) ? end : record;
}

/**
 * Returns where the record that `cri` has parsed ends, whose message begins as a JSON object: before a later record in it, if the
 * object is not complete.
 */
export function objectEnd(bytes: Buffer, cri: CriParser, end: number): number {
  if (nestedEnd(bytes, cri.messageStart, end) >= 0) return end;
  const record = recordStart(bytes, cri.messageStart, end, end);
  return record < 0 || isLater(cri, prefix) ? end : record;
}

function isLater(a: CriParser, b: CriParser): boolean {
  return a.day > b.day || (a.day === b.day && a.timeNs > b.timeNs);
}

function fractionDigits(bytes: Buffer, record: number): number {
  const start = record + TIME_BYTES + 1;
  let at = start;
  while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at - start;
}

/** Does what `recordEnd` does for the last record of a file, which has no newline: NUL bytes at its end are not its own, either. */
export function lastRecordEnd(bytes: Buffer, messageStart: number, end: number): number {
  let last = end;
  while (last > messageStart && bytes[last - 1] === 0) last--;
  return recordEnd(bytes, messageStart, end - last >= ZERO_RUN_BYTES_MIN ? last : end);
}

/** Returns the offset after the NUL bytes with which bytes[start, end) begins. */
export function zeroRunEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  if (bytes[at] !== 0) return at;
  while (at + HOLE.length <= end && bytes.compare(HOLE, 0, HOLE.length, at, at + HOLE.length) === 0) at += HOLE.length;
  while (at < end && bytes[at] === 0) at++;
  return at;
}

/** Returns where a hole begins in bytes[0, end), or -1. */
export function holeStart(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).indexOf(HOLE);
}

/** Returns where a fragment that is too long ends in bytes[0, length): after its newline, or before a hole; -1 if it does not. */
export function overlongEnd(bytes: Buffer, length: number): number {
  const newline = bytes.subarray(0, length).indexOf(NEWLINE);
  const hole = holeStart(bytes, newline < 0 ? length : newline);
  return hole >= 0 ? hole : newline < 0 ? -1 : newline + 1;
}

/** Returns the offset of the first NUL byte in bytes[start, end), or `end`. */
export function indexOfZero(bytes: Buffer, start: number, end: number): number {
  const at = bytes.subarray(0, end).indexOf(0, start);
  return at < 0 ? end : at;
}

/**
 * Numbers of payment cards: 13 to 19 digits, alone or in groups with a space or a hyphen between, that begin as an issuer's
 * do and have the right check digit, which excludes times in milliseconds or nanoseconds and most ids.
 * Source: ISO/IEC 7812-1, annex B (Luhn); the issuers' ranges.
 */
import { isDigit } from '../ascii.ts';
import type { Found } from './redaction.ts';

const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
const ZERO = 0x30;
const SPACE = 0x20;
const POINT = 0x2e;
const HYPHEN = 0x2d;

/** The digits of the run that is examined. */
const digits = new Uint8Array(DIGITS_MAX);

export function findCardNumber(bytes: Buffer, at: number, end: number, found: Found): boolean {
  let start = at;
  while (start <= end - DIGITS_MIN) {
    // Any run of DIGITS_MIN digits from here includes this byte.
    if (!isPart(bytes[start + DIGITS_MIN - 1]!)) {
      start += DIGITS_MIN;
      continue;
    }
    if (!isDigit(bytes[start]!) || (start > at && isWord(bytes[start - 1]!))) {
      start++;
      continue;
    }
    const runEnd = readRun(bytes, start, end);
    if (runEnd > start) {
      found.start = start;
      found.end = runEnd;
      return true;
    }
    while (start < end && isDigit(bytes[start]!)) start++;
  }
  return false;
}

/** Returns where the card number that begins at `start` ends; `start` when there is none. */
function readRun(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  let lastEnd = start;
  for (; at < end && count <= DIGITS_MAX; at++) {
    const byte = bytes[at]!;
    if (isDigit(byte)) {
      if (count === DIGITS_MAX) return start;
      digits[count++] = byte - ZERO;
      lastEnd = at + 1;
    } else if ((byte !== SPACE && byte !== HYPHEN) || lastEnd !== at) break;
    else if (count >= DIGITS_MIN && isCard(count)) break;
  }
  if (count < DIGITS_MIN || !isCard(count)) return start;
  if (lastEnd < end && isWord(bytes[lastEnd]!)) return start;
  return isDecimal(bytes, start, lastEnd, end) ? start : lastEnd;
}

/** Whether the digits are the integer or fraction part of a decimal number. */
function isDecimal(bytes: Buffer, start: number, runEnd: number, end: number): boolean {
  if (runEnd + 1 < end && bytes[runEnd] === POINT && isDigit(bytes[runEnd + 1]!)) return true;
  return start > 1 && bytes[start - 1] === POINT && isDigit(bytes[start - 2]!);
}

function isCard(count: number): boolean {
  return isIssuers(count) && hasCheckDigit(count);
}

function isIssuers(count: number): boolean {
  const two = digits[0]! * 10 + digits[1]!;
  const four = two * 100 + digits[2]! * 10 + digits[3]!;
  if (digits[0] === 4) return count === 13 || count === 16 || count === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return count === 16;
  if (two === 34 || two === 37) return count === 15;
  if (four === 6011 || two === 65 || (four >= 6440 && four <= 6499)) return count >= 16;
  if (two === 62 || two === 35) return count >= 16;
  return (two === 30 || two === 36 || two === 38 || two === 39) && count >= 14 && count <= 19;
}

function hasCheckDigit(count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const digit = digits[count - 1 - i]!;
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

function isPart(byte: number): boolean {
  return isDigit(byte) || byte === SPACE || byte === HYPHEN;
}

function isWord(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x7a);
}

/**
 * Primitives of the cutters of text lines. All work on bytes[at, end) and return the offset after their match. Bytes
 * from `end` on belong to other lines and are not read.
 */
import { isDigit } from '../../ascii.ts';

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const ESCAPE = 0x1b;
export const SPACE = 0x20;
export const SLASH = 0x2f;
export const QUOTE = 0x22;
export const MINUS = 0x2d;
export const COLON = 0x3a;
const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const SMALL_M = 0x6d;

/** Returns the byte, or -1 after the line. */
export function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at]! : -1;
}

/** A to Z. */
export function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

export function isLetter(byte: number): boolean {
  return byte >= 0x41 && isCapital(byte & 0xdf);
}

/** Returns the offset of the first such byte, or -1. */
export function find(bytes: Uint8Array, byte: number, at: number, end: number): number {
  for (let found = at; found < end; found++) if (bytes[found] === byte) return found;
  return -1;
}

export function spacesEnd(bytes: Uint8Array, at: number, end: number): number {
  let behind = at;
  while (behind < end && bytes[behind] === SPACE) behind++;
  return behind;
}

export function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  let behind = at;
  while (behind < end && isDigit(bytes[behind]!)) behind++;
  return behind;
}

export function lettersEnd(bytes: Uint8Array, at: number, end: number): number {
  let behind = at;
  while (behind < end && isLetter(bytes[behind]!)) behind++;
  return behind;
}

/** Whether these bytes are at `at`. */
export function isAt(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > end) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/**
 * Matches a form, in which `0` matches any digit, `A` any letter, and other bytes themselves; returns -1 when it does
 * not match.
 */
export function formEnd(bytes: Uint8Array, at: number, end: number, form: Uint8Array): number {
  const behind = at + form.length;
  if (behind > end) return -1;
  for (let i = 0; i < form.length; i++) {
    const wanted = form[i];
    const byte = bytes[at + i]!;
    if (wanted === 0x30 ? !isDigit(byte) : wanted === 0x41 ? !isLetter(byte) : byte !== wanted) return -1;
  }
  return behind;
}

/** Returns the offset after `ESC [ … m`, which sets a color, if it begins at `at`; else `at`. */
export function colorEnd(bytes: Uint8Array, at: number, end: number): number {
  if (byteAt(bytes, at, end) !== ESCAPE) return at;
  let behind = at + 1;
  while (behind < end && isColorByte(bytes[behind]!)) behind++;
  return byteAt(bytes, behind, end) === SMALL_M ? behind + 1 : at;
}

/** Whether a byte may be among the numbers between `ESC` and `m`. */
export function isColorByte(byte: number): boolean {
  return isDigit(byte) || byte === SEMICOLON || byte === OPEN_BRACKET;
}

const PLUS = 0x2b;
const COMMA = 0x2c;
const POINT = 0x2e;
const CAPITAL_T = 0x54;
const CAPITAL_Z = 0x5a;

const DATE = Buffer.from('0000-00-00');
const DATE_OF_SLASHES = Buffer.from('0000/00/00');
const CLOCK = Buffer.from('00:00:00');
const ZONE = Buffer.from('00:00');
const SHORT_ZONE = Buffer.from('0000');

/**
 * Matches a date and a time of day, with `-` or `/`, `T` or a space, a fraction after `.` or `,` and a zone; or returns
 * -1.
 */
export function timestampEnd(bytes: Uint8Array, at: number, end: number): number {
  let behind = formEnd(bytes, at, end, DATE);
  if (behind < 0) behind = formEnd(bytes, at, end, DATE_OF_SLASHES);
  if (behind < 0 || (byteAt(bytes, behind, end) !== SPACE && byteAt(bytes, behind, end) !== CAPITAL_T)) return -1;
  behind = formEnd(bytes, behind + 1, end, CLOCK);
  if (behind < 0) return -1;
  const point = byteAt(bytes, behind, end);
  const isFraction = (point === POINT || point === COMMA) && isDigit(byteAt(bytes, behind + 1, end));
  return zoneEnd(bytes, isFraction ? digitsEnd(bytes, behind + 1, end) : behind, end);
}

function zoneEnd(bytes: Uint8Array, at: number, end: number): number {
  const sign = byteAt(bytes, at, end);
  if (sign === CAPITAL_Z) return at + 1;
  if (sign !== PLUS && sign !== MINUS) return at;
  const behind = formEnd(bytes, at + 1, end, ZONE);
  return behind < 0 ? Math.max(at, formEnd(bytes, at + 1, end, SHORT_ZONE)) : behind;
}

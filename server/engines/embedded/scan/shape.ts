/**
 * Shapes of values, such as paths, in which ids become `{id}`: the one rule for groups and filters. Ids are UUIDs, words
 * of eight hex digits or more, at least one of them decimal, and numbers; but one or two digits after a letter belong to
 * its word (`v1`, `mp4`), and those of a percent-encoded byte (`%C3`, `%20`) to it. `/v1/users/17/f/9b2c04fe` has the
 * shape `/v1/users/{id}/f/{id}`. A path, or a URL, ends before its query string.
 */
import { isDigit } from '../../../../shared/ascii.ts';

export const ID = Buffer.from('{id}');

const HEX_DIGITS_MIN = 8;
/** Digits of a UUID between its dashes. */
const UUID_PARTS = [8, 4, 4, 4, 12];
/** Behind a letter. */
const NUMBER_DIGITS_MIN = 3;
const DASH = 0x2d;
const PERCENT = 0x25;
const ZERO = 0x30;
const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const SCHEMES = ['http://', 'https://'].map((text) => Buffer.from(text));

/** Returns the shape of bytes[start, end); undefined if it is equal to them. */
export function shapeOf(bytes: Buffer, start: number, textEnd: number): Buffer | undefined {
  const end = pathEnd(bytes, start, textEnd);
  const pieces: Buffer[] = [];
  let from = start;
  let isWordStart = true;
  for (let at = start; at < end;) {
    if (isEncodedByte(bytes, at, end)) {
      at += 3;
      isWordStart = true;
      continue;
    }
    const idEnd = isWordStart
      ? Math.max(hexEnd(bytes, at, end), digitsEnd(bytes, at, end))
      : longNumberEnd(bytes, at, end);
    if (idEnd > at) {
      pieces.push(bytes.subarray(from, at), ID);
      from = at = idEnd;
      isWordStart = false;
    } else isWordStart = !isWord(bytes[at++]!);
  }
  if (pieces.length > 0) return Buffer.concat([...pieces, bytes.subarray(from, end)]);
  return end === textEnd ? undefined : Buffer.from(bytes.subarray(start, end));
}

function isAt(text: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

/** Returns where the query string of a path or a URL begins; the end of other texts. */
function pathEnd(bytes: Buffer, start: number, end: number): number {
  const isPath = bytes[start] === SLASH || SCHEMES.some((each) => isAt(each, bytes, start, end));
  if (!isPath) return end;
  let at = start;
  while (at < end && bytes[at] !== QUESTION_MARK) at++;
  return at;
}

/** The shapes of all texts of a pattern (shared/row-group/encodings/pattern.ts), in which a digit is a placeholder of a number. */
export interface PatternShapes {
  /** Places whose numbers matter: their shape is another one for each number below SHORT_NUMBERS. */
  readonly places: readonly number[];
  /** @param numbers  those of `places`; all from SHORT_NUMBERS on have the same shape */
  readonly shapeWith: (numbers: readonly number[]) => Buffer;
}

/** Numbers of one or two digits. */
export const SHORT_NUMBERS = 100;

/** Undefined where the texts themselves must be looked at. */
export function shapesOfPattern(whole: Buffer): PatternShapes | undefined {
  const pattern = whole.subarray(0, pathEnd(whole, 0, whole.length));
  if (pattern.filter((byte) => byte === DASH).length >= UUID_PARTS.length - 1) return undefined;
  const places: number[] = [];
  /** The text between the places that matter, with digits of any number in the others. */
  const pieces: string[] = [''];
  const widths: number[] = [];
  let place = 0;
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at]!;
    if (!isDigit(byte)) {
      pieces[pieces.length - 1] += String.fromCharCode(byte);
      continue;
    }
    if (mayBeEncoded(pattern, at) || mayBeHex(pattern, at)) return undefined;
    const isBehindLetter = at > 0 && isWord(pattern[at - 1]!) && !isEncodedByte(pattern, at - 3, at);
    const isShort = byte - ZERO < NUMBER_DIGITS_MIN && !isDigit(pattern[at - 1] ?? 0) && !isDigit(pattern[at + 1] ?? 0);
    if (isBehindLetter && isShort) {
      places.push(place);
      widths.push(byte - ZERO);
      pieces.push('');
    } else pieces[pieces.length - 1] += '000';
    place++;
  }
  return {
    places,
    shapeWith: (numbers) => {
      const texts = numbers.map((number, i) => String(number).padStart(widths[i]!, '0'));
      const text = Buffer.from(pieces.map((piece, i) => piece + (texts[i] ?? '')).join(''), 'latin1');
      return shapeOf(text, 0, text.length) ?? text;
    },
  };
}

/** Whether a digit of a pattern may be one of a percent-encoded byte. */
function mayBeEncoded(pattern: Buffer, at: number): boolean {
  return pattern[at - 1] === PERCENT || (pattern[at - 2] === PERCENT && isHexLetter(pattern[at - 1]!));
}

/** Whether a digit of a pattern is in a word that may be one of hex digits: it has letters, and only such. */
function mayBeHex(pattern: Buffer, at: number): boolean {
  let start = at;
  while (start > 0 && isWord(pattern[start - 1]!)) start--;
  let hasLetter = false;
  for (let i = start; i < pattern.length && isWord(pattern[i]!); i++) {
    if (isDigit(pattern[i]!)) continue;
    if (!isHexLetter(pattern[i]!)) return false;
    hasLetter = true;
  }
  return hasLetter;
}

/** Whether a percent sign and two hex digits begin here. */
function isEncodedByte(bytes: Buffer, at: number, end: number): boolean {
  return at >= 0 && at + 2 < end && bytes[at] === PERCENT && isHex(bytes[at + 1]!) && isHex(bytes[at + 2]!);
}

/** Returns the end of a UUID or a word of hex digits that begins here; `at` if there is none. */
function hexEnd(bytes: Buffer, at: number, end: number): number {
  const uuid = uuidEnd(bytes, at, end);
  if (uuid > at) return uuid;
  let to = at;
  let areDigits = false;
  for (; to < end && isHex(bytes[to]!); to++) areDigits ||= isDigit(bytes[to]!);
  const isId = areDigits && to - at >= HEX_DIGITS_MIN && (to === end || !isWord(bytes[to]!));
  return isId ? to : at;
}

function uuidEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  for (const [i, digits] of UUID_PARTS.entries()) {
    if (i > 0 && bytes[to++] !== DASH) return at;
    for (const partEnd = to + digits; to < partEnd; to++) if (to >= end || !isHex(bytes[to]!)) return at;
  }
  return to === end || !isWord(bytes[to]!) ? to : at;
}

function digitsEnd(bytes: Buffer, at: number, end: number): number {
  let to = at;
  while (to < end && isDigit(bytes[to]!)) to++;
  return to;
}

/** Returns the end of a number within a word; `at` where the number is short, or begins earlier. */
function longNumberEnd(bytes: Buffer, at: number, end: number): number {
  const to = isDigit(bytes[at - 1]!) ? at : digitsEnd(bytes, at, end);
  return to - at >= NUMBER_DIGITS_MIN ? to : at;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || isHexLetter(byte);
}

function isHexLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}

/** Letters and digits, including those beyond ASCII. */
function isWord(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x7a) || byte >= 0x80;
}

/**
 * Shapes of values, such as paths, in which ids become `{id}`. Ids are runs of digits, UUIDs, and words of eight hex
 * digits or more, at least one of them decimal. `/users/17/f/9b2c04fe` has the shape `/users/{id}/f/{id}`.
 */
import { isDigit } from '../../../../shared/row-group/encodings/pattern.ts';

export const ID = Buffer.from('{id}');

const HEX_DIGITS_MIN = 8;
/** Digits of a UUID between its dashes. */
const UUID_PARTS = [8, 4, 4, 4, 12];
const DASH = 0x2d;

/** Returns the shape of bytes[start, end); undefined if it is equal to them. */
export function shapeOf(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  let from = start;
  for (let at = start; at < end;) {
    const isWordStart = at === start || !isWord(bytes[at - 1]!);
    const idEnd = isWordStart ? Math.max(hexEnd(bytes, at, end), digitsEnd(bytes, at, end)) : digitsEnd(bytes, at, end);
    if (idEnd === at) {
      at++;
      continue;
    }
    pieces.push(bytes.subarray(from, at), ID);
    from = at = idEnd;
  }
  return pieces.length === 0 ? undefined : Buffer.concat([...pieces, bytes.subarray(from, end)]);
}

/**
 * Returns the shape of all texts of a pattern (encodings/pattern.ts), in which a digit is a placeholder of a number;
 * undefined if it depends on the numbers.
 */
export function shapeOfPattern(pattern: Buffer): Buffer | undefined {
  let dashes = 0;
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === DASH) dashes++;
    if (!isDigit(pattern[at]!)) continue;
    const besideHex = [pattern[at - 1], pattern[at + 1]].some((byte) => byte !== undefined && isHexLetter(byte));
    if (besideHex) return undefined;
  }
  return dashes >= UUID_PARTS.length - 1 ? undefined : (shapeOf(pattern, 0, pattern.length) ?? pattern);
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

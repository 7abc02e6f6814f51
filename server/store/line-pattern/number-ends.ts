/**
 * Ends of numbers and what belongs to them, for ./fold-text.ts: times, units, exponents. All work on bytes[at, end), and return the
 * offset after their match, or −1. A run of digits is one number, however long it is.
 */

export const DIGIT = 1;
export const LETTER = 2;
export const HEX_LETTER = 4;
/** Bytes beyond ASCII. */
export const HIGH = 8;
/** Bytes that need a closer look. */
const SPECIAL = 16;
export const WORD = DIGIT | LETTER | HEX_LETTER | HIGH;

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const ESCAPE = 0x1b;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const APOSTROPHE = 0x27;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const POINT = 0x2e;
const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const AT = 0x40;
const SMALL_E = 0x65;
const LARGE_T = 0x54;
const LARGE_Z = 0x5a;
const CASE_BIT = 0x20;

/** By byte. */
export const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return HIGH;
  if (byte >= ZERO && byte <= ZERO + 9) return DIGIT;
  const lower = byte | CASE_BIT;
  if (lower >= 0x61 && lower <= 0x66) return HEX_LETTER;
  return lower >= 0x61 && lower <= 0x7a ? LETTER : 0;
});
for (const byte of [TAB, NEWLINE, RETURN, ESCAPE, SPACE, QUOTE, APOSTROPHE, PLUS, MINUS, COLON, AT]) {
  CLASSES[byte]! |= SPECIAL;
}

const units = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));
/** Longer ones before those that they begin with. µ has two code points. */
const DURATION_UNITS = units(['ns', 'us', 'µs', 'μs', 'ms', 'min', 'sec', 's', 'm', 'h', 'd']);
const SIZE_UNITS = units([
  'KiB',
  'MiB',
  'GiB',
  'TiB',
  'kiB',
  'Ki',
  'Mi',
  'Gi',
  'Ti',
  'kB',
  'KB',
  'MB',
  'GB',
  'TB',
  'B',
]);

/** `1.5s`, `1h30m`. */
export function durationEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; ;) {
    at = digitsEnd(bytes, at, end);
    if (isAt(bytes, at, POINT, end) && isDigit(bytes, at + 1, end)) at = digitsEnd(bytes, at + 1, end);
    at = unitEnd(bytes, DURATION_UNITS, at, end);
    if (at < 0) return -1;
    if (!isWord(bytes, at, end)) return at;
    if (!isDigit(bytes, at, end)) return -1;
  }
}

export function sizeEnd(bytes: Uint8Array, at: number, end: number): number {
  const behind = unitEnd(bytes, SIZE_UNITS, at, end);
  return behind >= 0 && !isWord(bytes, behind, end) ? behind : -1;
}

/** Returns the offset after the first unit that is followed by the end of the word or by a digit, or −1. */
function unitEnd(bytes: Uint8Array, known: readonly Buffer[], at: number, end: number): number {
  for (const unit of known) {
    const behind = at + unit.length;
    if (behind > end) continue;
    let i = 0;
    while (i < unit.length && bytes[at + i] === unit[i]) i++;
    if (i === unit.length && (!isWord(bytes, behind, end) || isDigit(bytes, behind, end))) return behind;
  }
  return -1;
}

/** `e+06`. */
export function exponentEnd(bytes: Uint8Array, at: number, end: number): number {
  if ((bytes[at]! | CASE_BIT) !== SMALL_E) return -1;
  const sign = isAt(bytes, at + 1, PLUS, end) || isAt(bytes, at + 1, MINUS, end) ? 1 : 0;
  if (!isDigit(bytes, at + 1 + sign, end)) return -1;
  const behind = digitsEnd(bytes, at + 1 + sign, end);
  return isWord(bytes, behind, end) ? -1 : behind;
}

/** Returns the offset after a date, a time of day, or both; or −1. */
export function timeEnd(bytes: Uint8Array, at: number, end: number): number {
  const clock = clockEnd(bytes, at, end);
  if (clock >= 0) return clock;
  const dashed = dateEnd(bytes, at, MINUS, end);
  const date = dashed >= 0 ? dashed : dateEnd(bytes, at, SLASH, end);
  if (date < 0) return -1;
  if (isAt(bytes, date, LARGE_T, end) || isAt(bytes, date, SPACE, end)) {
    const behind = isDigit(bytes, date + 1, end) ? clockEnd(bytes, date + 1, end) : -1;
    if (behind >= 0) return behind;
  }
  // Numbers between slashes are parts of a path.
  return dashed >= 0 && !isWord(bytes, dashed, end) && !isAt(bytes, dashed, MINUS, end) ? dashed : -1;
}

function dateEnd(bytes: Uint8Array, start: number, separator: number, end: number): number {
  let at = digitsEnd(bytes, start, end);
  for (let i = 0; i < 2; i++) {
    if (!isAt(bytes, at, separator, end) || !isDigit(bytes, at + 1, end)) return -1;
    at = digitsEnd(bytes, at + 1, end);
  }
  return at;
}

/** `15:01:12.123+01:00`. */
function clockEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = dateEnd(bytes, start, COLON, end);
  if (at < 0) return -1;
  if ((isAt(bytes, at, POINT, end) || isAt(bytes, at, COMMA, end)) && isDigit(bytes, at + 1, end))
    at = digitsEnd(bytes, at + 1, end);
  if (isAt(bytes, at, LARGE_Z, end)) at++;
  else if ((isAt(bytes, at, PLUS, end) || isAt(bytes, at, MINUS, end)) && isDigit(bytes, at + 1, end)) {
    at = digitsEnd(bytes, at + 1, end);
    if (isAt(bytes, at, COLON, end) && isDigit(bytes, at + 1, end)) at = digitsEnd(bytes, at + 1, end);
  }
  return isWord(bytes, at, end) || isAt(bytes, at, COLON, end) ? -1 : at;
}

export function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (isDigit(bytes, at, end)) at++;
  return at;
}

export function isAt(bytes: Uint8Array, at: number, byte: number, end: number): boolean {
  return at < end && bytes[at] === byte;
}

export function isDigit(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && CLASSES[bytes[at]!] === DIGIT;
}

export function isWord(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && (CLASSES[bytes[at]!]! & WORD) !== 0;
}

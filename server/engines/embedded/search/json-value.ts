/** Which bytes of a line are JSON as they are, so that an answer may have them unchanged. */
import { isDigit } from '../../../../shared/ascii.ts';
import { KIND_ARRAY, KIND_PLAIN, KIND_SCALAR, KIND_STRING } from '../../../../shared/row-group/format.ts';

const SPACE = 0x20;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const ESCAPED = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) ESCAPED[byte] = 1;
const HEX_DIGITS = new Uint8Array(256);
for (const byte of Buffer.from('0123456789abcdefABCDEF')) HEX_DIGITS[byte] = 1;
/** A number of text, which no logger has marked as one, has at most as many digits as a float64 keeps. */
const PLAIN_DIGITS_MAX = 15;

/**
 * Returns whether a value is JSON as it is: a string between its quotes.
 * @param kind  KIND_…; a plain value is only where it is a number
 */
export function isJsonValue(kind: number, bytes: Buffer, start: number, end: number): boolean {
  switch (kind) {
    case KIND_STRING:
      return isStringContent(bytes, start, end);
    case KIND_SCALAR:
      return isScalar(bytes, start, end);
    case KIND_ARRAY:
      return isArray(bytes, start, end);
    case KIND_PLAIN:
      return isPlainNumber(bytes, start, end);
    default:
      return false;
  }
}

/** Without control characters, and with no escape that JSON does not know. */
function isStringContent(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE) return false;
    if (byte !== BACKSLASH) continue;
    const escaped = bytes[++at]!;
    if (at === end) return false;
    if (ESCAPED[escaped] === 1) continue;
    if (escaped !== SMALL_U || at + 4 >= end) return false;
    for (const last = at + 4; at < last;) if (HEX_DIGITS[bytes[++at]!] === 0) return false;
  }
  return true;
}

function isScalar(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start]!;
  // true, false, null: shared/row-group/line-formats/json-scan.ts has compared them as a whole.
  if (first !== MINUS && !isDigit(first)) return true;
  const behind = numberEnd(bytes, start, end);
  if (behind === end) return true;
  if (behind === start || (bytes[behind]! | 0x20) !== 0x65) return false;
  let exponent = behind + 1;
  if (bytes[exponent] === MINUS || bytes[exponent] === 0x2b) exponent++;
  return exponent < end && digitsEnd(bytes, exponent, end) === end;
}

/** Returns the end of a number without an exponent, or `start`. */
function numberEnd(bytes: Buffer, start: number, end: number): number {
  const integer = bytes[start] === MINUS ? start + 1 : start;
  const behind = digitsEnd(bytes, integer, end);
  if (behind === integer || (bytes[integer] === ZERO && behind > integer + 1)) return start;
  if (behind === end || bytes[behind] !== POINT) return behind;
  const fractionEnd = digitsEnd(bytes, behind + 1, end);
  return fractionEnd === behind + 1 ? start : fractionEnd;
}

function isPlainNumber(bytes: Buffer, start: number, end: number): boolean {
  return end > start && end - start <= PLAIN_DIGITS_MAX && numberEnd(bytes, start, end) === end;
}

function isArray(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! < SPACE) return false;
  try {
    JSON.parse(bytes.toString('utf8', start, end));
    return true;
  } catch {
    return false;
  }
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at]!)) at++;
  return at;
}

/** The escapes of JSON's strings, in bytes: what each means, for readers that resolve all of them or only some. */
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const SURROGATE_MIN = 0xd800;
const LOW_SURROGATE_MIN = 0xdc00;
const LOW_SURROGATE_MAX = 0xdfff;
const REPLACEMENT = 0xfffd;
/** Bytes of `\uXXXX`. */
const UNIT_BYTES = 6;

/** The byte after a backslash → what both mean; 0 where that is not a short escape. */
export const SHORT_ESCAPES: Uint8Array = new Uint8Array(256);
for (const [i, byte] of Buffer.from('"\\/bfnrt').entries()) SHORT_ESCAPES[byte] = '"\\/\b\f\n\r\t'.charCodeAt(i);

/**
 * Returns the code point of the escape `\uXXXX` that begins here, or of the two escapes of a surrogate pair; a surrogate
 * without its other half is one, too. Returns -1 where none begins.
 */
export function escapedCodePoint(bytes: Buffer, at: number, end: number): number {
  const unit = unitAt(bytes, at, end);
  if (unit < SURROGATE_MIN || unit >= LOW_SURROGATE_MIN) return unit;
  const low = unitAt(bytes, at + UNIT_BYTES, end);
  const isPair = low >= LOW_SURROGATE_MIN && low <= LOW_SURROGATE_MAX;
  return isPair ? 0x10000 + ((unit - SURROGATE_MIN) << 10) + low - LOW_SURROGATE_MIN : unit;
}

/** Returns the bytes that the escape of a code point takes. */
export function escapeBytes(codePoint: number): number {
  return codePoint > 0xffff ? 2 * UNIT_BYTES : UNIT_BYTES;
}

function unitAt(bytes: Buffer, at: number, end: number): number {
  if (at + UNIT_BYTES > end || bytes[at] !== BACKSLASH || bytes[at + 1] !== SMALL_U) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + UNIT_BYTES; i++) {
    const byte = bytes[i]!;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) unit = unit * 16 + lower - 0x57;
    else return -1;
  }
  return unit;
}

/** Writes a code point as UTF-8, a surrogate as U+FFFD. Returns the offset after it; no escape is shorter. */
export function writeCodePoint(bytes: Buffer, at: number, codePoint: number): number {
  const code = codePoint >= SURROGATE_MIN && codePoint <= LOW_SURROGATE_MAX ? REPLACEMENT : codePoint;
  if (code < 0x80) {
    bytes[at] = code;
    return at + 1;
  }
  const size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  const lead = [0, 0, 0xc0, 0xe0, 0xf0][size]!;
  for (let i = size - 1, rest = code; i >= 0; i--) {
    bytes[at + i] = i === 0 ? lead | rest : 0x80 | (rest & 0x3f);
    rest >>>= 6;
  }
  return at + size;
}

/**
 * Text without its escapes, with a map from each byte back to its origin. The escapes are those of JSON, which loggers of quoted
 * text use, too; everything else stays as it is.
 */
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const SURROGATE_MIN = 0xd800;
const LOW_SURROGATE_MIN = 0xdc00;
const LOW_SURROGATE_MAX = 0xdfff;

/** The meaning of the byte after a backslash; 0 where it is not an escape. */
const SIMPLE = new Uint8Array(256);
for (const [i, byte] of Buffer.from('"\\/bfnrt').entries()) SIMPLE[byte] = '"\\/\b\f\n\r\t'.charCodeAt(i);

/** A text, and for each of its bytes, and for its end, the offset in the line from which it comes. */
export interface Unescaped {
  readonly bytes: Buffer;
  readonly map: Int32Array;
}

/**
 * Undoes one level of escapes of bytes[start, end).
 * @param outer  the map of the bytes, when they are unescaped themselves
 */
export function unescapeText(bytes: Buffer, start: number, end: number, outer?: Int32Array): Unescaped {
  const text = Buffer.allocUnsafe(end - start);
  const map = new Int32Array(end - start + 1);
  const length = unescapeInto(text, bytes, start, end, map);
  if (outer !== undefined) for (let i = 0; i <= length; i++) map[i] = outer[map[i]!]!;
  return { bytes: text.subarray(0, length), map: map.subarray(0, length + 1) };
}

/**
 * Does the same into memory of the caller's, which may be as short as the text: no escape is shorter than its meaning.
 * @returns the length of the text
 */
export function unescapeInto(text: Buffer, bytes: Buffer, start: number, end: number, map?: Int32Array): number {
  let length = 0;
  let at = start;
  while (at < end) {
    const from = length;
    let next = at + 1;
    if (bytes[at] !== BACKSLASH || next >= end) text[length++] = bytes[at]!;
    else if (bytes[next] === LOWER_U && hexAt(bytes, next + 1, end) >= 0) {
      let code = hexAt(bytes, next + 1, end);
      next += 5;
      const low = lowSurrogateAt(bytes, next, end);
      if (code >= SURROGATE_MIN && code < LOW_SURROGATE_MIN && low >= 0) {
        code = 0x10000 + ((code - SURROGATE_MIN) << 10) + low - LOW_SURROGATE_MIN;
        next += 6;
      }
      length = appendCodePoint(text, length, code);
    } else {
      const simple = SIMPLE[bytes[next]!]!;
      text[length++] = simple === 0 ? BACKSLASH : simple;
      if (simple !== 0) next++;
    }
    if (map !== undefined) for (let i = from; i < length; i++) map[i] = at;
    at = next;
  }
  if (map !== undefined) map[length] = end;
  return length;
}

function lowSurrogateAt(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] !== BACKSLASH || bytes[at + 1] !== LOWER_U) return -1;
  const code = hexAt(bytes, at + 2, end);
  return code >= LOW_SURROGATE_MIN && code <= LOW_SURROGATE_MAX ? code : -1;
}

/** Reads four hexadecimal digits; -1 when there are none. */
function hexAt(bytes: Buffer, start: number, end: number): number {
  if (start + 4 > end) return -1;
  let value = 0;
  for (let at = start; at < start + 4; at++) {
    const byte = bytes[at]!;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x61 + 10;
    else return -1;
  }
  return value;
}

/** A lone surrogate takes three bytes like its neighbours. */
function appendCodePoint(text: Buffer, at: number, code: number): number {
  if (code < 0x80) {
    text[at] = code;
    return at + 1;
  }
  const bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  const lead = [0, 0, 0xc0, 0xe0, 0xf0][bytes]!;
  for (let i = bytes - 1, rest = code; i >= 0; i--) {
    text[at + i] = i === 0 ? lead | rest : 0x80 | (rest & 0x3f);
    rest >>>= 6;
  }
  return at + bytes;
}

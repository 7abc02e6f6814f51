/**
 * Text without its escapes, with a map from each byte back to its origin. The escapes are those of JSON, which loggers of quoted
 * text use, too; everything else stays as it is.
 */
import { escapeBytes, escapedCodePoint, SHORT_ESCAPES, writeCodePoint } from '../json-escapes.ts';

/** Levels of JSON in strings of JSON whose escapes redaction undoes. Beyond it, text is searched with its escapes. */
export const UNESCAPE_LEVELS_MAX = 4;

const BACKSLASH = 0x5c;

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
    const meaning = bytes[at] === BACKSLASH && next < end ? SHORT_ESCAPES[bytes[next]!]! : 0;
    const code = bytes[at] === BACKSLASH && meaning === 0 ? escapedCodePoint(bytes, at, end) : -1;
    if (code >= 0) {
      next = at + escapeBytes(code);
      length = writeCodePoint(text, length, code);
    } else {
      text[length++] = meaning === 0 ? bytes[at]! : meaning;
      if (meaning !== 0) next++;
    }
    if (map !== undefined) for (let i = from; i < length; i++) map[i] = at;
    at = next;
  }
  if (map !== undefined) map[length] = end;
  return length;
}

/**
 * Finds the ends of JSON values in bytes. These functions decide what counts as a value; cut-object.ts, by which a
 * template is learned, and the trie, which recognizes it again, both use them and so always agree.
 *
 * All return the offset after the value's last byte, or -1 when [start, end) does not begin with such a value.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Bytes of which a number consists. Only its extent matters here, so `1-2` passes; its bytes are kept unchanged. */
const NUMBER_BYTES = new Uint8Array(256);
for (const byte of Buffer.from('0123456789+-.eE')) NUMBER_BYTES[byte] = 1;

/** A space, a tab or the end of a line. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

/** Never fails: returns the offset after the white space, if there is any. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

/**
 * @param start  after the opening quote
 * @returns offset of the closing quote
 */
export function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** A number, true, false or null. */
export function scalarEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const first = bytes[start]!;
  if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
    let at = start + 1;
    while (at < end && NUMBER_BYTES[bytes[at]!] === 1) at++;
    return at;
  }
  if (first === 0x74) return isWord(bytes, start, end, 'true');
  if (first === 0x66) return isWord(bytes, start, end, 'false');
  if (first === 0x6e) return isWord(bytes, start, end, 'null');
  return -1;
}

/** From `[` to its `]`. */
export function arrayEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== 0x5b) return -1;
  const behind = nestedEnd(bytes, start, end);
  return behind >= 0 && bytes[behind - 1] === 0x5d ? behind : -1;
}

/** From `[` or `{` to the matching bracket; the content is only balanced, not parsed. */
export function nestedEnd(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1, end);
      if (at < 0) return -1;
    } else if (byte === 0x5b || byte === 0x7b) depth++;
    else if ((byte === 0x5d || byte === 0x7d) && --depth === 0) return at + 1;
  }
  return -1;
}

function isWord(bytes: Uint8Array, start: number, end: number, word: string): number {
  const wordEnd = start + word.length;
  if (wordEnd > end) return -1;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return -1;
  return wordEnd;
}

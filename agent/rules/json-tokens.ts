/**
 * The strings, numbers and literals of a JSON value, so that what is redacted in it leaves it whole. Only tokens are checked and
 * brackets counted: whatever is JSON passes.
 */
import { stringEnd } from '../../shared/row-group/json-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** What a byte outside of strings is. */
const OTHER = 0;
const BARE = 1;
const OPENING = 2;
const CLOSING = 3;
const BETWEEN = 4;
const KINDS = new Uint8Array(256);
/** Of numbers and of literals, also of those that are not JSON, such as NaN. */
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.')) KINDS[byte] = BARE;
for (const byte of Buffer.from('{[')) KINDS[byte] = OPENING;
for (const byte of Buffer.from('}]')) KINDS[byte] = CLOSING;
for (const byte of Buffer.from(':, \t\r\n')) KINDS[byte] = BETWEEN;

export interface JsonToken {
  /** Of a string, what is between its quotes. */
  readonly start: number;
  readonly end: number;
  readonly isString: boolean;
  readonly hasEscapes: boolean;
}

export interface JsonValue {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly JsonToken[];
}

/** The object in bytes[start, end), or the array that is all of it; undefined when there is none. */
export function jsonIn(bytes: Buffer, start: number, end: number): JsonValue | undefined {
  let first = start;
  while (first < end && bytes[first]! <= SPACE) first++;
  if (bytes[first] === 0x5b) {
    const value = valueAt(bytes, first, end);
    return value?.end === end ? value : undefined;
  }
  while (first < end && bytes[first] !== 0x7b) first++;
  return first < end ? valueAt(bytes, first, end) : undefined;
}

function valueAt(bytes: Buffer, start: number, end: number): JsonValue | undefined {
  const tokens: JsonToken[] = [];
  let depth = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUOTE) {
      const closing = stringEnd(bytes, at + 1, end);
      if (closing < 0) return undefined;
      const hasEscapes = bytes.subarray(at + 1, closing).includes(BACKSLASH);
      tokens.push({ start: at + 1, end: closing, isString: true, hasEscapes });
      at = closing;
      continue;
    }
    const kind = KINDS[bytes[at]!]!;
    if (kind === OTHER) return undefined;
    if (kind === OPENING) depth++;
    else if (kind === CLOSING && --depth === 0) return { start, end: at + 1, tokens };
    else if (kind === BARE) {
      const tokenStart = at;
      while (at + 1 < end && KINDS[bytes[at + 1]!] === BARE) at++;
      tokens.push({ start: tokenStart, end: at + 1, isString: false, hasEscapes: false });
    }
  }
  return undefined;
}

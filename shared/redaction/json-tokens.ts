/**
 * The strings, numbers and literals of a JSON value, so that redaction leaves the value valid. Only tokens are checked and
 * brackets counted: all valid JSON passes.
 */
import { stringEnd } from '../row-group/line-formats/json-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Kinds of bytes outside of strings. */
const OTHER = 0;
const BARE = 1;
const OPENING = 2;
const CLOSING = 3;
const BETWEEN = 4;
const KINDS = new Uint8Array(256);
/** Part of a number or a literal, including those that are not JSON, such as NaN. */
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.')) KINDS[byte] = BARE;
for (const byte of Buffer.from('{[')) KINDS[byte] = OPENING;
for (const byte of Buffer.from('}]')) KINDS[byte] = CLOSING;
for (const byte of Buffer.from(':, \t\r\n')) KINDS[byte] = BETWEEN;

export interface JsonToken {
  /** For a string, the range between its quotes. */
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

/** Returns the object in bytes[start, end), or the array that fills it; undefined when there is neither. */
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

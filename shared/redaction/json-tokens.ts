/**
 * The strings, numbers and literals of the JSON values in a line, so that redaction leaves the values valid. Only tokens are
 * checked and brackets counted: all valid JSON passes.
 */
import { stringEnd } from '../row-group/line-formats/json-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

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

/** An object or array that has begun. */
interface Opening {
  readonly start: number;
  /** How many tokens precede it. */
  readonly tokensBefore: number;
  readonly isObject: boolean;
}

/** An object that is complete; its tokens are those in [tokensBefore, tokensEnd). */
interface Complete extends Opening {
  readonly end: number;
  readonly tokensEnd: number;
}

/**
 * Returns the array that fills bytes[start, end); or the objects in it, in their order, without those inside of others. In time
 * that is linear in the bytes.
 */
export function jsonIn(bytes: Buffer, start: number, end: number): readonly JsonValue[] {
  let first = start;
  while (first < end && bytes[first]! <= SPACE) first++;
  let last = end;
  while (last > first && bytes[last - 1]! <= SPACE) last--;
  const tokens: JsonToken[] = [];
  const complete: Complete[] = [];
  const open: Opening[] = [];
  for (let at = first; at < last; at++) {
    const byte = bytes[at]!;
    // Outside of objects is text, where quotes and other brackets mean nothing.
    if (open.length === 0 && byte !== OPEN_BRACE && (byte !== OPEN_BRACKET || at > first)) continue;
    const kind = KINDS[byte]!;
    if (byte === QUOTE) {
      const closing = stringEnd(bytes, at + 1, last);
      // No further string can end, so no further object has a key.
      if (closing < 0) break;
      const hasEscapes = bytes.subarray(at + 1, closing).includes(BACKSLASH);
      tokens.push({ start: at + 1, end: closing, isString: true, hasEscapes });
      at = closing;
    } else if (kind === OPENING) open.push({ start: at, tokensBefore: tokens.length, isObject: byte === OPEN_BRACE });
    else if (kind === CLOSING) close(open.pop()!, at + 1, last, tokens.length, complete);
    else if (kind === BARE) {
      const tokenStart = at;
      while (at + 1 < last && KINDS[bytes[at + 1]!] === BARE) at++;
      tokens.push({ start: tokenStart, end: at + 1, isString: false, hasEscapes: false });
    } else if (kind === OTHER) open.length = 0;
  }
  return complete.map(({ tokensBefore, tokensEnd, ...range }) => ({
    start: range.start,
    end: range.end,
    tokens: tokens.slice(tokensBefore, tokensEnd),
  }));
}

/** Adds what is complete now in place of the objects inside of it. */
function close(opening: Opening, at: number, end: number, tokensEnd: number, complete: Complete[]): void {
  if (!opening.isObject && at < end) return;
  while (complete.length > 0 && complete.at(-1)!.start > opening.start) complete.pop();
  complete.push({ ...opening, end: at, tokensEnd });
}

/** Whether bytes[start, end) are white space, commas and colons alone. */
export function isBetweenValues(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && KINDS[bytes[at]!] === BETWEEN) at++;
  return at === end;
}

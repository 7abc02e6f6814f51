/**
 * Cuts an object into its values, as far as a reader would find them. JSON is cut as JSON; invalid parts (`NaN`, `+5`,
 * `None`, 'quotes', a missing value, a comma too many, a comment, an end that is missing because the line was cut) cost
 * nothing but themselves: the next comma before a key, or the closing brace, begins the next member.
 *
 * The line alone decides which bytes are values, and the bytes between values decide their names.
 */
import {
  DEPTH_MAX,
  FIELD_NAME_BYTES_MAX,
  KIND_ARRAY,
  KIND_PLAIN,
  KIND_SCALAR,
  KIND_STRING,
  SLOTS_MAX,
} from '../format.ts';
import type { ValueKind } from '../format.ts';
import { arrayEnd, isSpace, nestedEnd, scalarEnd, skipSpace, stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const ASTERISK = 0x2a;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Bytes of a key without quotes, such as JavaScript's: letters, digits and `_ $ . - @`. */
const FIRST_KEY_BYTE = 1;
const KEY_BYTE = 2;
const KEY_BYTES = new Uint8Array(256);
for (const byte of Buffer.from('0123456789.-')) KEY_BYTES[byte] = KEY_BYTE;
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$@')) {
  KEY_BYTES[byte] = FIRST_KEY_BYTE | KEY_BYTE;
}

/**
 * Adds the values of the object that begins with the brace at `start`. Clears `tokens.isJson` when it is not JSON, or
 * has more values, levels or longer names than a template.
 * @param end  of the line
 * @returns the offset after the object
 */
export function cutObject(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  return cutMembers(bytes, start, end, '', 0, 1, tokens);
}

/** Whether the brace at `at` begins an object: it is followed by a quoted key and a colon. */
export function isObjectStart(bytes: Uint8Array, at: number, end: number): boolean {
  const key = skipSpace(bytes, at + 1, end);
  return key < end && isQuote(bytes[key]!) && keyEndOf(bytes, key, end) >= 0;
}

/**
 * @param prefix       before the keys of its members; empty unless the tokens are named
 * @param prefixBytes  length that `prefix` has when the tokens are named
 */
function cutMembers(
  bytes: Buffer,
  start: number,
  end: number,
  prefix: string,
  prefixBytes: number,
  depth: number,
  tokens: Tokens,
): number {
  let at = skipSpace(bytes, start + 1, end);
  if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
  while (at < end) {
    at = skipSpace(bytes, cutMember(bytes, at, end, prefix, prefixBytes, depth, tokens), end);
    if (at < end && bytes[at] === COMMA) {
      at = skipSpace(bytes, at + 1, end);
      // No member follows a comma before the closing brace.
      if (at < end && bytes[at] !== CLOSE_BRACE) continue;
    } else if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    tokens.isJson = false;
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
  }
  tokens.isJson = false;
  return end;
}

/** Returns the offset after a member, or after the text in its place. */
function cutMember(
  bytes: Buffer,
  start: number,
  end: number,
  prefix: string,
  prefixBytes: number,
  depth: number,
  tokens: Tokens,
): number {
  const keyEnd = keyEndOf(bytes, start, end);
  if (keyEnd < 0) return cutJunk(bytes, start, end, tokens);
  if (bytes[start] !== QUOTE) tokens.isJson = false;
  const isQuoted = isQuote(bytes[start]!);
  const keyStart = isQuoted ? start + 1 : start;
  const nameEnd = isQuoted ? keyEnd - 1 : keyEnd;
  const nameBytes = prefixBytes + nameEnd - keyStart;
  if (nameBytes > FIELD_NAME_BYTES_MAX) tokens.isJson = false;
  const name = tokens.areNamed ? prefix + keyText(bytes, keyStart, nameEnd) : undefined;
  const value = skipSpace(bytes, skipSpace(bytes, keyEnd, end) + 1, end);
  if (value < end && bytes[value] === OPEN_BRACE && depth < DEPTH_MAX) {
    const nested = name === undefined ? '' : `${name}.`;
    return cutMembers(bytes, value, end, nested, nameBytes + 1, depth + 1, tokens);
  }
  const { count } = tokens;
  const behind = cutValue(bytes, value, end, name, tokens);
  if (tokens.count === count) return behind;
  if (nameBytes <= FIELD_NAME_BYTES_MAX) tokens.members++;
  else {
    tokens.kinds[count] = KIND_PLAIN;
    tokens.fields[count] = '';
  }
  return behind;
}

/** Returns the offset after the value and its closing quote. */
function cutValue(bytes: Buffer, start: number, end: number, field: string | undefined, tokens: Tokens): number {
  if (start >= end) {
    tokens.isJson = false;
    return end;
  }
  const first = bytes[start]!;
  if (isQuote(first)) {
    const close = first === QUOTE ? stringEnd(bytes, start + 1, end) : apostropheEnd(bytes, start + 1, end);
    if (first !== QUOTE || close < 0) tokens.isJson = false;
    const valueEnd = close < 0 ? end : close;
    return addValue(start + 1, valueEnd, end, first === QUOTE ? KIND_STRING : KIND_PLAIN, field, tokens) + 1;
  }
  if (first === OPEN_BRACKET || first === OPEN_BRACE) {
    const kind = first === OPEN_BRACKET ? KIND_ARRAY : KIND_PLAIN;
    const close = tokens.isUnclosed
      ? -1
      : kind === KIND_ARRAY
        ? arrayEnd(bytes, start, end)
        : nestedEnd(bytes, start, end);
    if (kind === KIND_PLAIN || close < 0) tokens.isJson = false;
    if (close >= 0) return addValue(start, close, end, kind, field, tokens);
    tokens.isUnclosed = true;
    return addValue(start, trimmedEnd(bytes, start, memberEnd(bytes, start, end)), end, KIND_PLAIN, field, tokens);
  }
  const close = scalarEnd(bytes, start, end);
  if (close >= 0 && isBehindValue(bytes, skipSpace(bytes, close, end), end)) {
    return addValue(start, close, end, KIND_SCALAR, field, tokens);
  }
  tokens.isJson = false;
  const valueEnd = bareEnd(bytes, start, end);
  return valueEnd === start ? start : addValue(start, valueEnd, end, KIND_PLAIN, field, tokens);
}

/** Returns the end of the value, or of the line when it has no room for more values. */
function addValue(
  start: number,
  valueEnd: number,
  end: number,
  kind: ValueKind,
  field: string | undefined,
  tokens: Tokens,
): number {
  if (tokens.count === SLOTS_MAX) {
    tokens.addRest(end);
    return end;
  }
  tokens.add(start, valueEnd, kind, field);
  return valueEnd;
}

/** Text in the place of a member is kept as a piece of text. */
function cutJunk(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  tokens.isJson = false;
  const behind = isComment(bytes, start, end) ? commentEnd(bytes, start, end) : memberEnd(bytes, start, end);
  let from = start;
  while (from < behind && (bytes[from] === COMMA || isSpace(bytes[from]!))) from++;
  const to = trimmedEnd(bytes, from, behind);
  return from < to && addValue(from, to, end, KIND_PLAIN, '', tokens) === end ? end : behind;
}

/** Returns the offset of the comma before the next key, of the closing brace, or of the line's end. */
function memberEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === CLOSE_BRACE) return at;
    if (bytes[at] === COMMA && keyEndOf(bytes, skipSpace(bytes, at + 1, end), end) >= 0) return at;
  }
  return end;
}

/** Returns the offset after a key and its closing quote, if a colon follows; or -1. */
function keyEndOf(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const first = bytes[start]!;
  let at = start + 1;
  // Room for a key of the greatest length and its quote.
  const endMax = Math.min(end, start + FIELD_NAME_BYTES_MAX + 2);
  if (first === QUOTE) at = stringEnd(bytes, at, endMax) + 1;
  else if (first === APOSTROPHE) at = apostropheEnd(bytes, at, endMax) + 1;
  else if ((KEY_BYTES[first]! & FIRST_KEY_BYTE) === 0) return -1;
  else while (at < endMax && KEY_BYTES[bytes[at]!] !== 0) at++;
  if (at === 0) return -1;
  const colon = skipSpace(bytes, at, end);
  return colon < end && bytes[colon] === COLON ? at : -1;
}

/**
 * @param start  after the apostrophe
 * @returns offset of the closing one, or -1
 */
function apostropheEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === APOSTROPHE) return at;
    if (bytes[at] === BACKSLASH) at++;
  }
  return -1;
}

/** Returns the end of an unquoted value that is not JSON. */
function bareEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE && bytes[at] !== NEWLINE) at++;
  return trimmedEnd(bytes, start, at);
}

/** Whether a value may end before this byte: the next key may belong to a member whose comma is missing. */
function isBehindValue(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end || bytes[at] === COMMA || bytes[at] === CLOSE_BRACE) return true;
  return isComment(bytes, at, end) || (isQuote(bytes[at]!) && keyEndOf(bytes, at, end) >= 0);
}

function isComment(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 < end && bytes[at] === SLASH && (bytes[at + 1] === SLASH || bytes[at + 1] === ASTERISK);
}

/** Returns the offset after the comment at `start`. */
function commentEnd(bytes: Uint8Array, start: number, end: number): number {
  const isLine = bytes[start + 1] === SLASH;
  for (let at = start + 2; at < end; at++) {
    if (isLine ? bytes[at] === NEWLINE : bytes[at] === ASTERISK && at + 1 < end && bytes[at + 1] === SLASH) {
      return isLine ? at : at + 2;
    }
  }
  return end;
}

/** Trims white space at the end. */
function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1]!)) at--;
  return at;
}

function isQuote(byte: number): boolean {
  return byte === QUOTE || byte === APOSTROPHE;
}

/**
 * Returns a key as text. Escapes are resolved, so that `"\u0061"` is the field `a`; a broken escape stays unchanged.
 */
function keyText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

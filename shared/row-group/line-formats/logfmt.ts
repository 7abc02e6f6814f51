/**
 * logfmt: `ts=2026-11-23T15:01:12Z level=warn msg="took long" took=1.5s`, as Go kit, logrus, slog's text handler,
 * Grafana's programs and many others write it. Every word must be a pair; otherwise the line is not logfmt, but perhaps
 * prose with an `=` in it.
 */
import { byteTable } from '../../bytes.ts';
import { FIELD_NAME_BYTES_MAX, KIND_PLAIN, KIND_STRING, SLOTS_MAX } from '../format.ts';
import { nestedEnd, stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, EQUALS, NEWLINE, OPEN_BRACKET, QUOTE, SPACE, spacesEnd } from './scan.ts';

const OPEN_BRACE = 0x7b;

/** A single pair is more often a printed assignment. */
const PAIRS_MIN = 2;

/** Limits the search for a closing bracket, which would otherwise scan a line of a megabyte for value after value. */
const NESTED_BYTES_MAX = 4096;

/** Bytes of keys: letters, digits and `_ - . @`. */
const KEY_BYTES = byteTable('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@');

export function cutLogfmt(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  return cutPairs(bytes, start, end, tokens) && tokens.count >= PAIRS_MIN;
}

/**
 * Adds the values of all pairs in bytes[start, end). Returns false when not all bytes are pairs; some may have been
 * added then.
 */
export function cutPairs(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  for (let at = start; at < end; at = spacesEnd(bytes, at, end)) {
    const keyEnd = keyEndOf(bytes, at, end);
    if (keyEnd < 0 || tokens.count === SLOTS_MAX) return false;
    const isQuoted = byteAt(bytes, keyEnd + 1, end) === QUOTE;
    const valueStart = keyEnd + (isQuoted ? 2 : 1);
    const valueEnd = isQuoted ? stringEnd(bytes, valueStart, end) : bareEnd(bytes, valueStart, end);
    if (valueEnd < 0) return false;
    const field = tokens.areNamed ? bytes.toString('latin1', at, keyEnd) : undefined;
    tokens.add(valueStart, valueEnd, isQuoted ? KIND_STRING : KIND_PLAIN, field);
    at = isQuoted ? valueEnd + 1 : valueEnd;
    if (!isEnd(bytes, at, end)) return false;
  }
  return true;
}

/** Returns the offset of the `=` after a key, or -1. */
function keyEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && KEY_BYTES[bytes[at]!] === 1) at++;
  return at > start && byteAt(bytes, at, end) === EQUALS && at - start <= FIELD_NAME_BYTES_MAX ? at : -1;
}

/**
 * An unquoted value ends at a space, and may not contain a quote or a newline. An array or an object, as in klog, may
 * contain all of them.
 */
function bareEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = byteAt(bytes, start, end);
  const isNested = first === OPEN_BRACKET || first === OPEN_BRACE;
  const nested = isNested ? nestedEnd(bytes, start, Math.min(end, start + NESTED_BYTES_MAX)) : -1;
  if (nested >= 0 && isEnd(bytes, nested, end)) return nested;
  let at = start;
  for (; at < end && bytes[at] !== SPACE; at++) if (bytes[at] === QUOTE || bytes[at] === NEWLINE) return -1;
  return at;
}

/** Whether a value may end here. */
function isEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return at === end || bytes[at] === SPACE;
}

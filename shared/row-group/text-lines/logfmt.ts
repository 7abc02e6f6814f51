/**
 * logfmt: `ts=2026-11-23T15:01:12Z level=warn msg="took long" took=1.5s`, as Go kit, logrus, slog's text handler, Grafana's
 * programs and many more write it. Every word must be a pair, or the line is not logfmt: prose with an `=` in it is none.
 */
import { byteTable } from '../../bytes.ts';
import { FIELD_NAME_BYTES_MAX, KIND_PLAIN, KIND_STRING, SLOTS_MAX } from '../format.ts';
import { stringEnd } from '../json-scan.ts';
import type { Tokens } from '../tokens.ts';
import { byteAt, EQUALS, NEWLINE, QUOTE, SPACE, spacesEnd } from './scan.ts';

/** One pair alone is more often an assignment that somebody printed. */
const PAIRS_MIN = 2;

/** Bytes that keys consist of: letters, digits and `_ - . @`. */
const KEY_BYTES = byteTable('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@');

export function cutLogfmt(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  return cutPairs(bytes, start, end, tokens) && tokens.count >= PAIRS_MIN;
}

/** Adds the values of all pairs in bytes[start, end). Not all bytes may be pairs: then false, and some may be added. */
export function cutPairs(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  for (let at = start; at < end; at = spacesEnd(bytes, at, end)) {
    const keyEnd = keyEndOf(bytes, at, end);
    if (keyEnd < 0 || tokens.count === SLOTS_MAX) return false;
    const isQuoted = byteAt(bytes, keyEnd + 1, end) === QUOTE;
    const valueStart = keyEnd + (isQuoted ? 2 : 1);
    const valueEnd = isQuoted ? stringEnd(bytes, valueStart, end) : bareEnd(bytes, valueStart, end);
    if (valueEnd < 0) return false;
    tokens.add(valueStart, valueEnd, isQuoted ? KIND_STRING : KIND_PLAIN, undefined);
    at = isQuoted ? valueEnd + 1 : valueEnd;
    if (at < end && bytes[at] !== SPACE) return false;
  }
  return true;
}

/** Offset of the `=` behind a key, or -1. */
function keyEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && KEY_BYTES[bytes[at]!] === 1) at++;
  return at > start && byteAt(bytes, at, end) === EQUALS && at - start <= FIELD_NAME_BYTES_MAX ? at : -1;
}

/** A value without quotes ends at a space; with a quote or a newline in it, it is none. */
function bareEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end && bytes[at] !== SPACE; at++) if (bytes[at] === QUOTE || bytes[at] === NEWLINE) return -1;
  return at;
}

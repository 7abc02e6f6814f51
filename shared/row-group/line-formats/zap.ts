/**
 * zap's console lines, which many operators write, separated by tabs: `time  LEVEL  logger  caller.go:12  message
 * {"k": "v"}`. Logger and caller may be missing; the object at the end is cut like all objects in text.
 *
 * https://github.com/uber-go/zap (zapcore/console_encoder.go)
 */
import { byteTable } from '../../bytes.ts';
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, COLON, colorEnd, digitsEnd, find, formEnd, lettersEnd, TAB } from './scan.ts';

const BEFORE_LINE = Buffer.from('.go:');
const OPEN_BRACE = 0x7b;
/** Bytes of seconds since 1970, as in `1.795446072123e+09`. */
const EPOCH_BYTES = byteTable('0123456789.eE+');
/** Bytes of the name of a logger. */
const NAME_BYTES = byteTable('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/');

/** @param timeEnd  end of a timestamp at the start, or -1 */
export function cutZap(bytes: Buffer, start: number, timeEnd: number, end: number, tokens: Tokens): boolean {
  const stampEnd = timeEnd >= 0 ? timeEnd : runEnd(EPOCH_BYTES, bytes, start, end);
  if (byteAt(bytes, stampEnd, end) !== TAB) return false;
  const level = colorEnd(bytes, stampEnd + 1, end);
  const levelEnd = lettersEnd(bytes, level, end);
  let at = colorEnd(bytes, levelEnd, end);
  if (levelEnd === level || byteAt(bytes, at, end) !== TAB) return false;
  tokens.add(start, stampEnd, KIND_PLAIN, 'time');
  tokens.add(level, levelEnd, KIND_PLAIN, 'level');
  at++;
  const loggerEnd = runEnd(NAME_BYTES, bytes, at, end);
  // A message of one word is followed by an object or nothing.
  if (byteAt(bytes, loggerEnd, end) === TAB && byteAt(bytes, loggerEnd + 1, end) !== OPEN_BRACE) {
    tokens.add(at, loggerEnd, KIND_PLAIN, 'logger');
    at = loggerEnd + 1;
  }
  const callerEnd = callerEndOf(bytes, at, end);
  if (callerEnd >= 0) {
    tokens.add(at, callerEnd, KIND_PLAIN, 'caller');
    at = callerEnd + 1;
  }
  tokens.add(at, end, KIND_PLAIN, 'message');
  return true;
}

/** Returns the offset of the tab after `controller/pod.go:12`, or -1. */
function callerEndOf(bytes: Uint8Array, start: number, end: number): number {
  const tab = find(bytes, TAB, start, end);
  const colon = find(bytes, COLON, start, tab);
  const line =
    colon < start + BEFORE_LINE.length ? -1 : formEnd(bytes, colon + 1 - BEFORE_LINE.length, tab, BEFORE_LINE);
  return line >= 0 && digitsEnd(bytes, line, tab) === tab && line < tab ? tab : -1;
}

function runEnd(table: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && table[bytes[at]!] === 1) at++;
  return at;
}

/**
 * Lines with syslog's priority in front, which contains their severity: sd-daemon's `<3>text`, and the two forms of
 * syslog, `<34>Nov 23 15:01:12 host su[12]: text` and `<165>1 2026-11-23T15:01:12.003Z host app 12 ID47 [data] text`;
 * the first also without a priority, as in files.
 *
 * https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html, RFC 3164 (4.1), RFC 5424 (6)
 */
import { isDigit } from '../../ascii.ts';
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import {
  byteAt,
  CLOSE_BRACKET,
  COLON,
  digitsEnd,
  find,
  formEnd,
  MINUS,
  OPEN_BRACKET,
  SPACE,
  spacesEnd,
  timestampEnd,
} from './scan.ts';

const LESS = 0x3c;
const GREATER = 0x3e;
/** Eight severities of 24 facilities. */
const PRIORITY_DIGITS_MAX = 3;
const PRIORITY_MAX = 191;
const VERSION = Buffer.from('0 ');
const MONTH = Buffer.from('AAA ');
const CLOCK = Buffer.from(' 00:00:00');
const BEHIND_TAG = Buffer.from(': ');
/** Fields between version and data. */
const HEADER = ['time', 'host', 'app', 'pid', 'message_id'] as const;

export function cutSyslog(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  if (bytes[start] !== LESS) return cutTraditional(bytes, start, end, tokens);
  const digits = digitsEnd(bytes, start + 1, end);
  const isPriority =
    digits > start + 1 &&
    digits <= start + 1 + PRIORITY_DIGITS_MAX &&
    byteAt(bytes, digits, end) === GREATER &&
    Number(bytes.toString('latin1', start + 1, digits)) <= PRIORITY_MAX;
  if (!isPriority) return false;
  const at = digits + 1;
  tokens.add(start, at, KIND_PLAIN, 'level');
  const { count } = tokens;
  if (cutHeader(bytes, at, end, tokens)) return true;
  tokens.count = count;
  if (!cutTraditional(bytes, at, end, tokens)) tokens.add(at, end, KIND_PLAIN, 'message');
  return true;
}

function cutHeader(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  let at = formEnd(bytes, start, end, VERSION);
  if (at < 0) return false;
  for (const field of HEADER) {
    const space = find(bytes, SPACE, at, end);
    if (space <= at) return false;
    if (space > at + 1 || bytes[at] !== MINUS) tokens.add(at, space, KIND_PLAIN, field);
    at = space + 1;
  }
  const dataEnd = dataEndOf(bytes, at, end);
  if (dataEnd < 0) return false;
  if (bytes[at] !== MINUS) tokens.add(at, dataEnd, KIND_PLAIN, 'data');
  tokens.add(Math.min(end, dataEnd + 1), end, KIND_PLAIN, 'message');
  return true;
}

/** Returns the offset after `-` or `[id name="value"][…]`, if a space or the line's end follows; or -1. */
function dataEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (byteAt(bytes, at, end) === MINUS) at++;
  else {
    while (byteAt(bytes, at, end) === OPEN_BRACKET) {
      const close = find(bytes, CLOSE_BRACKET, at, end);
      if (close < 0) return -1;
      at = close + 1;
    }
  }
  return at > start && (at === end || bytes[at] === SPACE) ? at : -1;
}

/** `Nov 23 15:01:12 host su[12]: text`; rsyslog also writes a timestamp. */
function cutTraditional(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const host = timeEndOf(bytes, start, end) + 1;
  const hostEnd = host === 0 || byteAt(bytes, host - 1, end) !== SPACE ? -1 : find(bytes, SPACE, host, end);
  if (hostEnd < 0) return false;
  tokens.add(start, host - 1, KIND_PLAIN, 'time');
  tokens.add(host, hostEnd, KIND_PLAIN, 'host');
  cutTag(bytes, hostEnd + 1, end, tokens);
  return true;
}

function timeEndOf(bytes: Buffer, start: number, end: number): number {
  const month = formEnd(bytes, start, end, MONTH);
  if (month < 0) return timestampEnd(bytes, start, end);
  return formEnd(bytes, digitsEnd(bytes, spacesEnd(bytes, month, end), end), end, CLOCK);
}

/** `su[12]: ` or `su: `, and the message. */
function cutTag(bytes: Buffer, start: number, end: number, tokens: Tokens): void {
  let appEnd = start;
  while (appEnd < end && ![SPACE, OPEN_BRACKET, COLON].includes(bytes[appEnd]!)) appEnd++;
  const hasProcess = byteAt(bytes, appEnd, end) === OPEN_BRACKET && isDigit(byteAt(bytes, appEnd + 1, end));
  const processEnd = hasProcess ? digitsEnd(bytes, appEnd + 1, end) : appEnd;
  const message = formEnd(bytes, hasProcess ? processEnd + 1 : appEnd, end, BEHIND_TAG);
  if (message < 0 || (hasProcess && bytes[processEnd] !== CLOSE_BRACKET)) {
    tokens.add(start, end, KIND_PLAIN, 'message');
    return;
  }
  tokens.add(start, appEnd, KIND_PLAIN, 'app');
  if (hasProcess) tokens.add(appEnd + 1, processEnd, KIND_PLAIN, 'pid');
  tokens.add(message, end, KIND_PLAIN, 'message');
}

/**
 * Apache's error log: `[Mon Nov 23 15:01:12.123456 2026] [core:error] [pid 7:tid 140] [client 10.0.0.1:5] AH00037: text`
 *
 * https://httpd.apache.org/docs/current/mod/core.html#errorlogformat; before 2.4 without a module, as `[error]`.
 */
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, CLOSE_BRACKET, COLON, digitsEnd, find, formEnd, lettersEnd, spacesEnd } from './scan.ts';

const DAY = Buffer.from('AAA AAA ');
const CLOCK = Buffer.from(' 00:00:00');
const YEAR = Buffer.from(' 0000');
const BEFORE_LEVEL = Buffer.from('] [');
const BEFORE_PROCESS = Buffer.from(' [pid ');
const BEFORE_THREAD = Buffer.from(':tid ');
const BEFORE_CLIENT = Buffer.from(' [client ');
const POINT = 0x2e;

/** @param start  of the line, which is a bracket */
export function cutApacheError(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const timeEnd = timeEndOf(bytes, start + 1, end);
  const module = timeEnd < 0 ? -1 : formEnd(bytes, timeEnd, end, BEFORE_LEVEL);
  const close = module < 0 ? -1 : find(bytes, CLOSE_BRACKET, module, end);
  if (close < 0) return false;
  const colon = find(bytes, COLON, module, close);
  const level = colon < 0 ? module : colon + 1;
  const levelEnd = lettersEnd(bytes, level, close);
  if (levelEnd === level) return false;
  tokens.add(start + 1, timeEnd, KIND_PLAIN, 'time');
  if (colon > module) tokens.add(module, colon, KIND_PLAIN, 'module');
  // `trace1` to `trace8`
  tokens.add(level, levelEnd, KIND_PLAIN, 'level');
  let at = cutProcess(bytes, close + 1, end, tokens);
  const client = formEnd(bytes, at, end, BEFORE_CLIENT);
  const clientEnd = client < 0 ? -1 : find(bytes, CLOSE_BRACKET, client, end);
  if (clientEnd >= 0) {
    tokens.add(client, clientEnd, KIND_PLAIN, 'client');
    at = clientEnd + 1;
  }
  tokens.add(spacesEnd(bytes, at, end), end, KIND_PLAIN, 'message');
  return true;
}

/** `Mon Nov 23 15:01:12.123456 2026` */
function timeEndOf(bytes: Buffer, start: number, end: number): number {
  const day = formEnd(bytes, start, end, DAY);
  if (day < 0) return -1;
  const clock = formEnd(bytes, digitsEnd(bytes, spacesEnd(bytes, day, end), end), end, CLOCK);
  if (clock < 0) return -1;
  return formEnd(bytes, byteAt(bytes, clock, end) === POINT ? digitsEnd(bytes, clock + 1, end) : clock, end, YEAR);
}

/** ` [pid 7:tid 140]` or ` [pid 7]`. Returns the offset after it, or `start`. */
function cutProcess(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  const process = formEnd(bytes, start, end, BEFORE_PROCESS);
  const processEnd = process < 0 ? -1 : digitsEnd(bytes, process, end);
  if (processEnd <= process) return start;
  const thread = formEnd(bytes, processEnd, end, BEFORE_THREAD);
  const threadEnd = thread < 0 ? processEnd : digitsEnd(bytes, thread, end);
  if (byteAt(bytes, threadEnd, end) !== CLOSE_BRACKET) return start;
  tokens.add(process, processEnd, KIND_PLAIN, 'pid');
  if (thread >= 0) tokens.add(thread, threadEnd, KIND_PLAIN, 'thread');
  return threadEnd + 1;
}

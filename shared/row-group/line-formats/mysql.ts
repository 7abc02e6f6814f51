/**
 * MySQL's error log: `2026-11-23T15:01:12.123456Z 7 [Warning] [MY-013360] [Server] text`; MariaDB's and that of older
 * versions without code and subsystem: `2026-11-23 15:01:12 0 [Note] text`
 *
 * https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html
 */
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, CLOSE_BRACKET, digitsEnd, find, formEnd, lettersEnd, SPACE, spacesEnd } from './scan.ts';

const BEFORE_LEVEL = Buffer.from(' [');
const BEHIND_LEVEL = Buffer.from('] ');
const BEFORE_CODE = Buffer.from('[MY-');
const BEFORE_SUBSYSTEM = Buffer.from('] [');

/** @param timeEnd  end of a timestamp at the start, or -1 */
export function cutMysql(bytes: Buffer, start: number, timeEnd: number, end: number, tokens: Tokens): boolean {
  if (timeEnd < 0 || byteAt(bytes, timeEnd, end) !== SPACE) return false;
  const thread = spacesEnd(bytes, timeEnd, end);
  const threadEnd = digitsEnd(bytes, thread, end);
  const level = threadEnd === thread ? -1 : formEnd(bytes, threadEnd, end, BEFORE_LEVEL);
  const levelEnd = level < 0 ? -1 : lettersEnd(bytes, level, end);
  const behind = levelEnd <= level ? -1 : formEnd(bytes, levelEnd, end, BEHIND_LEVEL);
  if (behind < 0) return false;
  tokens.add(start, timeEnd, KIND_PLAIN, 'time');
  tokens.add(thread, threadEnd, KIND_PLAIN, 'thread');
  tokens.add(level, levelEnd, KIND_PLAIN, 'level');
  tokens.add(cutCode(bytes, behind, end, tokens), end, KIND_PLAIN, 'message');
  return true;
}

/** `[MY-013360] [Server] `. Returns the offset after it, or `start`. */
function cutCode(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  const digits = formEnd(bytes, start, end, BEFORE_CODE);
  const codeEnd = digits < 0 ? -1 : digitsEnd(bytes, digits, end);
  const subsystem = codeEnd < 0 ? -1 : formEnd(bytes, codeEnd, end, BEFORE_SUBSYSTEM);
  const subsystemEnd = subsystem < 0 ? -1 : find(bytes, CLOSE_BRACKET, subsystem, end);
  if (subsystemEnd < 0) return start;
  tokens.add(start + 1, codeEnd, KIND_PLAIN, 'code');
  tokens.add(subsystem, subsystemEnd, KIND_PLAIN, 'subsystem');
  return spacesEnd(bytes, subsystemEnd + 1, end);
}

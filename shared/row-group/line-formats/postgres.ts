/**
 * PostgreSQL: `2026-11-23 15:01:12.123 UTC [123] LOG:  checkpoint complete`, with the default `log_line_prefix` (`%m [%p] `)
 * or one that also names user and database (`%m [%p] %q%u@%d `).
 *
 * https://www.postgresql.org/docs/current/runtime-config-logging.html. The lines that follow an error (DETAIL, HINT,
 * STATEMENT, CONTEXT) have no level of their own: there the word stays in the message.
 */
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, COLON, digitsEnd, find, formEnd, isAt, isCapital, lettersEnd, SPACE, spacesEnd } from './scan.ts';

const TIME = Buffer.from('0000-00-00 00:00:00.000 ');
const BEFORE_PROCESS = Buffer.from(' [');
const BEHIND_PROCESS = Buffer.from('] ');
const LEVELS = 'DEBUG DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5 LOG INFO NOTICE WARNING ERROR FATAL PANIC'
  .split(' ')
  .map((word) => Buffer.from(`${word}:`));
const AT = 0x40;

export function cutPostgres(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const zone = formEnd(bytes, start, end, TIME);
  if (zone < 0) return false;
  const process = formEnd(bytes, lettersEnd(bytes, zone, end), end, BEFORE_PROCESS);
  if (process < 0) return false;
  const processEnd = digitsEnd(bytes, process, end);
  const behind = formEnd(bytes, processEnd, end, BEHIND_PROCESS);
  if (processEnd === process || behind < 0) return false;
  const userEnd = userEndOf(bytes, behind, end);
  const level = userEnd < 0 ? behind : userEnd + 1;
  const levelEnd = levelEndOf(bytes, level, end);
  if (levelEnd === level && !isDetail(bytes, level, end)) return false;
  tokens.add(start, zone - 1, KIND_PLAIN, 'time');
  tokens.add(process, processEnd, KIND_PLAIN, 'pid');
  if (userEnd >= 0) {
    const at = find(bytes, AT, behind, userEnd);
    tokens.add(behind, at, KIND_PLAIN, 'user');
    tokens.add(at + 1, userEnd, KIND_PLAIN, 'database');
  }
  let message = level;
  if (levelEnd > level) {
    tokens.add(level, levelEnd, KIND_PLAIN, 'level');
    message = spacesEnd(bytes, levelEnd + 1, end);
  }
  tokens.add(message, end, KIND_PLAIN, 'message');
  return true;
}

/** Returns the offset after `user@database` if a space follows, or -1. */
function userEndOf(bytes: Uint8Array, at: number, end: number): number {
  const space = find(bytes, SPACE, at, end);
  return find(bytes, AT, at, space) < 0 ? -1 : space;
}

/** Returns the offset of the colon after a level, or `at`. */
function levelEndOf(bytes: Uint8Array, at: number, end: number): number {
  for (const level of LEVELS) if (isAt(bytes, at, end, level)) return at + level.length - 1;
  return at;
}

/** A capital word and a colon. */
function isDetail(bytes: Uint8Array, at: number, end: number): boolean {
  let behind = at;
  while (isCapital(byteAt(bytes, behind, end))) behind++;
  return behind > at && byteAt(bytes, behind, end) === COLON;
}

/**
 * Redis and Valkey: `1:M 23 Nov 2026 15:01:12.123 * Ready to accept connections tcp`
 *
 * https://github.com/redis/redis (src/server.c, serverLogRaw): process, role, time, and one of `. - * #` for the level.
 */
import { byteTable } from '../../bytes.ts';
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { COLON, digitsEnd, formEnd, SPACE } from './scan.ts';

/** Sentinel, child, replica, master. */
const ROLES = byteTable('XCSM');
/** Debug, verbose, notice, warning. */
const LEVELS = byteTable('.-*#');
const TIME = Buffer.from(' 00 AAA 0000 00:00:00.000 ');

export function cutRedis(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const processEnd = digitsEnd(bytes, start, end);
  const role = processEnd + 1;
  const level = formEnd(bytes, role + 1, end, TIME);
  if (processEnd === start || level < 0 || level + 1 >= end || bytes[processEnd] !== COLON) return false;
  if (ROLES[bytes[role]!] === 0 || LEVELS[bytes[level]!] === 0 || bytes[level + 1] !== SPACE) return false;
  tokens.add(start, processEnd, KIND_PLAIN, 'pid');
  tokens.add(role, role + 1, KIND_PLAIN, 'role');
  tokens.add(role + 2, level - 1, KIND_PLAIN, 'time');
  tokens.add(level, level + 1, KIND_PLAIN, 'level');
  tokens.add(level + 2, end, KIND_PLAIN, 'message');
  return true;
}

/**
 * nginx's error log: `2026/11/23 15:01:12 [error] 31#31: *7 open() "/x" failed (2: No such file or directory), client: …`
 *
 * https://nginx.org (src/core/ngx_log.c): time, level, process and thread, the connection if there is one.
 */
import { KIND_PLAIN } from '../format.ts';
import type { Tokens } from './tokens.ts';
import { byteAt, COLON, digitsEnd, formEnd, lettersEnd, SPACE } from './scan.ts';

const TIME = Buffer.from('0000/00/00 00:00:00');
const BEFORE_LEVEL = Buffer.from(' [');
const BEFORE_PROCESS = Buffer.from('] ');
const BEFORE_CONNECTION = Buffer.from(': *');
const HASH = 0x23;

export function cutNginxError(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const timeEnd = formEnd(bytes, start, end, TIME);
  if (timeEnd < 0) return false;
  const levelStart = formEnd(bytes, timeEnd, end, BEFORE_LEVEL);
  if (levelStart < 0) return false;
  const levelEnd = lettersEnd(bytes, levelStart, end);
  const process = formEnd(bytes, levelEnd, end, BEFORE_PROCESS);
  if (levelEnd === levelStart || process < 0) return false;
  const processEnd = digitsEnd(bytes, process, end);
  if (processEnd === process || byteAt(bytes, processEnd, end) !== HASH) return false;
  const threadEnd = digitsEnd(bytes, processEnd + 1, end);
  if (threadEnd === processEnd + 1 || byteAt(bytes, threadEnd, end) !== COLON) return false;
  tokens.add(start, timeEnd, KIND_PLAIN, 'time');
  tokens.add(levelStart, levelEnd, KIND_PLAIN, 'level');
  tokens.add(process, processEnd, KIND_PLAIN, 'pid');
  tokens.add(processEnd + 1, threadEnd, KIND_PLAIN, 'thread');
  let messageStart = threadEnd + 1;
  const connectionStart = formEnd(bytes, threadEnd, end, BEFORE_CONNECTION);
  const connectionEnd = connectionStart < 0 ? -1 : digitsEnd(bytes, connectionStart, end);
  if (connectionEnd > connectionStart) {
    tokens.add(connectionStart, connectionEnd, KIND_PLAIN, 'connection');
    messageStart = connectionEnd;
  }
  if (byteAt(bytes, messageStart, end) === SPACE) messageStart++;
  tokens.add(messageStart, end, KIND_PLAIN, 'message');
  return true;
}

/**
 * klog, the format of Kubernetes' own programs (and glog's):
 * `I1123 15:01:12.123456       1 controller.go:95] "Pod started" pod="shop/api-1" took="2.5s"`
 *
 * https://github.com/kubernetes/klog (klog.go, formatHeader): level, month and day, time, thread, file and line.
 */
import { byteTable } from '../../bytes.ts';
import { KIND_PLAIN, KIND_STRING } from '../format.ts';
import { stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';
import { cutPairs } from './logfmt.ts';
import { byteAt, CLOSE_BRACKET, digitsEnd, find, formEnd, QUOTE, SPACE, spacesEnd } from './scan.ts';

/** Info, warning, error, fatal; D is used by cri-o and others. */
const LEVELS = byteTable('IWEFD');
const TIME = Buffer.from('0000 00:00:00.000000');

export function cutKlog(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  if (start >= end || LEVELS[bytes[start]!] === 0) return false;
  const timeEnd = formEnd(bytes, start + 1, end, TIME);
  if (timeEnd < 0) return false;
  const threadStart = spacesEnd(bytes, timeEnd, end);
  const threadEnd = digitsEnd(bytes, threadStart, end);
  if (threadStart === timeEnd || threadEnd === threadStart || byteAt(bytes, threadEnd, end) !== SPACE) return false;
  const callerEnd = find(bytes, CLOSE_BRACKET, threadEnd + 1, end);
  if (callerEnd < 0) return false;
  tokens.add(start, start + 1, KIND_PLAIN, 'level');
  tokens.add(start + 1, timeEnd, KIND_PLAIN, 'time');
  tokens.add(threadStart, threadEnd, KIND_PLAIN, 'thread');
  tokens.add(threadEnd + 1, callerEnd, KIND_PLAIN, 'caller');
  cutMessage(bytes, spacesEnd(bytes, callerEnd + 1, end), end, tokens);
  return true;
}

/** A quoted message followed by pairs, as structured calls are written; or a message that is all the rest. */
function cutMessage(bytes: Buffer, start: number, end: number, tokens: Tokens): void {
  const { count } = tokens;
  const quoteEnd = byteAt(bytes, start, end) === QUOTE ? stringEnd(bytes, start + 1, end) : -1;
  if (quoteEnd >= 0 && (quoteEnd + 1 === end || bytes[quoteEnd + 1] === SPACE)) {
    tokens.add(start + 1, quoteEnd, KIND_STRING, 'message');
    if (cutPairs(bytes, spacesEnd(bytes, quoteEnd + 1, end), end, tokens)) return;
    tokens.count = count;
  }
  tokens.add(start, end, KIND_PLAIN, 'message');
}

/**
 * Cuts lines of text into values. The list of known formats is here, in the order in which they are tried. A cutter
 * cuts the line into pieces, so nothing is lost when it is wrong. The text at the end of a line of any format may
 * contain objects: these are cut like JSON.
 */
import { isDigit } from '../../ascii.ts';
import type { Tokens } from './tokens.ts';
import { cutAccessLog } from './access-log.ts';
import { cutApacheError } from './apache-error.ts';
import { cutEnvoy } from './envoy.ts';
import { cutException } from './exception.ts';
import { cutKlog } from './klog.ts';
import { cutLogfmt, cutPairs } from './logfmt.ts';
import { cutMysql } from './mysql.ts';
import { cutNginxError } from './nginx-error.ts';
import { addPiece, cutObjects, cutObjectsOfLast, endLastAt, firstObject } from './objects.ts';
import { cutPlain } from './plain.ts';
import { cutPostgres } from './postgres.ts';
import { cutRedis } from './redis.ts';
import { OPEN_BRACKET, timestampEnd } from './scan.ts';
import { cutSyslog } from './syslog.ts';
import { cutZap } from './zap.ts';

const KLOG = 0;
const NGINX_ERROR = 1;
const POSTGRES = 2;
const REDIS = 3;
const ACCESS_LOG = 4;
const LOGFMT = 5;
const PLAIN = 6;
/** Only on request: one pair is enough. */
const PAIRS = 7;
const ENVOY = 9;
const APACHE_ERROR = 10;
const ZAP = 11;
const SYSLOG = 12;
const MYSQL = 13;
/** See exception.ts. */
export const EXCEPTION = 14;
/** Objects with text around them, or that are not JSON. */
export const OBJECTS = 8;

export const TEXT_FORMATS = EXCEPTION + 1;

/**
 * How lines are parsed: `json`, `logfmt` and `klog` accept only this format, `raw` accepts none, and `auto` detects the
 * format of each line. These are the values of the annotation `podlog.io/parser`.
 */
export const PARSERS = ['auto', 'json', 'logfmt', 'klog', 'raw'] as const;
export type Parser = (typeof PARSERS)[number];

/**
 * Returns the number of the line's format, whose values are added to `tokens` then; or -1 when it has none that
 * `parser` allows.
 * @param tokens  empty
 */
export function cutText(parser: Parser, bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  if (start === end) return -1;
  switch (parser) {
    case 'auto':
      return cutAny(bytes, start, end, tokens);
    case 'json':
      return cutAround(bytes, start, firstObject(bytes, start, end), end, tokens) ? OBJECTS : -1;
    case 'klog':
      return cutKlog(bytes, start, end, tokens) ? withObjects(KLOG, bytes, end, tokens) : -1;
    case 'logfmt':
      return cutPairs(bytes, start, end, tokens) ? PAIRS : -1;
    case 'raw':
      return -1;
  }
}

function cutAny(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  let format = cutUntimed(bytes, start, end, tokens);
  if (format >= 0) return withObjects(format, bytes, end, tokens);
  const timeEnd = timestampEnd(bytes, bytes[start] === OPEN_BRACKET ? start + 1 : start, end);
  format = cutTimed(bytes, start, timeEnd, end, tokens);
  if (format >= 0) return withObjects(format, bytes, end, tokens);
  tokens.count = 0;
  if (cutLogfmt(bytes, start, end, tokens)) return LOGFMT;
  tokens.count = 0;
  const object = firstObject(bytes, start, end);
  const textEnd = object < 0 ? end : object;
  if (!cutPlain(bytes, start, timeEnd, textEnd, tokens)) {
    return cutAround(bytes, start, object, end, tokens) ? OBJECTS : -1;
  }
  if (object < 0) return PLAIN;
  endLastAt(bytes, object, tokens);
  cutObjects(bytes, object, end, tokens);
  return PLAIN;
}

/**
 * Formats that are recognized by their beginning, without a common timestamp; the first byte limits which a line may
 * have.
 */
function cutUntimed(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  const first = bytes[start]!;
  if (isDigit(first)) {
    if (cutNginxError(bytes, start, end, tokens)) return NGINX_ERROR;
    if (cutPostgres(bytes, start, end, tokens)) return POSTGRES;
    if (cutRedis(bytes, start, end, tokens)) return REDIS;
  } else if (first === OPEN_BRACKET) {
    if (cutApacheError(bytes, start, end, tokens)) return APACHE_ERROR;
  } else {
    if (cutKlog(bytes, start, end, tokens)) return KLOG;
    if (cutSyslog(bytes, start, end, tokens)) return SYSLOG;
    if (cutException(bytes, start, end, tokens)) return EXCEPTION;
  }
  return cutAccessLog(bytes, start, end, tokens) ? ACCESS_LOG : -1;
}

/**
 * Formats that begin with a timestamp.
 * @param timeEnd  end of the timestamp at the start, or after a bracket there; or -1
 */
function cutTimed(bytes: Buffer, start: number, timeEnd: number, end: number, tokens: Tokens): number {
  if (bytes[start] === OPEN_BRACKET) return cutEnvoy(bytes, start, timeEnd, end, tokens) ? ENVOY : -1;
  if (cutMysql(bytes, start, timeEnd, end, tokens)) return MYSQL;
  return cutZap(bytes, start, timeEnd, end, tokens) ? ZAP : -1;
}

function withObjects(format: number, bytes: Buffer, end: number, tokens: Tokens): number {
  cutObjectsOfLast(bytes, end, tokens);
  return format;
}

/** Cuts the object at an offset, if there is one, and the text around it. Returns false when it has no members. */
function cutAround(bytes: Buffer, start: number, object: number, end: number, tokens: Tokens): boolean {
  if (object < 0) return false;
  addPiece(bytes, start, object, end, tokens);
  cutObjects(bytes, object, end, tokens);
  return tokens.members > 0;
}

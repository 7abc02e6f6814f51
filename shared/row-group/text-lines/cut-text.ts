/**
 * Lines that are no JSON objects, cut into values. The list of formats that podlog knows is here, in the order in which they
 * are tried. A cutter looks at the line alone, so equal lines are cut alike wherever they stand; what it cuts are pieces of
 * the line, so nothing is lost when it is wrong.
 */
import type { Tokens } from '../tokens.ts';
import { cutAccessLog } from './access-log.ts';
import { cutKlog } from './klog.ts';
import { cutLogfmt, cutPairs } from './logfmt.ts';
import { cutNginxError } from './nginx-error.ts';
import { cutPlain } from './plain.ts';
import { cutPostgres } from './postgres.ts';
import { cutRedis } from './redis.ts';
import { isDigit } from './scan.ts';

const KLOG = 0;
const NGINX_ERROR = 1;
const POSTGRES = 2;
const REDIS = 3;
const ACCESS_LOG = 4;
const LOGFMT = 5;
const PLAIN = 6;
/** Only for those who ask for it: one pair is enough. */
const PAIRS = 7;

export const TEXT_FORMATS = PAIRS + 1;

/**
 * How lines are cut: `json`, `logfmt` and `klog` are this format or none, `raw` is none, and `auto` is whatever a line is.
 * These are the values of the annotation `podlog.io/parser`.
 */
export const PARSERS = ['auto', 'json', 'logfmt', 'klog', 'raw'] as const;
export type Parser = (typeof PARSERS)[number];

/** Number of the format of the line, whose values are in `tokens` then; or -1 when it has none that `parser` allows. */
export function cutText(parser: Parser, bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  tokens.count = 0;
  switch (parser) {
    case 'auto':
      return cutAny(bytes, start, end, tokens);
    case 'klog':
      return cutKlog(bytes, start, end, tokens) ? KLOG : -1;
    case 'logfmt':
      return start < end && cutPairs(bytes, start, end, tokens) ? PAIRS : -1;
    case 'json':
    case 'raw':
      return -1;
  }
}

function cutAny(bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  if (start === end) return -1;
  if (isDigit(bytes[start]!)) {
    if (cutNginxError(bytes, start, end, tokens)) return NGINX_ERROR;
    if (cutPostgres(bytes, start, end, tokens)) return POSTGRES;
    if (cutRedis(bytes, start, end, tokens)) return REDIS;
  } else if (cutKlog(bytes, start, end, tokens)) return KLOG;
  if (cutAccessLog(bytes, start, end, tokens)) return ACCESS_LOG;
  tokens.count = 0;
  if (cutLogfmt(bytes, start, end, tokens)) return LOGFMT;
  tokens.count = 0;
  return cutPlain(bytes, start, end, tokens) ? PLAIN : -1;
}

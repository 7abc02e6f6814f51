/**
 * Envoy's default access log, and Istio's, which has more about the request and its destination:
 * `[2026-11-23T15:01:12.123Z] "GET /api?page=2 HTTP/2" 200 - 0 512 14 12 "10.0.0.1" "curl/8.5" "<request id>" "shop"
 * "10.42.0.9:80"`
 *
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#default-format-string,
 * https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
 */
import { KIND_PLAIN, KIND_STRING } from '../format.ts';
import { stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';
import { cutRequest } from './access-log.ts';
import { byteAt, digitsEnd, find, formEnd, isAt, QUOTE, SPACE } from './scan.ts';

interface Item {
  readonly field: string;
  readonly isQuoted: boolean;
}

const bare = (field: string): Item => ({ field, isQuoted: false });
const quoted = (field: string): Item => ({ field, isQuoted: true });

const SIZES_AND_TIMES = [bare('request_bytes'), bare('bytes'), bare('latency_ms'), bare('upstream_ms')];
const REQUEST_HEADERS = ['forwarded_for', 'user_agent', 'request_id', 'host', 'upstream_addr'].map(quoted);
/** Items after the response code, each after a space. */
const ENVOY = [bare('flags'), ...SIZES_AND_TIMES, ...REQUEST_HEADERS];
const ISTIO = [
  ...['flags', 'details', 'termination'].map(bare),
  quoted('failure'),
  ...SIZES_AND_TIMES,
  ...REQUEST_HEADERS,
  ...['upstream', 'upstream_local_addr', 'local_addr', 'remote_addr', 'server_name', 'route'].map(bare),
];

const BEFORE_REQUEST = Buffer.from('] "');
const BEHIND_REQUEST = Buffer.from('" ');

/**
 * @param start    of the line, which is a bracket
 * @param timeEnd  where a timestamp after the bracket ends, or -1
 */
export function cutEnvoy(bytes: Buffer, start: number, timeEnd: number, end: number, tokens: Tokens): boolean {
  if (timeEnd < 0 || !isAt(bytes, timeEnd, end, BEFORE_REQUEST)) return false;
  const request = timeEnd + BEFORE_REQUEST.length;
  const requestEnd = stringEnd(bytes, request, end);
  const status = requestEnd < 0 ? -1 : formEnd(bytes, requestEnd, end, BEHIND_REQUEST);
  const statusEnd = status < 0 ? -1 : digitsEnd(bytes, status, end);
  if (statusEnd <= status) return false;
  tokens.add(start + 1, timeEnd, KIND_PLAIN, 'time');
  cutRequest(bytes, request, requestEnd, tokens);
  tokens.add(status, statusEnd, KIND_PLAIN, 'status');
  const { count } = tokens;
  if (cutItems(bytes, statusEnd, end, ISTIO, tokens)) return true;
  tokens.count = count;
  return cutItems(bytes, statusEnd, end, ENVOY, tokens);
}

/** The rest of the line is a piece of text. Returns false when an item is missing. */
function cutItems(bytes: Buffer, start: number, end: number, items: readonly Item[], tokens: Tokens): boolean {
  let at = start;
  for (const { field, isQuoted } of items) {
    if (byteAt(bytes, at, end) !== SPACE || (byteAt(bytes, at + 1, end) === QUOTE) !== isQuoted) return false;
    const value = isQuoted ? at + 2 : at + 1;
    const space = isQuoted ? -1 : find(bytes, SPACE, value, end);
    const valueEnd = isQuoted ? stringEnd(bytes, value, end) : space < 0 ? end : space;
    if (valueEnd < value || (!isQuoted && valueEnd === value)) return false;
    tokens.add(value, valueEnd, isQuoted ? KIND_STRING : KIND_PLAIN, field);
    at = isQuoted ? valueEnd + 1 : valueEnd;
  }
  if (at < end) {
    if (bytes[at] !== SPACE) return false;
    tokens.add(at + 1, end, KIND_PLAIN, '');
  }
  return true;
}

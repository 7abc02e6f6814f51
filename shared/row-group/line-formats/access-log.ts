/**
 * Access logs in the common and the combined format, as nginx, Traefik, Apache and many libraries write them:
 * `10.42.0.7 - - [23/Nov/2026:15:01:12 +0000] "GET /api/orders?page=2 HTTP/1.1" 200 512 "-" "curl/8.5"`, and the fields
 * that Traefik (a count, router, upstream, duration) and ingress-nginx (upstream, times, request id) append.
 *
 * https://httpd.apache.org/docs/current/logs.html#common, https://doc.traefik.io/traefik/observability/access-logs,
 * https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format
 */
import { KIND_PLAIN, KIND_STRING } from '../format.ts';
import { stringEnd } from './json-scan.ts';
import type { Tokens } from './tokens.ts';
import {
  byteAt,
  CLOSE_BRACKET,
  digitsEnd,
  find,
  formEnd,
  isAt,
  isCapital,
  MINUS,
  OPEN_BRACKET,
  SPACE,
  spacesEnd,
} from './scan.ts';

const BEFORE_USER = Buffer.from(' - ');
const BEFORE_TIME = Buffer.from(' [');
const TIME = Buffer.from('00/AAA/0000:00:00:00 ');
const BEFORE_REQUEST = Buffer.from('] "');
const BEFORE_STATUS = Buffer.from('" 000 ');
const BEFORE_REFERER = Buffer.from(' "');
const BEFORE_USER_AGENT = Buffer.from('" "');
const PROTOCOL = Buffer.from('HTTP/');
const BEHIND_STRING = Buffer.from('" ');
const MILLISECONDS = Buffer.from('ms');
const QUESTION_MARK = 0x3f;
const POINT = 0x2e;

export function cutAccessLog(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const clientEnd = find(bytes, SPACE, start, end);
  if (clientEnd <= start || !isAt(bytes, clientEnd, end, BEFORE_USER)) return false;
  const user = clientEnd + BEFORE_USER.length;
  const userEnd = find(bytes, SPACE, user, end);
  if (userEnd <= user || !isAt(bytes, userEnd, end, BEFORE_TIME)) return false;
  const time = userEnd + BEFORE_TIME.length;
  const timeEnd = find(bytes, CLOSE_BRACKET, time, end);
  if (timeEnd < 0 || formEnd(bytes, time, end, TIME) < 0 || !isAt(bytes, timeEnd, end, BEFORE_REQUEST)) return false;
  const request = timeEnd + BEFORE_REQUEST.length;
  const requestEnd = stringEnd(bytes, request, end);
  const size = requestEnd < 0 ? -1 : formEnd(bytes, requestEnd, end, BEFORE_STATUS);
  const sizeEnd = byteAt(bytes, size, end) === MINUS ? size + 1 : digitsEnd(bytes, size, end);
  if (size < 0 || sizeEnd === size) return false;
  tokens.add(start, clientEnd, KIND_PLAIN, 'client_ip');
  tokens.add(user, userEnd, KIND_PLAIN, 'user');
  tokens.add(time, timeEnd, KIND_PLAIN, 'time');
  cutRequest(bytes, request, requestEnd, tokens);
  tokens.add(size - 4, size - 1, KIND_PLAIN, 'status');
  tokens.add(size, sizeEnd, KIND_PLAIN, 'bytes');
  return sizeEnd === end || cutCombined(bytes, sizeEnd, end, tokens);
}

/** `GET /path?query HTTP/1.1`; a request that is not HTTP is one value. */
export function cutRequest(bytes: Buffer, start: number, end: number, tokens: Tokens): void {
  let methodEnd = start;
  while (isCapital(byteAt(bytes, methodEnd, end))) methodEnd++;
  const pathEnd = find(bytes, SPACE, methodEnd + 1, end);
  const isRequest = methodEnd > start && bytes[methodEnd] === SPACE && pathEnd > 0;
  if (!isRequest || !isAt(bytes, pathEnd + 1, end, PROTOCOL)) {
    tokens.add(start, end, KIND_STRING, 'request');
    return;
  }
  tokens.add(start, methodEnd, KIND_PLAIN, 'method');
  const queryMark = find(bytes, QUESTION_MARK, methodEnd + 1, pathEnd);
  tokens.add(methodEnd + 1, queryMark < 0 ? pathEnd : queryMark, KIND_STRING, 'path');
  if (queryMark >= 0) tokens.add(queryMark + 1, pathEnd, KIND_STRING, 'query');
  tokens.add(pathEnd + 1, end, KIND_STRING, 'protocol');
}

/** The fields of the combined format after those of the common one. */
function cutCombined(bytes: Buffer, at: number, end: number, tokens: Tokens): boolean {
  const referer = formEnd(bytes, at, end, BEFORE_REFERER);
  const refererEnd = referer < 0 ? -1 : stringEnd(bytes, referer, end);
  const agent = refererEnd < 0 ? -1 : formEnd(bytes, refererEnd, end, BEFORE_USER_AGENT);
  const agentEnd = agent < 0 ? -1 : stringEnd(bytes, agent, end);
  if (agentEnd < 0) return false;
  tokens.add(referer, refererEnd, KIND_STRING, 'referer');
  tokens.add(agent, agentEnd, KIND_STRING, 'user_agent');
  const { count } = tokens;
  if (agentEnd + 1 === end || cutTraefik(bytes, agentEnd, end, tokens)) return true;
  tokens.count = count;
  if (cutIngressNginx(bytes, agentEnd, end, tokens)) return true;
  tokens.count = count;
  tokens.add(spacesEnd(bytes, agentEnd + 1, end), end, KIND_PLAIN, '');
  return true;
}

/** `" 42 "router@kubernetes" "http://10.42.0.9:8080" 12ms`; the names are `-` where there are none. */
function cutTraefik(bytes: Buffer, at: number, end: number, tokens: Tokens): boolean {
  const requests = formEnd(bytes, at, end, BEHIND_STRING);
  if (requests < 0) return false;
  const requestsEnd = digitsEnd(bytes, requests, end);
  const router = formEnd(bytes, requestsEnd, end, BEFORE_REFERER);
  const routerEnd = router < 0 ? -1 : stringEnd(bytes, router, end);
  const upstream = routerEnd < 0 ? -1 : formEnd(bytes, routerEnd, end, BEFORE_USER_AGENT);
  const upstreamEnd = upstream < 0 ? -1 : stringEnd(bytes, upstream, end);
  const duration = upstreamEnd < 0 ? -1 : formEnd(bytes, upstreamEnd, end, BEHIND_STRING);
  const durationEnd = duration < 0 ? -1 : digitsEnd(bytes, duration, end);
  if (requestsEnd === requests || durationEnd <= duration || formEnd(bytes, durationEnd, end, MILLISECONDS) !== end) {
    return false;
  }
  tokens.add(requests, requestsEnd, KIND_PLAIN, 'requests');
  tokens.add(router, routerEnd, KIND_STRING, 'router');
  tokens.add(upstream, upstreamEnd, KIND_STRING, 'upstream');
  tokens.add(duration, durationEnd, KIND_PLAIN, 'latency_ms');
  return true;
}

/** The fields that ingress-nginx writes after the user agent, for a single upstream; `[name]` may be empty. */
const INGRESS_FIELDS = [
  'request_bytes',
  'request_time',
  'upstream',
  'alternative_upstream',
  'upstream_addr',
  'upstream_bytes',
  'upstream_time',
  'upstream_status',
  'request_id',
] as const;
const BRACKETED = new Set<string>(['upstream', 'alternative_upstream']);

function cutIngressNginx(bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  const first = tokens.count;
  let at = start + 1;
  for (const field of INGRESS_FIELDS) {
    const isBracketed = BRACKETED.has(field);
    if (byteAt(bytes, at, end) !== SPACE || (isBracketed && byteAt(bytes, at + 1, end) !== OPEN_BRACKET)) return false;
    const value = at + (isBracketed ? 2 : 1);
    const space = find(bytes, SPACE, value, end);
    const valueEnd = (space < 0 ? end : space) - (isBracketed ? 1 : 0);
    if (isBracketed ? bytes[valueEnd] !== CLOSE_BRACKET : valueEnd === value) return false;
    tokens.add(value, valueEnd, KIND_PLAIN, field);
    at = space < 0 ? end : space;
  }
  // The size and the time of the request.
  return at === end && isNumber(bytes, tokens, first) && isNumber(bytes, tokens, first + 1);
}

function isNumber(bytes: Uint8Array, tokens: Tokens, index: number): boolean {
  for (let at = tokens.starts[index]!; at < tokens.ends[index]!; at++) {
    if (bytes[at] !== POINT && digitsEnd(bytes, at, at + 1) === at) return false;
  }
  return true;
}

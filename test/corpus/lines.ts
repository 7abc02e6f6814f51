/**
 * The lines of the corpus, one function a kind: zerolog's JSON (fields in the order of the calls, `time` and `message`
 * last, floats in Go's shortest form) and klog's text. Each writes one line without header or newline at `at` and
 * returns its end. Nothing here allocates: a line costs a microsecond or less.
 */
import { logNormalTable, pickQuantile, pickTable, type Random, TABLE_SIZE } from './random.ts';
import { ROUTES } from './routes.ts';
import { literal, putBytes, putHex, putThousandths, putTwo, putUint, putUuid } from './text.ts';

/** What a line is written from. The corpus owns it and moves `seconds` on. */
export interface LineSource {
  readonly random: Random;
  readonly userCount: number;
  /** `2026-11-23T15:01:12`, the second of the line. */
  readonly seconds: Uint8Array;
  /** Nanoseconds within that second. */
  fractionNs: number;
  /** The last RECENT_COUNT request ids, four words each: what debug and error lines refer to. */
  readonly recent: Int32Array;
  /** Requests so far. */
  requestCount: number;
}

export const RECENT_COUNT = 64;
export const USER_ID_MIN = 10_000;
/** Coprime to every plausible user count, so that it spreads ranks over ids one to one. */
const USER_SPREAD = 611_953;

/** The id of the `rank`th most active user. */
export function userIdOf(rank: number, userCount: number): number {
  return USER_ID_MIN + ((rank * USER_SPREAD) % userCount);
}

const mask = TABLE_SIZE - 1;
const routeTable = pickTable(ROUTES.map((route) => route.weight));
const routeHeads = ROUTES.map(({ method, path }) => literal(`"method":"${method}","path":"${path.split('{id}')[0]!}`));
const routeTails = ROUTES.map(({ path }) => literal(`${path.split('{id}')[1] ?? ''}","status":`));
const ROUTE_IDS = ROUTES.map(({ id }) => id);
const ROUTE_SLOWNESS = Float64Array.from(ROUTES, ({ slowness }) => slowness);
/** A client sends a key with what must not happen twice. */
const ROUTE_HAS_KEY = ROUTES.map(({ method, path }) => method === 'POST' && /orders|payments/.test(path));

/** What a route answers when nothing goes wrong. */
const ROUTE_SUCCESS = Int32Array.from(ROUTES, ({ method }) =>
  method === 'POST' ? 201 : method === 'DELETE' ? 204 : 200,
);

/** Stands for the route's own success. */
const SUCCESS = 0;
const NOT_MODIFIED = 304;
/** Share of each status, in thousandths; 304 is for GET alone and counts as success elsewhere. */
// prettier-ignore
const STATUS_SHARES = new Map([
  [SUCCESS, 915], [NOT_MODIFIED, 20], [400, 11], [401, 10], [403, 5], [404, 22], [409, 4], [422, 4], [429, 2],
  [500, 4], [502, 1], [503, 2],
]);
const statusTable = pickTable([...STATUS_SHARES.values()]);
const STATUSES = Int32Array.from(STATUS_SHARES.keys());
/** Microseconds; times a route's slowness. */
const latencyTable = logNormalTable(8_000, 0.9);
const responseBytesTable = logNormalTable(1_400, 1.1);

const LEVEL_INFO = literal('{"level":"info",');
const LEVEL_WARN = literal('{"level":"warn",');
const LEVEL_ERROR = literal('{"level":"error",');
const LATENCY = literal(',"latency_ms":');
const RESPONSE_BYTES = literal(',"bytes":');
const USER_ID = literal(',"user_id":');
const REQUEST_ID = literal(',"request_id":"');
const KEY = literal('","idempotency_key":"');
const TIME = literal('","time":"');
const TIME_AFTER_NUMBER = literal(',"time":"');
const REQUEST_END = literal('Z","message":"request"}');
const REQUEST_REFUSED_END = literal('Z","message":"request refused"}');
const REQUEST_FAILED_END = literal('Z","message":"request failed"}');

/** One line a request; it makes the request id. */
export function putRequest(source: LineSource, into: Uint8Array, at: number): number {
  const { random } = source;
  const bits = random.bits();
  const route = routeTable[bits & mask]!;
  const status = statusOf(route, bits >>> 12);
  const userId = userIdOf(random.zipf(source.userCount), source.userCount);
  at = putBytes(into, at, status < 400 ? LEVEL_INFO : status < 500 ? LEVEL_WARN : LEVEL_ERROR);
  at = putBytes(into, at, routeHeads[route]!);
  const id = ROUTE_IDS[route]!;
  if (id === 'user') at = putUint(into, at, userId);
  else if (id === 'thing') at = putUint(into, at, 1 + random.below(200_000));
  at = putBytes(into, at, routeTails[route]!);
  at = putUint(into, at, status);
  at = putBytes(into, at, LATENCY);
  at = putThousandths(into, at, Math.round(pickQuantile(latencyTable, random.bits()) * ROUTE_SLOWNESS[route]!));
  at = putBytes(into, at, RESPONSE_BYTES);
  at = putUint(into, at, status === 204 || status === 304 ? 0 : pickQuantile(responseBytesTable, random.bits()));
  at = putBytes(into, at, USER_ID);
  at = putUint(into, at, userId);
  at = putBytes(into, at, REQUEST_ID);
  at = putNewRequestId(source, into, at);
  if (ROUTE_HAS_KEY[route]!) at = putRandomUuid(random, into, putBytes(into, at, KEY));
  at = putBytes(into, at, TIME);
  at = putBytes(into, at, source.seconds);
  return putBytes(into, at, status < 400 ? REQUEST_END : status < 500 ? REQUEST_REFUSED_END : REQUEST_FAILED_END);
}

function statusOf(route: number, bits: number): number {
  const status = STATUSES[statusTable[bits & mask]!]!;
  const success = ROUTE_SUCCESS[route]!;
  return status === SUCCESS || (status === NOT_MODIFIED && success !== 200) ? success : status;
}

const DEBUG_CACHE = literal('{"level":"debug","component":"cache","op":"get","key":"user:');
const DEBUG_CACHE_HIT = literal('","hit":true,"duration_us":');
const DEBUG_CACHE_MISS = literal('","hit":false,"duration_us":');
const DEBUG_DB_STARTS = [
  'SELECT id, total, state FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT 20',
  'SELECT id, name, price FROM products WHERE id = $1',
  'UPDATE carts SET items = $2, updated_at = now() WHERE user_id = $1',
  'INSERT INTO order_items (order_id, product_id, count) VALUES ($1, $2, $3)',
].map((query) => literal(`{"level":"debug","component":"db","query":"${query}","rows":`));
const DEBUG_AUTH = literal('{"level":"debug","component":"auth","scope":"orders:read","user_id":');
const DEBUG_POOL = literal('{"level":"debug","component":"pool","active":');
const DEBUG_POOL_IDLE = literal(',"idle":');
const DEBUG_QUOTE = literal('"');
const DEBUG_ENDS = ['cache lookup', 'query done', 'token accepted', 'connection pool'].map((message) =>
  literal(`Z","message":"${message}"}`),
);

/** Four shapes; a third of the lines names the request that it belongs to. */
export function putDebug(source: LineSource, into: Uint8Array, at: number): number {
  const { random } = source;
  const bits = random.bits();
  const shape = bits & 3;
  if (shape === 0) {
    at = putBytes(into, at, DEBUG_CACHE);
    at = putUint(into, at, userIdOf(random.zipf(source.userCount), source.userCount));
    at = putBytes(into, at, (bits & 0x1c) !== 0 ? DEBUG_CACHE_HIT : DEBUG_CACHE_MISS);
    at = putUint(into, at, 40 + random.below(400));
  } else if (shape === 1) {
    at = putBytes(into, at, DEBUG_DB_STARTS[(bits >>> 5) & 3]!);
    at = putUint(into, at, (bits >>> 7) & 15);
    at = putBytes(into, at, LATENCY);
    at = putThousandths(into, at, pickQuantile(latencyTable, random.bits()));
  } else if (shape === 2) {
    at = putBytes(into, at, DEBUG_AUTH);
    at = putUint(into, at, userIdOf(random.zipf(source.userCount), source.userCount));
  } else {
    at = putBytes(into, at, DEBUG_POOL);
    at = putUint(into, at, (bits >>> 5) & 31);
    at = putBytes(into, at, DEBUG_POOL_IDLE);
    at = putUint(into, at, (bits >>> 10) & 31);
  }
  if (random.below(3) === 0) {
    at = putBytes(into, at, REQUEST_ID);
    at = putBytes(into, putRecentRequestId(source, into, at), DEBUG_QUOTE);
  }
  at = putBytes(into, at, TIME_AFTER_NUMBER);
  at = putBytes(into, at, source.seconds);
  return putBytes(into, at, DEBUG_ENDS[shape]!);
}

const JOB_STARTS = ['send-receipt', 'reserve-stock', 'render-invoice', 'sync-search', 'push-notification'].map((job) =>
  literal(`{"level":"info","job":"${job}","job_id":"`),
);
const JOB_ATTEMPT = literal('","attempt":');
const JOB_DURATION = literal(',"duration_ms":');
const JOB_END = literal('Z","message":"job done"}');

/** One line a job of the worker; it makes the job id. */
export function putJob(source: LineSource, into: Uint8Array, at: number): number {
  const { random } = source;
  const bits = random.bits();
  at = putBytes(into, at, JOB_STARTS[(bits & 0xffff) % JOB_STARTS.length]!);
  at = putRandomUuid(random, into, at);
  at = putBytes(into, at, JOB_ATTEMPT);
  at = putUint(into, at, bits >>> 28 === 0 ? 2 : 1);
  at = putBytes(into, at, JOB_DURATION);
  at = putThousandths(into, at, 10 * pickQuantile(latencyTable, random.bits()));
  at = putBytes(into, at, USER_ID);
  at = putUint(into, at, userIdOf(random.zipf(source.userCount), source.userCount));
  at = putBytes(into, at, TIME_AFTER_NUMBER);
  at = putBytes(into, at, source.seconds);
  return putBytes(into, at, JOB_END);
}

const ERRORS: readonly (readonly [kind: string, host: string, port: number, call: string, message: string])[] = [
  ['timeout', 'db-1.shop.svc', 5432, 'store.(*Orders).Load', 'load order: context deadline exceeded'],
  ['refused', 'payments.shop.svc', 8080, 'payments.(*Client).Charge', 'charge card: connection refused'],
  ['conflict', 'db-1.shop.svc', 5432, 'store.(*Carts).Save', 'save cart: could not serialize access'],
  ['reset', 'search.shop.svc', 9200, 'search.(*Index).Query', 'search: connection reset by peer'],
];
const ERROR_STARTS = ERRORS.map(([kind, host, port, call]) =>
  literal(
    `{"level":"error","error":{"kind":"${kind}","retryable":true,"peer":{"host":"${host}","port":${port}}},` +
      `"stack":"goroutine 81 [running]:\\nexample.com/shop/${call}(0xc000`,
  ),
);
const ERROR_FRAMES = literal(
  ', 0x2a)\\n\\t/src/internal/client.go:118 +0x1a4\\nexample.com/shop/api.(*Server).ServeHTTP(0xc0001b2000)\\n' +
    '\\t/src/api/server.go:77 +0x2f\\n"',
);
const ERROR_ENDS = ERRORS.map(([, , , , message]) => literal(`Z","message":"${message}"}`));

/** A nested object, a stack as one escaped string, and the id of a recent request. */
export function putError(source: LineSource, into: Uint8Array, at: number): number {
  const { random } = source;
  const bits = random.bits();
  const kind = bits & 3;
  at = putBytes(into, at, ERROR_STARTS[kind]!);
  at = putHex(into, at, bits >>> 8, 6);
  at = putBytes(into, at, ERROR_FRAMES);
  at = putBytes(into, at, USER_ID);
  at = putUint(into, at, userIdOf(random.zipf(source.userCount), source.userCount));
  at = putBytes(into, at, REQUEST_ID);
  at = putRecentRequestId(source, into, at);
  at = putBytes(into, at, TIME);
  at = putBytes(into, at, source.seconds);
  return putBytes(into, at, ERROR_ENDS[kind]!);
}

const KLOG_MIDDLES = [
  'controller.go:231] "Reconciled object" kind="Deployment" namespace="shop" generation=',
  'reflector.go:561] "Watch closed" type="*v1.EndpointSlice" items=',
  'leaderelection.go:258] "Renewed lease" lock="kube-system/ingress-controller" transitions=',
  'endpoints.go:104] "Endpoints changed, reloading" service="shop/api" endpoints=',
].map((text) => literal(`       1 ${text}`));
const KLOG_LEVELS = Buffer.from('IIIIIIWE');

/** Kubernetes' own text format: `I1123 15:01:12.904509       1 controller.go:231] "Reconciled object" …`. */
export function putKlog(source: LineSource, into: Uint8Array, at: number): number {
  const bits = source.random.bits();
  const { seconds } = source;
  into[at++] = KLOG_LEVELS[bits & 7]!;
  for (const i of KLOG_DATE) into[at++] = seconds[i]!;
  into[at++] = 0x20;
  for (let i = 11; i < 19; i++) into[at++] = seconds[i]!;
  into[at++] = 0x2e;
  let micros = Math.floor(source.fractionNs / 1000);
  for (let scale = 10_000; scale >= 1; scale /= 100) {
    const pair = Math.floor(micros / scale);
    at = putTwo(into, at, pair);
    micros -= pair * scale;
  }
  at = putBytes(into, at, KLOG_MIDDLES[(bits >>> 3) & 3]!);
  return putUint(into, at, (bits >>> 5) & 0xff);
}

/** Where month and day stand in `2026-11-23T15:01:12`. */
const KLOG_DATE = [5, 6, 8, 9];

function putNewRequestId(source: LineSource, into: Uint8Array, at: number): number {
  const { random, recent } = source;
  const slot = (source.requestCount++ % RECENT_COUNT) * 4;
  const w0 = (recent[slot] = random.bits());
  const w1 = (recent[slot + 1] = random.bits());
  const w2 = (recent[slot + 2] = random.bits());
  const w3 = (recent[slot + 3] = random.bits());
  return putUuid(into, at, w0, w1, w2, w3);
}

function putRecentRequestId(source: LineSource, into: Uint8Array, at: number): number {
  const { random, recent } = source;
  const slot = random.below(RECENT_COUNT) * 4;
  return putUuid(into, at, recent[slot]!, recent[slot + 1]!, recent[slot + 2]!, recent[slot + 3]!);
}

function putRandomUuid(random: Random, into: Uint8Array, at: number): number {
  return putUuid(into, at, random.bits(), random.bits(), random.bits(), random.bits());
}

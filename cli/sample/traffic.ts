/**
 * What the sample workload logs: a shop of four services and one controller. A request leaves lines in several pods
 * under one request_id, the way zerolog writes them; some fail, and some lines are not JSON.
 */

/** One line of one pod, before it has a place in a file. */
export interface SampleLine {
  readonly pod: SamplePod;
  readonly timeMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** The first line of its container after a restart. */
  readonly isFirstOfRun?: true;
}

export interface SamplePod {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
}

const GATEWAY: SamplePod = { namespace: 'shop', name: 'gateway-7c9d5f6b4-k8x2p', container: 'gateway' };
const API: SamplePod = { namespace: 'shop', name: 'api-6b8f9c7d5-2mjqt', container: 'api' };
const PAYMENTS: SamplePod = { namespace: 'shop', name: 'payments-5d7c8f9b6-w4zvn', container: 'payments' };
const WORKER: SamplePod = { namespace: 'shop', name: 'worker-84b6d5c7f-9xhkl', container: 'worker' };
const PROVISIONER: SamplePod = {
  namespace: 'kube-system',
  name: 'local-path-provisioner-77b5d8cfc6-r5tq8',
  container: 'local-path-provisioner',
};
export const SAMPLE_PODS: readonly SamplePod[] = [GATEWAY, API, PAYMENTS, WORKER, PROVISIONER];

/** The user that the printed queries ask for; the first of these, and the busiest. */
export const SAMPLE_USER_ID = 12_345;
const USER_IDS = [SAMPLE_USER_ID, SAMPLE_USER_ID, 10_077, 20_431, 31_337, 42_024, 58_210, 60_606];

interface Route {
  readonly method: string;
  readonly path: (random: Random) => string;
  readonly status: number;
  readonly latencyMs: number;
  readonly query: string;
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: productPath,
    status: 200,
    latencyMs: 6,
    query: 'SELECT id, name, price FROM products WHERE id = $1',
  },
  {
    method: 'GET',
    path: () => '/api/cart',
    status: 200,
    latencyMs: 4,
    query: 'SELECT items FROM carts WHERE user_id = $1',
  },
  {
    method: 'GET',
    path: () => '/api/orders',
    status: 200,
    latencyMs: 12,
    query: 'SELECT id, total FROM orders WHERE user_id = $1',
  },
  {
    method: 'POST',
    path: () => '/api/cart/items',
    status: 201,
    latencyMs: 9,
    query: 'UPDATE carts SET items = $2 WHERE user_id = $1',
  },
];
const CHECKOUT: Route = {
  method: 'POST',
  path: () => '/api/checkout',
  status: 201,
  latencyMs: 85,
  query: 'INSERT INTO orders (user_id, total) VALUES ($1, $2)',
};

/** Uniform in [0, 1); Math.random, or a test's own. */
export type Random = () => number;

/** A request's lines in time order, and its id. */
export interface SampleRequest {
  readonly requestId: string;
  /** It passed through all four services. */
  readonly isCheckout: boolean;
  readonly lines: readonly SampleLine[];
}

/** The lines of one request that arrives at `startMs`; the last may be a few seconds later. */
export function sampleRequest(random: Random, startMs: number): SampleRequest {
  const isCheckout = random() < 0.2;
  const route = isCheckout ? CHECKOUT : pick(random, ROUTES);
  const failed = random() < (isCheckout ? 0.1 : 0.02);
  const userId = pick(random, USER_IDS);
  const requestId = randomUuid(random);
  const latencyMs = roundMs(route.latencyMs * Math.exp(random() * 2 - 1) + (failed ? 1500 : 0));
  const endMs = startMs + latencyMs;
  const ids = { user_id: userId, request_id: requestId };
  const path = route.path(random);
  const status = failed ? 502 : route.status;
  const level = failed ? 'error' : 'info';
  const request = { method: route.method, path, status };
  const lines: SampleLine[] = [
    zerolog(API, startMs + 0.4, 'debug', { component: 'db', query: route.query, ...ids }, 'query'),
    ...(isCheckout ? checkoutLines(random, startMs, endMs, failed, ids) : []),
    ...(isCheckout && random() < 0.03 ? [cartDump(startMs + 0.6, ids)] : []),
    zerolog(API, endMs - 0.3, level, { ...request, latency_ms: roundMs(latencyMs - 0.4), ...ids }, 'request'),
    zerolog(GATEWAY, endMs, level, { ...request, latency_ms: latencyMs, upstream: 'api', ...ids }, 'request'),
    ...plainLines(random, endMs),
  ];
  return { requestId, isCheckout, lines: lines.toSorted((a, b) => a.timeMs - b.timeMs) };
}

/** How the worker crashes, and is started again. */
export function sampleCrash(timeMs: number): readonly SampleLine[] {
  const queue = { queue: 'receipts', broker: 'redis.shop:6379' };
  return [
    zerolog(WORKER, timeMs - 4000, 'warn', { ...queue, attempt: 1 }, 'queue does not answer; retrying'),
    zerolog(WORKER, timeMs - 2000, 'warn', { ...queue, attempt: 2 }, 'queue does not answer; retrying'),
    zerolog(
      WORKER,
      timeMs,
      'fatal',
      { ...queue, error: 'dial tcp 10.43.0.12:6379: i/o timeout' },
      'no queue',
      'stderr',
    ),
    { ...zerolog(WORKER, timeMs + 900, 'info', { ...queue, concurrency: 8 }, 'worker started'), isFirstOfRun: true },
  ];
}

interface RequestIds {
  readonly user_id: number;
  readonly request_id: string;
}

function checkoutLines(random: Random, startMs: number, endMs: number, failed: boolean, ids: RequestIds): SampleLine[] {
  const amount = Math.round(random() * 20_000) / 100;
  if (failed) {
    const error = { kind: 'timeout', provider: { name: 'acme-pay', region: 'eu-1' }, after_ms: 1500 };
    const stack = 'payments.(*Client).Charge\n\t/src/client.go:118\npayments.(*Server).Pay\n\t/src/server.go:77\n';
    return [
      zerolog(
        PAYMENTS,
        endMs - 1,
        'error',
        { amount, error, stack, ...ids },
        'charge failed: deadline exceeded',
        'stderr',
      ),
    ];
  }
  const doneMs = endMs + 200 + random() * 1500;
  const duration = roundMs(20 + random() * 60);
  return [
    zerolog(
      PAYMENTS,
      startMs + (endMs - startMs) * 0.8,
      'info',
      { amount, provider: 'acme-pay', ...ids },
      'charge accepted',
    ),
    zerolog(WORKER, doneMs, 'info', { job: 'send-receipt', attempt: 1, duration_ms: duration, ...ids }, 'job done'),
  ];
}

/** One line of 20 KiB, which the container runtime cuts in two. */
function cartDump(timeMs: number, ids: RequestIds): SampleLine {
  const items = Array.from({ length: 400 }, (_, i) => ({
    sku: `SKU-${10_000 + i * 7}`,
    count: 1 + (i % 3),
    price: 4.99 + i,
  }));
  return zerolog(API, timeMs, 'debug', { component: 'cart', items, ...ids }, 'cart before checkout');
}

/** Lines of a cluster that are not JSON: of Go's standard logger and of klog. */
function plainLines(random: Random, timeMs: number): SampleLine[] {
  const chance = random();
  const iso = new Date(timeMs).toISOString();
  if (chance < 0.02) {
    const text = `${iso.slice(0, 19).replaceAll('-', '/').replace('T', ' ')} http: TLS handshake error from 10.42.0.17:51234: EOF`;
    return [{ pod: GATEWAY, timeMs, stream: 'stderr', text }];
  }
  if (chance < 0.05) {
    const head = `I${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000       1`;
    const text = `${head} controller.go:1082] "Reconciled" kind="PersistentVolumeClaim" namespace="shop" name="data-postgres-0"`;
    return [{ pod: PROVISIONER, timeMs, stream: 'stderr', text }];
  }
  return [];
}

/** A line the way zerolog writes it: level first, then the fields, then time and message. */
function zerolog(
  pod: SamplePod,
  timeMs: number,
  level: string,
  fields: Readonly<Record<string, unknown>>,
  message: string,
  stream: 'stdout' | 'stderr' = 'stdout',
): SampleLine {
  const time = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
  return { pod, timeMs, stream, text: JSON.stringify({ level, ...fields, time, message }) };
}

function productPath(random: Random): string {
  return `/api/products/${1 + Math.floor(random() * 500)}`;
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** A UUID of version 4 from the given source of randomness, so that a seed repeats the whole sample. */
function randomUuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  const variant = pick(random, ['8', '9', 'a', 'b']);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

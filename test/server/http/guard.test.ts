/**
 * Who gets what: every route that the server has, for every kind of token; and a token of some namespaces, which is to
 * see nothing else wherever it asks.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../../server/auth/static-tokens.ts';
import { guard } from '../../../server/http/guard.ts';
import type { Server } from '../../../server/main.ts';
import { BATCH_CONTENT_TYPE } from '../../../shared/wire.ts';
import { boundTo, FakeApi, jwt } from '../auth/fake-api.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, numberedLines, range } from '../engines/embedded/batches.ts';

const NAMES = ['agent', 'ingest', 'read', 'metrics', 'admin'] as const;
type Name = (typeof NAMES)[number] | 'shop' | 'account';
/** By name; `account` is a ServiceAccount's. */
const TOKENS: Readonly<Record<Name | 'unknown' | 'stranger', string>> = {
  agent: 'agent-sEcReT-1',
  ingest: 'ingest-sEcReT-1',
  read: 'read-sEcReT-12',
  metrics: 'metrics-sEcReT',
  admin: 'admin-sEcReT-1',
  shop: 'shop-sEcReT-12',
  unknown: 'unknown-sEcReT',
  account: jwt({ aud: 'podlog', sub: 'agent' }),
  stranger: jwt({ aud: 'podlog', sub: 'stranger' }),
};
for (const [name, token] of Object.entries(TOKENS)) {
  if (!token.includes('.')) Object.assign(TOKENS, { [name]: `${token}-0123456789` });
}

const tokensFile = (names: readonly Name[]): string => {
  const entries = names.map((name) => ({
    name,
    token: TOKENS[name],
    scopes: [name === 'shop' ? 'read' : name],
    ...(name === 'shop' && { namespaces: ['shop', 'empty'] }),
    ...(name === 'agent' && { nodes: ['node-1'] }),
  }));
  return JSON.stringify(entries);
};

const fake = new FakeApi();
/** All that the server has logged, and all that it has answered. */
let said = '';
let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-guard-'));
  await writeFile(join(folder, 'tokens.yaml'), tokensFile([...NAMES, 'shop']));
  const audiences = ['podlog'];
  const extra = boundTo('agent-x', 'u1', 'node-1');
  fake.tokens.set(TOKENS.account, { username: 'system:serviceaccount:podlog:podlog-agent', audiences, extra });
  fake.tokens.set(TOKENS.stranger, { username: 'system:serviceaccount:shop:default', audiences });
  server = await startQuietServer(join(folder, 'data'), {
    indexedFields: ['namespace', 'level'],
    access: {
      tokensFile: join(folder, 'tokens.yaml'),
      tokenReview: true,
      agentAccounts: ['podlog/podlog-agent'],
      api: await fake.listen(),
    },
    log: pino({ level: 'trace' }, { write: (line: string) => (said += line) }),
  });
});
afterAll(async () => {
  await server.close();
  await fake.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function call(method: string, path: string, token?: string, body?: string | Buffer): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      'content-type': BATCH_CONTENT_TYPE,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const text = await response.text();
  said += text;
  return { status: response.status, text, headers: response.headers };
}

/** Every route that there is, as the server itself lists them. */
async function routes(): Promise<string[]> {
  const { status, text } = await call('GET', '/nope', TOKENS.metrics);
  expect(status).toBe(404);
  const { error } = JSON.parse(text) as { error: { message: string } };
  return error.message.slice(error.message.indexOf('available: ') + 'available: '.length).split(', ');
}

/** Which tokens are let in; what they are then told is the route's business. */
const MAY: Readonly<Record<string, 'all' | readonly Name[]>> = {
  'GET /healthz': 'all',
  'GET /readyz': 'all',
  'GET /ready': 'all',
  'GET /services': 'all',
  'GET /': 'all',
  'GET /live': 'all',
  'GET /endpoints': 'all',
  'GET /endpoints/:method/:shape': 'all',
  'GET /cluster': 'all',
  'GET /request/:id': 'all',
  'GET /user/:id': 'all',
  'GET /assets/:name': 'all',
  'GET /metrics': ['metrics', 'read', 'admin'],
  'GET /stats': ['read', 'admin'],
  'GET /agents': ['read', 'admin'],
  'GET /login': 'all',
  'GET /session': ['read', 'shop', 'admin'],
  'POST /session': ['read', 'shop', 'admin'],
  'DELETE /session': ['read', 'shop', 'admin'],
  'GET /views': ['read', 'shop', 'admin'],
  'GET /views/:name': ['read', 'shop', 'admin'],
  'PUT /views/:name': ['read', 'shop', 'admin'],
  'DELETE /views/:name': ['read', 'shop', 'admin'],
  'POST /agent/batch': ['agent', 'account', 'admin'],
  'GET /agent/positions': ['agent', 'account', 'admin'],
  'GET /agent/rules': ['agent', 'account', 'admin'],
  'POST /ingest': ['ingest', 'admin'],
  'GET /logs': ['read', 'shop', 'admin'],
  'GET /labels': ['read', 'shop', 'admin'],
  'GET /labels/:name/values': ['read', 'shop', 'admin'],
  'GET /histogram': ['read', 'shop', 'admin'],
  'GET /aggregate': ['read', 'shop', 'admin'],
  'GET /fields': ['read', 'shop', 'admin'],
  'GET /requests/:id': ['read', 'shop', 'admin'],
  'GET /users/:id': ['read', 'shop', 'admin'],
  'GET /patterns': ['read', 'shop', 'admin'],
  'GET /compare': ['read', 'shop', 'admin'],
  'GET /explain': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/format_query': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/format_query': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/query': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/query': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/query_range': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/query_range': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/tail': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/labels': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/labels': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/label': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/label': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/label/:name/values': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/label/:name/values': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/series': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/series': ['read', 'shop', 'admin'],
  'GET /api/prom/query': ['read', 'shop', 'admin'],
  'POST /api/prom/query': ['read', 'shop', 'admin'],
  'GET /api/prom/label': ['read', 'shop', 'admin'],
  'POST /api/prom/label': ['read', 'shop', 'admin'],
  'GET /api/prom/label/:name/values': ['read', 'shop', 'admin'],
  'POST /api/prom/label/:name/values': ['read', 'shop', 'admin'],
  'GET /api/prom/series': ['read', 'shop', 'admin'],
  'POST /api/prom/series': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/status/buildinfo': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/push': ['ingest', 'admin'],
  'POST /loki/api/v1/push': ['ingest', 'admin'],
  'GET /api/prom/push': ['ingest', 'admin'],
  'POST /api/prom/push': ['ingest', 'admin'],
  'POST /otlp/v1/logs': ['ingest', 'admin'],
  'GET /loki/api/v1/detected_labels': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/detected_labels': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/detected_fields': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/detected_fields': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/detected_field/:name/values': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/detected_field/:name/values': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/index/stats': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/index/stats': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/index/volume': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/index/volume': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/index/volume_range': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/index/volume_range': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/patterns': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/patterns': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/drilldown-limits': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/rules': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/rules/:namespace': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/rules/:namespace/:group': ['read', 'shop', 'admin'],
  'GET /api/prom/rules': ['read', 'shop', 'admin'],
  'GET /api/prom/rules/:namespace': ['read', 'shop', 'admin'],
  'GET /api/prom/rules/:namespace/:group': ['read', 'shop', 'admin'],
  'GET /prometheus/api/v1/rules': ['read', 'shop', 'admin'],
  'GET /prometheus/api/v1/alerts': ['read', 'shop', 'admin'],
  'GET /config': ['read', 'shop', 'admin'],
  'DELETE /logs': ['admin'],
  'GET /loki/api/v1/index/shards': ['read', 'shop', 'admin'],
  'POST /loki/api/v1/index/shards': ['read', 'shop', 'admin'],
  'GET /loki/api/v1/delete': ['admin'],
  'POST /loki/api/v1/delete': ['admin'],
  'PUT /loki/api/v1/delete': ['admin'],
  'DELETE /loki/api/v1/delete': ['admin'],
  'GET /erasures': ['admin'],
  'GET /erasures/:id': ['admin'],
  'DELETE /erasures/:id': ['admin'],
  'POST /snapshots': ['admin'],
  'GET /snapshots': ['admin'],
  'DELETE /snapshots/:name': ['admin'],
  'POST /check': ['admin'],
};

test('every route, for every kind of token', async () => {
  expect((await routes()).toSorted()).toEqual(Object.keys(MAY).toSorted());
  for (const [route, may] of Object.entries(MAY)) {
    const [method, path] = route.split(' ') as [string, string];
    const anonymous = await call(method, path);
    if (may === 'all') {
      // There is no file of the page of this name.
      expect(anonymous.status, route).toBe(route.includes('/assets/') ? 404 : 200);
      continue;
    }
    expect(anonymous.status, route).toBe(401);
    expect((await call(method, path, TOKENS.unknown)).status, route).toBe(401);
    expect((await call(method, path, TOKENS.stranger)).status, route).toBe(403);
    for (const name of [...NAMES, 'shop', 'account'] as const) {
      const { status } = await call(method, path, TOKENS[name]);
      const isIn = status !== 401 && status !== 403;
      expect(isIn, `${route} for ${name}: ${status}`).toBe(may.includes(name));
    }
    if (method === 'GET') expect((await call('HEAD', path)).status, `HEAD ${path}`).toBe(401);
  }
});

test('what is refused says how to do it', async () => {
  const anonymous = await call('GET', '/logs');
  expect(anonymous.headers.get('www-authenticate')).toMatch(/^Bearer realm="podlog", Basic realm="podlog"/);
  expect(anonymous.text).toMatch(/PODLOG_UNAUTHENTICATED.*curl -u any:<token>/);
  const lacking = await call('GET', '/logs', TOKENS.ingest);
  expect(lacking.headers.has('www-authenticate')).toBe(false);
  expect(lacking.text).toMatch(/PODLOG_FORBIDDEN.*ingest lacks the scope read; it has ingest/);
  expect((await call('GET', '/stats', TOKENS.shop)).text).toMatch(/shop sees only shop,empty/);
  expect((await call('POST', '/agent/batch', TOKENS.stranger)).text).toMatch(/shop\/default is not an agent here/);
});

test('which routes there are is told to those alone who are let in', async () => {
  for (const token of [undefined, TOKENS.unknown, TOKENS.stranger]) {
    for (const [method, path] of [
      ['GET', '/nope'],
      ['PATCH', '/logs'],
      ['POST', '/logs'],
      ['OPTIONS', '/ingest'],
      ['GET', '/%zz'],
      ['GET', '/labels/%zz/values'],
    ] as const) {
      const { status, text } = await call(method, path, token);
      expect([400, 401, 403, 404], `${method} ${path}`).toContain(status);
      expect(text, `${method} ${path}`).not.toMatch(/\/erasures|\/snapshots|available:/);
    }
  }
});

test('Basic, as curl -u, browsers and Grafana send it', async () => {
  const authorization = `Basic ${Buffer.from(`any:${TOKENS.read}`).toString('base64')}`;
  expect((await fetch(`${server.url}/stats`, { headers: { authorization } })).status).toBe(200);
});

test('the API is away: agents that it has let in go on, others are to wait', async () => {
  const positions = '/agent/positions?node=node-1';
  expect((await call('GET', positions, TOKENS.account)).status).toBe(200);
  fake.fault = (request) => void request.socket.destroy();
  expect((await call('GET', positions, TOKENS.account)).status).toBe(200);
  const waiting = await call('GET', positions, jwt({ aud: 'podlog', jti: 'sEcReT' }));
  expect(waiting.status).toBe(503);
  expect(waiting.headers.get('retry-after')).toBe('5');
  fake.fault = undefined;
});

/** In each namespace but shop, each line, label name and label value holds this word. */
const FOREIGN = 'foreign';
const SHOP_LINES = 7;

async function fill(): Promise<void> {
  const stream = { pod: 'p', container: 'c', stream: 'stdout' };
  const foreign = Array.from({ length: 20 }, (_, n) => ({
    text: `{"level":"error","namespace":"shop","${FOREIGN}_key":"${FOREIGN}","n":${n + 1000}}`,
  }));
  const lines = [
    ...numberedLines('a', 0, SHOP_LINES).map((line) => ({ ...line, labels: { ...stream, namespace: 'shop' } })),
    // A batch of a node has lines of many namespaces.
    ...foreign.map((line) => ({ ...line, labels: { ...stream, namespace: FOREIGN, [FOREIGN]: FOREIGN } })),
    // Lines of no namespace that say that they are of one.
    ...foreign.map((line) => ({ ...line, labels: { source: FOREIGN } })),
  ];
  const batch = batchOf({ lines, files: [range('f', 0, 100)] });
  expect((await call('POST', '/agent/batch', TOKENS.account, batch)).status).toBe(200);
}

test('a token of a namespace sees that alone, on every route and whatever it asks for', async () => {
  await fill();
  const own = new Set<string>();
  const queries = [
    '',
    `namespace=${FOREIGN}`,
    'namespace=*',
    'namespace=!shop',
    'namespace=!*',
    `namespace=shop&namespace=${FOREIGN}`,
    'level=error',
    `${FOREIGN}=*`,
    `source=${FOREIGN}`,
    'n=1000',
    'limit=1000',
    'format=json',
    'format=csv&order=oldest',
    'format=raw',
    'by=namespace',
    `by=${FOREIGN}_key&of=n`,
    'since=2026-11-23&until=2026-11-24&step=1h&by=source',
    `name=${FOREIGN}_key`,
    'follow=false',
    `q=${FOREIGN}`,
  ];
  for (const route of await routes()) {
    const [method, pattern] = route.split(' ') as [string, string];
    if (method !== 'GET') continue;
    for (const path of [':name', 'namespace', 'source', FOREIGN].map((name) => pattern.replace(/:\w+/, name))) {
      for (const query of queries) {
        const { status, text } = await call(method, `${path}?${query}`, TOKENS.shop);
        // Errors, hints and names of groups repeat what was asked for.
        const told = text
          .replaceAll(/\{"error":.*\}/g, '')
          .replaceAll(/,"hints":\[.*\]/g, '')
          .replaceAll(/"conditions":\[[^\]]*\]/g, '')
          .replaceAll(`"${FOREIGN}_key":""`, '');
        for (const [, lines] of text.matchAll(/"lines":(\d+)/g)) expect(Number(lines)).toBeLessThanOrEqual(SHOP_LINES);
        expect(told, `${path}?${query}`).not.toContain(FOREIGN);
        expect(told, `${path}?${query}`).not.toMatch(/\b10(?:0\d|1\d)\b/);
        if (status === 200) own.add(pattern);
      }
    }
  }
  const narrowed = [
    '/logs',
    '/labels',
    '/labels/:name/values',
    '/histogram',
    '/aggregate',
    '/fields',
    '/patterns',
    '/compare',
    '/stats',
    '/session',
    '/views',
    '/loki/api/v1/label',
    '/api/prom/label',
    '/api/prom/label/:name/values',
    '/api/prom/series',
    '/loki/api/v1/label/:name/values',
    '/loki/api/v1/labels',
    '/loki/api/v1/series',
    '/loki/api/v1/status/buildinfo',
    '/loki/api/v1/detected_labels',
    '/loki/api/v1/drilldown-limits',
    '/prometheus/api/v1/rules',
    '/prometheus/api/v1/alerts',
    '/config',
  ];
  const page = ['/', '/live', '/endpoints', '/endpoints/:method/:shape', '/cluster', '/request/:id', '/user/:id'];
  expect([...own].toSorted()).toEqual(
    ['/healthz', '/readyz', '/ready', '/services', '/login', ...page, ...narrowed].toSorted(),
  );
});

test.for([
  ['/labels', { labels: ['container', 'namespace', 'pod', 'stream'] }],
  ['/labels/namespace/values', { values: ['shop'] }],
  ['/aggregate', { groups: [{ by: {}, rows: SHOP_LINES }], distinct: 1 }],
  ['/aggregate?namespace=!shop', { groups: [], distinct: 0 }],
  ['/aggregate?by=level', { groups: [{ by: { level: '' }, rows: SHOP_LINES }], distinct: 1 }],
  [
    '/fields?name=namespace',
    { fields: [{ name: 'namespace', rows: SHOP_LINES, distinct: 1, values: [{ value: 'shop', rows: SHOP_LINES }] }] },
  ],
] as const)('%s counts the lines of its namespaces', async ([path, want]) => {
  expect(JSON.parse((await call('GET', path, TOKENS.shop)).text)).toMatchObject(want);
});

/** A live tail, and what has come of it. */
class Tail {
  text = '';
  /** `ended` as the answer says itself, or what broke it off. */
  state = 'runs';
  readonly #stop = new AbortController();

  async open(token: string): Promise<this> {
    const headers = { authorization: `Bearer ${token}` };
    const path = '/logs?follow=true&format=raw&limit=100';
    const response = await fetch(server.url + path, { headers, signal: this.#stop.signal });
    void this.#read(response).then(
      () => (this.state = 'ended'),
      (error: unknown) => (this.state = String(error)),
    );
    return this;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #read(response: Response): Promise<void> {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) this.text += chunk;
  }
}

test('a live tail tells of its namespaces alone', async () => {
  const tail = await new Tail().open(TOKENS.shop);
  await expect.poll(() => tail.text.split('\n').length - 1).toBe(SHOP_LINES);
  for (const namespace of [FOREIGN, 'shop', 'empty']) {
    await call('POST', `/ingest?namespace=${namespace}`, TOKENS.ingest, `live in ${namespace}`);
  }
  await call('POST', '/ingest?app=x', TOKENS.ingest, '{"namespace":"shop","live":"of none"}');
  await call('POST', '/ingest?namespace=shop', TOKENS.ingest, 'the last');
  await expect.poll(() => tail.text).toContain('the last');
  expect(tail.text.split('\n').slice(SHOP_LINES)).toEqual(['live in shop', 'live in empty', 'the last', '']);
  tail.stop();
});

test('a live tail ends when its token is gone or sees other namespaces', async () => {
  const [gone, narrowed, kept] = await Promise.all(
    [TOKENS.read, TOKENS.shop, TOKENS.admin].map((token) => new Tail().open(token)),
  );
  await expect.poll(() => narrowed!.text).not.toBe('');
  const others = NAMES.filter((name) => name !== 'read');
  await writeFile(join(folder, 'tokens.yaml'), tokensFile([...others, 'shop']).replace('"empty"', '"payments"'));
  await expect.poll(() => [gone!.state, narrowed!.state]).toEqual(['ended', 'ended']);
  await call('POST', '/ingest?namespace=empty', TOKENS.ingest, 'after the end');
  await expect.poll(() => kept!.text).toContain('after the end');
  expect(gone!.text + narrowed!.text).not.toContain('after the end');
  expect(kept!.state).toBe('runs');
  kept!.stop();
  await writeFile(join(folder, 'tokens.yaml'), tokensFile([...NAMES, 'shop']));
  await expect.poll(async () => (await call('GET', '/stats', TOKENS.read)).status).toBe(200);
});

test('a token is changed while it is used: no request is refused that should not be', async () => {
  const next = 'read-sEcReT-the-next-one';
  const status = async (token: string): Promise<number> => (await call('GET', '/stats', token)).status;
  const seen = new Set<number>();
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) seen.add(await status(TOKENS.admin));
  })();
  await writeFile(join(folder, 'tokens.yaml'), tokensFile([...NAMES, 'shop']).replace(TOKENS.read, next));
  await expect.poll(() => status(next)).toBe(200);
  expect(await status(TOKENS.read)).toBe(401);
  await writeFile(join(folder, 'tokens.yaml'), `- { name: a, token: ${next}`);
  await expect.poll(() => said).toMatch(/tokens\.yaml: line \d+: not valid YAML/);
  expect(await status(next)).toBe(200);
  stop.abort();
  await running;
  expect(seen).toEqual(new Set([200]));
});

test('no token, nor anything that it could be told by, was logged or answered', () => {
  expect(said).toContain('"level":50');
  expect(said).not.toContain('sEcReT');
  for (const token of Object.values(TOKENS)) {
    const digest = digestOf(token);
    const basic = Buffer.from(`any:${token}`).toString('base64');
    for (const trace of [token, digest.toString('hex'), digest.toString('base64'), basic]) {
      expect(said).not.toContain(trace);
    }
  }
});

test('a route that the table lacks is a bug that shows at the start', () => {
  const app = fastify();
  guard(app, { authenticator: undefined, openMetrics: false, sessions: undefined, audit: { refused: () => {} } });
  expect(() => app.get('/new', () => 'x')).toThrow(/BUG: who may use GET \/new/);
  expect(() => app.route({ method: ['GET', 'DELETE'], url: '/logs', handler: () => 'x' })).toThrow(/BUG/);
});

test('metrics may be open, and nothing else with them', async () => {
  const path = join(folder, 'others.yaml');
  await writeFile(path, '[]');
  const other = await startQuietServer(join(folder, 'other'), { access: { tokensFile: path, openMetrics: true } });
  expect((await fetch(`${other.url}/metrics`)).status).toBe(200);
  expect((await fetch(`${other.url}/stats`)).status).toBe(401);
  await other.close();
});

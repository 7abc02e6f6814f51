/** Live tails of Loki's API, by a WebSocket client that is not podlog's. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { routeSockets, wantsSocket } from '../../../../server/http/sockets.ts';
import { registerTail } from '../../../../server/http/loki/tail.ts';
import { LOKI_TAIL_DROPPED_MAX, TAILS_OF_CALLER_MAX } from '../../../../server/limits.ts';
import type { Server } from '../../../../server/main.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import type { LogReader } from '../../../../server/store/log-store.ts';
import { type RowBlock, RowBlockBuilder } from '../../../../server/store/row-block.ts';
import { instantOf } from '../../../../shared/time.ts';
import { fakeReader } from '../../query/fake-reader.ts';
import { TODAY } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-tail-'));
  server = await startQuietServer(folder);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const clients: Client[] = [];
afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.terminate();
});

interface Message {
  readonly streams: readonly { readonly stream: Record<string, string>; readonly values: readonly unknown[][] }[];
  readonly dropped_entries?: readonly { readonly timestamp: string; readonly labels: Record<string, string> }[];
  readonly encodingFlags?: readonly string[];
}

class Client {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  pings = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url.replace('http:', 'ws:'), { headers });
    this.socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as Message));
    this.socket.on('ping', () => this.pings++);
    this.socket.on('error', () => {});
    clients.push(this);
  }

  /** Resolves when lines have come: `name=value, … | line`. */
  async lines(count: number): Promise<string[]> {
    await expect.poll(() => this.#all().length).toBeGreaterThanOrEqual(count);
    return this.#all();
  }

  #all(): string[] {
    return this.messages.flatMap(({ streams }) =>
      streams.flatMap(({ stream, values }) =>
        values.map(([, line, own]) => {
          const labels = Object.entries(stream).map(([name, value]) => `${name}=${value}`);
          return [labels.join(', '), line, ...(own === undefined ? [] : [JSON.stringify(own)])].join(' | ');
        }),
      ),
    );
  }

  /** Resolves when the connection has ended after it was opened. */
  async end(): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await once(this.socket, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  }

  /** Resolves when the handshake was refused. */
  async refusal(): Promise<{ status: number; text: string }> {
    const [, response] = (await once(this.socket, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    return { status: response.statusCode, text: Buffer.concat(await Array.fromAsync(response)).toString() };
  }
}

function tail(
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
  at: { readonly url: string } = server,
): Client {
  return new Client(`${at.url}/loki/api/v1/tail?${String(new URLSearchParams(parameters))}`, headers);
}

/** @param ages  of the lines, in ms */
async function push(
  labels: Record<string, string>,
  lines: readonly string[],
  ages: readonly number[] = [],
): Promise<void> {
  const values = lines.map((line, i) => [`${Date.now() - (ages[i] ?? 0)}000000`, line]);
  const response = await fetch(`${server.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: [{ stream: labels, values }] }),
  });
  expect(response.status).toBe(204);
}

test.each([
  [{}, 'parse error : syntax error: unexpected $end'],
  [{ query: '{app=}' }, /^parse error at line 1, col 6/],
  [{ query: '{app="a"}', limit: '0' }, /^limit must be a positive value$/],
  [{ query: '{app="a"}', limit: '5001' }, /^max entries limit per query exceeded/],
  [{ query: '{app="a"}', delay_for: '6' }, /^delay_for can't be greater than 5$/],
  [{ query: '{app="a"}', delay_for: '-1' }, /^delay_for can't be greater than 5$/],
  [{ query: '{app="a"}', delay_for: 'x' }, /^strconv.Atoi: parsing "x": invalid syntax$/],
  [{ query: '{app="a"}', start: 'noon' }, /^could not parse 'start' parameter/],
] as [Record<string, string>, RegExp][])('%j is refused before the upgrade', async (parameters, message) => {
  const { status, text } = await tail(parameters).refusal();
  expect(status).toBe(400);
  expect(text).toMatch(message);
});

test.each([
  [{ query: 'rate({app="a"}[1m])' }, 'only log selector is supported'],
  [{ query: '{app="a"}', start: '1' }, /^the query time range exceeds the limit/],
] as [Record<string, string>, string | RegExp][])(
  '%j is upgraded, and closed with the reason',
  async (parameters, message) => {
    const { code, reason } = await tail(parameters).end();
    expect(code).toBe(1011);
    expect(reason).toMatch(message);
  },
);

test('without an upgrade there is no tail, and no other route has one', async () => {
  const plain = await fetch(`${server.url}/loki/api/v1/tail?query=${encodeURIComponent('{app="a"}')}`);
  expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('is a WebSocket')]);
  expect((await new Client(`${server.url}/loki/api/v1/labels`).refusal()).status).toBe(200);
  expect((await new Client(`${server.url}/nope`).refusal()).status).toBe(404);
});

test('first the newest stored lines, oldest first, with all labels; then new ones, with those of the stream', async () => {
  await push({ app: 'first' }, ['one', 'two', 'level=error three'], [3000, 2000, 1000]);
  const client = tail({ query: '{app="first"}', limit: '2' });
  await client.lines(2);
  await push({ app: 'first' }, ['level=error four'], [-1000]);
  await push({ app: 'other' }, ['nothing']);
  // Older than the tail, but stored after it has begun.
  await push({ app: 'first' }, ['five'], [7_200_000]);
  expect(await client.lines(4)).toEqual([
    'app=first, detected_level=unknown, service_name=first | two',
    'app=first, detected_level=error, service_name=first | level=error three',
    'app=first, service_name=first | level=error four',
    'app=first, service_name=first | five',
  ]);
  await expect.poll(() => client.pings).toBeGreaterThan(0);
});

test('a start in the future has no history', async () => {
  await push({ app: 'future' }, ['before'], [1000]);
  const client = tail({
    query: '{app="future"}',
    start: String(Date.now() * 1e6),
    end: String((Date.now() + 60_000) * 1e6),
  });
  await once(client.socket, 'open');
  await push({ app: 'future' }, ['after']);
  expect(await client.lines(1)).toEqual(['app=future, service_name=future | after']);
});

test('pipelines run over both, and history goes back until enough lines have passed', async () => {
  await push({ app: 'pipe' }, ['n=1', 'n=2', 'x=1', 'x=2', 'x=3'], [5000, 4000, 3000, 2000, 1000]);
  const query = '{app="pipe"} | logfmt | n > 0 | drop service_name, detected_level | line_format "<{{.n}}>"';
  const client = tail({ query, limit: '2' });
  await client.lines(2);
  await push({ app: 'pipe' }, ['n=3', 'x=4']);
  await push({ app: 'pipe' }, ['n=4']);
  expect(await client.lines(4)).toEqual([
    'app=pipe, n=1 | <1>',
    'app=pipe, n=2 | <2>',
    'app=pipe, n=3 | <3>',
    'app=pipe, n=4 | <4>',
  ]);
});

test('labels of a line are given with it where the client asks for that', async () => {
  await push({ app: 'cat' }, ['level=warn n=1'], [1000]);
  const headers = { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' };
  const client = tail({ query: '{app="cat"} | logfmt' }, headers);
  await client.lines(1);
  await push({ app: 'cat' }, ['n=2']);
  const stream = 'app=cat, service_name=cat';
  expect(await client.lines(2)).toEqual([
    `${stream} | level=warn n=1 | {"structuredMetadata":{"detected_level":"warn"},"parsed":{"level":"warn","n":"1"}}`,
    `${stream} | n=2 | {"structuredMetadata":{"detected_level":"unknown"},"parsed":{"n":"2"}}`,
  ]);
  expect(new Set(client.messages.map(({ encodingFlags }) => String(encodingFlags)))).toEqual(
    new Set(['categorize-labels']),
  );
});

test('with a delay, lines that were late come in the order of their times', async () => {
  const client = tail({ query: '{app="late"}', delay_for: '2' });
  await once(client.socket, 'open');
  await push({ app: 'late' }, ['second'], [1000]);
  await push({ app: 'late' }, ['first'], [2000]);
  await push({ app: 'late' }, ['third']);
  const lines = await client.lines(3);
  expect(lines.map((line) => line.split(' | ')[1])).toEqual(['first', 'second', 'third']);
});

test('what a client was too slow for is said, in time and labels', async () => {
  const block = (from: number, count: number, text: string): RowBlock => {
    const builder = new RowBlockBuilder([], count);
    for (let n = from; n < from + count; n++) {
      builder.addRow(TODAY, n, n % 2 === 0 ? { app: 'slow' } : { app: 'other' }, 0);
      builder.addLine(Buffer.from(text), 0, text.length);
    }
    return builder.finish();
  };
  // More than sockets buffer: it is not sent before the client reads.
  const long = 'x'.repeat(32 * 1024 * 1024);
  const begin = Promise.withResolvers<void>();
  const isLong = Promise.withResolvers<void>();
  let drop = (_block: RowBlock): void => {};
  const reader = fakeReader({
    follow: ((...[, , { signal }, onDropped]: Parameters<LogReader['follow']>) => ({
      history: nothing(),
      view: fakeReader({ search: nothing }).view(),
      news: (async function* () {
        drop = onDropped as typeof drop;
        await begin.promise;
        drop(block(0, 4, ''));
        yield block(4, 4, 'short');
        isLong.resolve();
        yield block(8, 1, long);
        if (!signal.aborted) await once(signal, 'abort');
        throw signal.reason;
      })(),
      leave: () => {},
    })) as unknown as LogReader['follow'],
  });
  const app = fastify({ http: { shouldUpgradeCallback: wantsSocket } });
  routeSockets(app.server);
  app.decorateRequest('namespaces', 'all');
  const discovery = { serviceName: false, logLevels: false, fields: false };
  const log = pino({ level: 'silent' });
  const closing = new AbortController();
  const routes = { discovery, limits: LOGQL_LIMITS, now: Date.now, closing: closing.signal, log };
  registerTail(app, { engine: new QueryEngine(reader), ...routes });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = tail({ query: '{app="slow"}' }, {}, { url });
  await once(client.socket, 'open');
  client.socket.pause();
  begin.resolve();
  await isLong.promise;
  drop(block(10, 2 * LOKI_TAIL_DROPPED_MAX + 2, ''));
  client.socket.resume();
  const at = (n: number): { timestamp: string; labels: Record<string, string> } => ({
    timestamp: String(instantOf(TODAY, n)),
    labels: { app: 'slow' },
  });
  const dropped = (): unknown[] => client.messages.flatMap(({ dropped_entries: entries = [] }) => entries);
  await expect.poll(() => dropped().length).toBe(2 + LOKI_TAIL_DROPPED_MAX);
  expect(dropped()).toEqual([at(0), at(2), ...Array.from({ length: LOKI_TAIL_DROPPED_MAX }, (_, i) => at(10 + 2 * i))]);
  expect(client.messages[0]).toEqual({
    streams: [4, 6].map((n) => ({ stream: { app: 'slow' }, values: [[at(n).timestamp, 'short']] })),
    dropped_entries: [at(0), at(2)],
  });
  expect(await client.lines(3)).toEqual(['app=slow | short', 'app=slow | short', `app=slow | ${long}`]);
  client.socket.terminate();
  await app.close();
});

async function* nothing(): AsyncGenerator<never> {}

test('tails have the slots of all live tails: one more than a caller may have is refused', async () => {
  const all = Array.from({ length: TAILS_OF_CALLER_MAX }, () => tail({ query: '{app="slots"}' }));
  await Promise.all(all.map(({ socket }) => once(socket, 'open')));
  const { status, text } = await tail({ query: '{app="slots"}' }).refusal();
  expect([status, text]).toEqual([503, expect.stringContaining(`has ${TAILS_OF_CALLER_MAX} live tails open`)]);
  all[0]!.socket.close();
  await expect
    .poll(async () => {
      const one = tail({ query: '{app="slots"}' });
      return await Promise.race([
        once(one.socket, 'open').then(() => 'open'),
        one.refusal().then(({ status: code }) => code),
      ]);
    })
    .toBe('open');
});

test.each([
  [{ origin: 'http://evil.example' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ host: 'evil.example' }, 403],
] as [Record<string, string>, number][])('a page of another site has no tail: %j', async (headers, status) => {
  expect((await tail({ query: '{app="a"}' }, headers).refusal()).status).toBe(status);
});

test('the page of the server itself has one', async () => {
  const client = tail({ query: '{app="a"}' }, { origin: server.url });
  await once(client.socket, 'open');
});

test('a client that sends what it should not is cut off, and the server goes on', async () => {
  const client = tail({ query: '{app="a"}' });
  await once(client.socket, 'open');
  client.socket.send('x'.repeat(100_000));
  expect((await client.end()).code).toBe(1009);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test('tokens: what a caller may see, and the end of a tail with its token', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'podlog-loki-tail-tokens-'));
  const tokensFile = join(dataDir, 'tokens.yaml');
  const token = (name: string): string => `${name}-sEcReT-0123456789`;
  const tokens = [
    { name: 'shop', token: token('shop'), scopes: ['read'], namespaces: ['shop'] },
    { name: 'admin', token: token('admin'), scopes: ['admin', 'ingest', 'read'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const own = await startQuietServer(join(dataDir, 'data'), { access: { tokensFile } });
  const authorized = (name: string): Record<string, string> => ({ authorization: `Bearer ${token(name)}` });
  const send = async (namespace: string, text: string): Promise<void> => {
    const url = `${own.url}/ingest?namespace=${namespace}`;
    expect((await fetch(url, { method: 'POST', body: text, headers: authorized('admin') })).status).toBe(200);
  };
  try {
    expect((await tail({ query: '{app="a"}' }, {}, own).refusal()).status).toBe(401);
    await send('bank', 'secret 1');
    await send('shop', 'open 1');
    const client = tail(
      { query: '{namespace=~".+"} | drop service_name, detected_level, stream' },
      authorized('shop'),
      own,
    );
    await client.lines(1);
    await send('bank', 'secret 2');
    await send('shop', 'open 2');
    expect(await client.lines(2)).toEqual(['namespace=shop | open 1', 'namespace=shop | open 2']);
    await writeFile(tokensFile, JSON.stringify(tokens.slice(1)));
    expect((await client.end()).code).toBe(1011);
    const last = tail({ query: '{namespace="shop"}' }, authorized('admin'), own);
    await last.lines(2);
    const ended = last.end();
    await own.close();
    expect(await ended).toEqual({ code: 1001, reason: 'the server is shutting down' });
  } finally {
    await own.close();
    await rm(dataDir, { recursive: true });
  }
});

/** Whose bodies the server waits for, for how long, and what they cost others: clients that no HTTP library would be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { receiveBodies } from '../../../server/http/bodies.ts';
import { BodyBudget } from '../../../server/http/body-budget.ts';
import { sendError } from '../../../server/http/errors.ts';
import {
  BODIES_IN_FLIGHT_BYTES_MAX,
  BODIES_OF_CALLER_BYTES_MAX,
  BODY_BYTES_MAX,
  UNREAD_BODY_BYTES_MAX,
} from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { TEST_MS_MAX } from '../../deadline.ts';
import { startQuietServer } from '../quiet-server.ts';
import { RawClient } from './raw-client.ts';

const INGEST = 'ingest-token-0123456789';
const READ = 'read-token-0123456789';
const TOKENS = JSON.stringify([
  { name: 'pusher', token: INGEST, scopes: ['ingest'] },
  { name: 'reader', token: READ, scopes: ['read'] },
]);

let folder: string;
let guarded: Server;
let open: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-bodies-'));
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, TOKENS);
  guarded = await startQuietServer(join(folder, 'guarded'), { access: { tokensFile } });
  open = await startQuietServer(join(folder, 'open'));
});
afterAll(async () => {
  await Promise.all([guarded.close(), open.close()]);
  await rm(folder, { recursive: true });
});

const clients: RawClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function dial(port: number): RawClient {
  const client = new RawClient(port);
  clients.push(client);
  return client;
}

function portOf({ url }: Server): number {
  return Number(new URL(url).port);
}

function head(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
}

/** What an honest client gets meanwhile. */
async function push(server: Server, body: string | Uint8Array<ArrayBuffer> = 'a line'): Promise<number> {
  const headers = { authorization: `Bearer ${INGEST}` };
  const response = await fetch(`${server.url}/ingest?app=x`, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}

const HUGE = `Content-Length: ${BODY_BYTES_MAX}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const PUSHER = `Authorization: Bearer ${INGEST}`;
const READER = `Authorization: Bearer ${READ}`;

/** Each is sent forty times and left open; all of them together must cost honest clients nothing. */
const HOLDERS: readonly [string, string, 'guarded' | 'open' | 'both', number][] = [
  ['a route that is none, announced', `${head('POST /nope', HUGE)}x`, 'both', 404],
  ['a route that is none, in chunks', `${head('POST /nope', CHUNKED)}1\r\nx\r\n`, 'both', 404],
  ['a method that is none', `${head('PATCH /ingest', HUGE)}x`, 'both', 404],
  ['no token, announced', `${head('POST /ingest', HUGE)}x`, 'guarded', 401],
  ['no token, in chunks', `${head('POST /agent/batch', CHUNKED)}1\r\nx\r\n`, 'guarded', 401],
  ['a token of another scope', `${head('POST /ingest', HUGE, READER)}x`, 'guarded', 403],
  ['a token that is unknown', `${head('POST /ingest', HUGE, 'Authorization: Bearer 12345')}x`, 'guarded', 401],
  ['GET with a body', `${head('GET /stats', HUGE, READER)}x`, 'both', 200],
  ['HEAD with a body', `${head('HEAD /stats', HUGE, READER)}x`, 'both', 200],
  ['a probe with a body', `${head('GET /healthz', HUGE)}x`, 'both', 200],
  ['DELETE with a body', `${head('DELETE /logs', HUGE)}x`, 'open', 400],
  ['POST that takes no body', `${head('POST /snapshots?name=..', HUGE)}x`, 'open', 400],
  ['a live tail with an empty body', `${head('GET /logs?follow=true', CHUNKED, READER)}0\r\n\r\n`, 'both', 200],
];

for (const [name, request, where, status] of HOLDERS) {
  for (const [kind, server] of [
    ['guarded', () => guarded],
    ['open', () => open],
  ] as const) {
    if (where !== 'both' && where !== kind) continue;
    test(`bodies that nobody takes do not keep others out: ${name}, ${kind}`, async () => {
      const holders = Array.from({ length: 40 }, () => dial(portOf(server())).send(request));
      await expect.poll(() => holders.every(({ statuses }) => statuses[0] === status)).toBe(true);
      expect(await push(server())).toBe(200);
      expect(await push(server(), new Uint8Array(BODY_BYTES_MAX).fill(0x0a))).toBe(200);
    });
  }
}

test('what is announced and has not come holds nothing, whoever announces it', async () => {
  for (let n = 0; n < 40; n++) dial(portOf(guarded)).send(`${head('POST /ingest', HUGE, PUSHER)}x`);
  for (let n = 0; n < 40; n++) dial(portOf(guarded)).send(`${head('POST /ingest', CHUNKED, PUSHER)}1\r\nx\r\n`);
  expect(await push(guarded)).toBe(200);
  expect(await push(guarded, new Uint8Array(BODY_BYTES_MAX).fill(0x0a))).toBe(200);
});

test('a body is asked for only when it is wanted', async () => {
  const expecting = ['Expect: 100-continue', 'Content-Length: 6'];
  const stranger = dial(portOf(guarded)).send(head('POST /ingest', ...expecting));
  await expect.poll(() => stranger.statuses).toEqual([401]);
  await expect.poll(() => stranger.isClosed).toBe(true);
  const pusher = dial(portOf(guarded)).send(head('POST /ingest?app=x', PUSHER, ...expecting));
  await expect.poll(() => pusher.statuses).toEqual([100]);
  pusher.send('a line');
  await expect.poll(() => pusher.text).toMatch(/HTTP\/1\.1 200 .*\{"lines":1\}/s);
});

test('bodies of unknown length: chunks of any size, and one that is too large', async () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`).join('');
  const tiny = lines.slice(0, 5000).replaceAll(/[^]/g, '1\r\n$&\r\n');
  const client = dial(portOf(open)).send(head('POST /ingest?app=x', CHUNKED)).send(tiny);
  client.send(`${(lines.length - 5000).toString(16)}\r\n${lines.slice(5000)}\r\n0\r\n\r\n`);
  await expect.poll(() => client.text).toContain('{"lines":20000}');
  const large = dial(portOf(open)).send(head('POST /ingest?app=x', CHUNKED));
  large.send(`${(BODY_BYTES_MAX + 1).toString(16)}\r\n`).send(Buffer.alloc(BODY_BYTES_MAX + 1, 'x'));
  await expect.poll(() => large.text).toMatch(/HTTP\/1\.1 413 .*PODLOG_BODY_TOO_LARGE/s);
});

test.for([
  ['both lengths', head('POST /ingest', 'Content-Length: 1', CHUNKED), 400],
  ['a length that is none', head('POST /ingest', 'Content-Length: x'), 400],
  ['a chunk size that is none', `${head('POST /ingest?app=x', CHUNKED)}zz\r\n`, 400],
  ['endless extensions of a chunk', `${head('POST /ingest?app=x', CHUNKED)}1;${'x'.repeat(70_000)}`, 413],
  ['endless trailers', `${head('POST /ingest?app=x', CHUNKED)}1\r\nx\r\n0\r\n${'A: b\r\n'.repeat(20_000)}`, 431],
  ['endless headers', `GET /healthz HTTP/1.1\r\n${'A: b\r\n'.repeat(20_000)}`, 431],
  ['an endless path', `GET /${'x'.repeat(70_000)}`, 431],
  ['what is not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
] as const)('refused and closed: %s', async ([, request, status]) => {
  const client = dial(portOf(open)).send(Buffer.from(request, 'latin1'));
  await expect.poll(() => client.isClosed).toBe(true);
  // A request that was under way is cut off, as nothing may be written into its answer.
  if (client.text !== '') expect(client.text).toMatch(new RegExp(`HTTP/1.1 ${status} .*"code":"PODLOG_`, 's'));
});

test('trailers of a body are not lines', async () => {
  const client = dial(portOf(open)).send(`${head('POST /ingest?app=x', CHUNKED)}1\r\nx\r\n0\r\nA: b\r\n\r\n`);
  await expect.poll(() => client.text).toContain('{"lines":1}');
});

test('a batch that is refused can still be sent to its end, and the answer be read; more is cut off', async () => {
  const body = Buffer.alloc(UNREAD_BODY_BYTES_MAX / 2, 'x');
  const client = dial(portOf(guarded)).send(head('POST /agent/batch', `Content-Length: ${body.length}`));
  await expect.poll(() => client.statuses).toEqual([401]);
  client.send(body).send(head('GET /healthz'));
  await expect.poll(() => client.statuses).toEqual([401, 200]);
  client.send(head('POST /agent/batch', HUGE)).send(Buffer.alloc(BODY_BYTES_MAX - 1, 'x'));
  await expect.poll(() => client.isClosed).toBe(true);
});

/** What is fast enough for a test of slow clients; `PATIENCE` is for the others. */
const PACE = { idleMsMax: 300, unreadMsMax: 300, checkMs: 50 };
const PATIENCE = { ...PACE, idleMsMax: TEST_MS_MAX };

async function listen(budget = new BodyBudget(), pace = PACE): Promise<{ port: number }> {
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, pino({ level: 'silent' }), reply));
  app.decorateRequest('callerName');
  app.addHook('onRequest', async (request) => {
    request.callerName = request.headers['x-caller']?.toString();
  });
  receiveBodies(app, budget, pace);
  app.post('/', { config: { takesBody: true } }, ({ body }) => ({ bytes: (body as Buffer | undefined)?.length ?? 0 }));
  app.get('/', () => 'well');
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return { port: (app.server.address() as AddressInfo).port };
}

test.for([
  ['an announced body', head('POST /', 'Content-Length: 100')],
  ['a body that has begun', `${head('POST /', 'Content-Length: 100')}x`],
  ['a body in chunks', head('POST /', CHUNKED)],
  ['a chunk that has begun', `${head('POST /', CHUNKED)}5\r\nx`],
  ['a body without its last chunk', `${head('POST /', CHUNKED)}1\r\nx\r\n`],
  ['a body without the end of its trailers', `${head('POST /', CHUNKED)}1\r\nx\r\n0\r\nA: b\r\n`],
])('a body that stalls is given up: %s', async ([, request]) => {
  const budget = new BodyBudget();
  const { port } = await listen(budget);
  const client = dial(port).send(request!);
  await expect.poll(() => client.text).toMatch(/HTTP\/1\.1 408 .*PODLOG_BODY_TOO_SLOW/s);
  await expect.poll(() => client.isClosed).toBe(true);
  expect(budget.heldBytes).toBe(0);
});

test('a body that drips is given up, however steadily', async () => {
  const budget = new BodyBudget();
  const { port } = await listen(budget);
  const client = dial(port).send(head('POST /', 'Content-Length: 1000000'));
  const drip = setInterval(() => client.send('x'), PACE.idleMsMax / 10);
  onTestFinished(() => clearInterval(drip));
  await expect.poll(() => client.statuses).toEqual([408]);
  await expect.poll(() => budget.heldBytes).toBe(0);
});

test('a body that is not taken must end soon, too', async () => {
  const { port } = await listen();
  const client = dial(port).send(head('GET /', 'Content-Length: 100'));
  await expect.poll(() => client.statuses).toEqual([200]);
  await expect.poll(() => client.isClosed).toBe(true);
});

test('a caller has its share of the budget, and others have the rest of it', async () => {
  const budget = new BodyBudget();
  const { port } = await listen(budget, PATIENCE);
  const part = Buffer.alloc(BODY_BYTES_MAX - 1, 'x');
  const begin = (caller: string): RawClient =>
    dial(port)
      .send(head('POST /', HUGE, `X-Caller: ${caller}`))
      .send(part);
  const count = BODIES_OF_CALLER_BYTES_MAX / BODY_BYTES_MAX;
  const greedy = Array.from({ length: count }, () => begin('greedy'));
  await expect.poll(() => budget.heldBytes).toBe(count * part.length);
  const further = begin('greedy');
  await expect.poll(() => further.text).toMatch(/HTTP\/1\.1 503 .*retry-after: 1/is);
  const other = dial(port)
    .send(head('POST /', 'Content-Length: 5', 'X-Caller: other'))
    .send('hello');
  await expect.poll(() => other.text).toContain('{"bytes":5}');
  for (const client of greedy) client.close();
  await expect.poll(() => budget.heldBytes).toBe(0);
  expect(BODIES_OF_CALLER_BYTES_MAX).toBeLessThan(BODIES_IN_FLIGHT_BYTES_MAX);
});

test('a body counts until it is answered, or its client is gone', async () => {
  const budget = new BodyBudget();
  const { port } = await listen(budget, PATIENCE);
  const body = new Uint8Array(1000);
  await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  await expect.poll(() => budget.heldBytes).toBe(0);
  const client = dial(port).send(head('POST /', 'Content-Length: 1000')).send('x'.repeat(999));
  await expect.poll(() => budget.heldBytes).toBe(999);
  client.close();
  await expect.poll(() => budget.heldBytes).toBe(0);
});

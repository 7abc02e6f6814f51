/** Connections in number and in time. */
import type { AddressInfo, Socket } from 'node:net';
import { fastify } from 'fastify';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type ConnectionLimits, Connections } from '../../../server/http/connections.ts';
import { cutOffStalledAnswers } from '../../../server/http/stalled-answers.ts';
import { PIPELINED_REQUESTS_MAX } from '../../../server/limits.ts';
import { TEST_MS_MAX } from '../../deadline.ts';
import { RawClient } from './raw-client.ts';

const clients: RawClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

interface Listening {
  readonly connections: Connections;
  /** Opens a connection, which is there when this resolves. */
  readonly dial: () => Promise<RawClient>;
  /** Sends a request that is let in, and waits for its answer. */
  readonly use: (client: RawClient) => Promise<void>;
  /** Requests for `/waits`, which are let in and never answered. */
  readonly waiting: () => number;
}

/** How long a client may take for its headers where that is what is tested; elsewhere none must be too slow. */
const HEADERS_MS_MAX = 500;

async function listen(
  limits: ConnectionLimits,
  { headersMsMax = TEST_MS_MAX, stalledMsMax = TEST_MS_MAX } = {},
): Promise<Listening> {
  const connections = new Connections(limits);
  const app = fastify({
    http: { headersTimeout: headersMsMax, connectionsCheckingInterval: 50 },
    clientErrorHandler: (error, socket) => connections.refuse(error, socket),
  });
  connections.watch(app.server);
  cutOffStalledAnswers(app, stalledMsMax);
  const accepted: Socket[] = [];
  app.server.on('connection', (socket) => accepted.push(socket));
  app.get('/stranger', () => 'well');
  app.get('/known', (request) => {
    connections.trust(request.raw.socket);
    return 'well';
  });
  const never = Promise.withResolvers<string>();
  let waiting = 0;
  app.get('/waits', (request) => {
    waiting++;
    connections.trust(request.raw.socket);
    return never.promise;
  });
  app.get('/large', () => 'x'.repeat(32 * 1024 * 1024));
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    never.resolve('');
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return {
    connections,
    dial: async () => {
      const client = new RawClient(port);
      clients.push(client);
      await expect.poll(() => accepted.some(({ remotePort }) => remotePort === client.localPort)).toBe(true);
      return client;
    },
    use: async (client) => {
      const answers = client.statuses.length;
      client.send(get('/known'));
      await expect.poll(() => client.statuses.length).toBe(answers + 1);
    },
    waiting: () => waiting,
  };
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}

const MANY: ConnectionLimits = { connectionsMax: 100, strangersMax: 100 };

test('strangers are as many as they may be: the oldest gives way, and those that are known stay', async () => {
  const { connections, dial, use } = await listen({ connectionsMax: 100, strangersMax: 3 });
  const known = await dial();
  await use(known);
  const strangers: RawClient[] = [];
  for (let n = 0; n < 8; n++) {
    const stranger = (await dial()).send(get('/stranger'));
    await expect.poll(() => stranger.statuses).toEqual([200]);
    strangers.push(stranger);
  }
  await expect
    .poll(() => strangers.map(({ isClosed }) => isClosed).join())
    .toBe(`${'true,'.repeat(5)}false,false,false`);
  expect(connections.count).toBe(4);
  await use(known);
  const late = await dial();
  await use(late);
});

test('of all connections, one that is idle gives way: a stranger, then the one that was used longest ago', async () => {
  const { dial, use } = await listen({ connectionsMax: 4, strangersMax: 4 });
  const known = [await dial(), await dial(), await dial()] as const;
  for (const client of known) await use(client);
  const stranger = await dial();
  const fifth = await dial();
  await expect.poll(() => stranger.isClosed).toBe(true);
  await use(fifth);
  await use(known[0]);
  known[1].send(get('/waits'));
  await use(await dial());
  await expect.poll(() => known[2].isClosed).toBe(true);
  expect([known[0].isClosed, known[1].isClosed, fifth.isClosed]).toEqual([false, false, false]);
});

test('a newcomer is refused when all others are being answered', async () => {
  const { dial, waiting } = await listen({ connectionsMax: 2, strangersMax: 2 });
  const busy = [(await dial()).send(get('/waits')), (await dial()).send(get('/waits'))];
  await expect.poll(waiting).toBe(2);
  const newcomer = await dial();
  await expect.poll(() => newcomer.isClosed).toBe(true);
  expect(busy.map(({ isClosed }) => isClosed)).toEqual([false, false]);
});

test.for([
  ['nothing at all', ''],
  ['half a request line', 'GET /str'],
  ['headers without an end', 'GET /stranger HTTP/1.1\r\nHost: a\r\nX: '],
] as const)('a request that does not come is given up: %s', async ([, text]) => {
  const { connections, dial } = await listen(MANY, { headersMsMax: HEADERS_MS_MAX });
  const client = await dial();
  if (text !== '') client.send(text);
  const drip = setInterval(() => text !== '' && client.send('x'), HEADERS_MS_MAX / 10);
  onTestFinished(() => clearInterval(drip));
  await expect.poll(() => client.text).toMatch(/^HTTP\/1\.1 408 .*PODLOG_REQUEST_TOO_SLOW/s);
  await expect.poll(() => client.isClosed).toBe(true);
  await expect.poll(() => connections.count).toBe(0);
});

test('requests that are sent before the answers to earlier ones are few', async () => {
  const { dial } = await listen(MANY);
  const some = (await dial()).send(get('/stranger').repeat(PIPELINED_REQUESTS_MAX));
  await expect.poll(() => some.statuses.length).toBe(PIPELINED_REQUESTS_MAX);
  const many = (await dial()).send(get('/waits').repeat(PIPELINED_REQUESTS_MAX));
  many.send(get('/waits'));
  await expect.poll(() => many.isClosed).toBe(true);
});

test('a client that does not read its answer is cut off', async () => {
  const { connections, dial } = await listen(MANY, { stalledMsMax: 300 });
  const client = (await dial()).stopReading().send(get('/large'));
  await expect.poll(() => connections.count).toBe(0);
  expect(client.text.length).toBeLessThan(32 * 1024 * 1024);
});

test('what follows an answer that has begun does not end up in it', async () => {
  const { dial } = await listen(MANY, { headersMsMax: HEADERS_MS_MAX });
  const client = (await dial()).send(`${get('/waits')}GET /x`);
  await expect.poll(() => client.isClosed).toBe(true);
  expect(client.text).toBe('');
});

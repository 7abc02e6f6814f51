/** A client that takes nothing of its answer does not hold what it was made from for ever. */
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { registerLogs, type LogsOptions } from '../../../server/http/logs.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
/** More than the sockets of both sides take. */
const PIECES = 500;

/** A server whose searches have many pieces; `ended` is called when one ends, with how many of them were taken. */
async function serve(ended: (taken: number) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const app = fastify();
  app.decorateRequest('namespaces', 'all');
  const unused = {} as LogsOptions['store'] & LogsOptions['query'];
  async function* search(): AsyncGenerator<Uint8Array> {
    let taken = 0;
    try {
      for (; taken < PIECES; taken++) yield PIECE;
    } finally {
      ended(taken);
    }
  }
  const closing = new AbortController().signal;
  registerLogs(app, { logs: { search }, store: unused, query: unused, now: Date.now, closing, stalledMsMax: 500 });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return { port, close: () => app.close() };
}

test('a client that stops reading is cut off, and the search ends', async () => {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const { port, close } = await serve(resolve);
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {});
  client.write('GET /logs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(client, 'readable');
  const taken = await ended;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(PIECES);
  client.destroy();
  await close();
});

test('a client that reads slower than the time allowed for a pause gets all', async () => {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const { port, close } = await serve(resolve);
  const response = await fetch(`http://127.0.0.1:${port}/logs`);
  let bytes = 0;
  let pauses = 0;
  for await (const piece of response.body!) {
    bytes += piece.length;
    // Each is shorter than what is allowed, and all of them are longer.
    if (pauses++ < 10) await setTimeout(60);
  }
  expect(bytes).toBe(PIECES * PIECE.length);
  expect(await ended).toBe(PIECES);
  await close();
});

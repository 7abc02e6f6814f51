/** A client that takes nothing of its answer does not hold what it was made from for ever; nor is one cut off that waits. */
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { UnavailableError } from '../../../shared/errors.ts';
import { sendError } from '../../../server/http/errors.ts';
import { batchOf, numberedLines } from '../engines/embedded/batches.ts';
import { append, openStore } from '../engines/embedded/open-store.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import { readerOf } from '../engines/embedded/query-context.ts';
import { fakeReader } from '../query/fake-reader.ts';
import { RENDER_ROWS_AT_FIRST } from '../../../server/limits.ts';
import { registerLogs } from '../../../server/http/logs.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
/** More than the sockets of both sides take. */
const PIECES = 500;

/** An answer of several pieces. */
const LINES = 3 * RENDER_ROWS_AT_FIRST;

const STALLED_MS_MAX = 1000;

const noop = (): void => {};

type Search = (plan: Plan) => AsyncIterable<Uint8Array>;

/** Searches that have many pieces; `ended` is called when one ends, with how many of them were taken. */
function longSearch(ended: (taken: number) => void): Search {
  return async function* search() {
    let taken = 0;
    try {
      for (; taken < PIECES; taken++) yield PIECE;
    } finally {
      ended(taken);
    }
  };
}

async function serve(
  asked: Search | QueryEngine,
  stalledMsMax = STALLED_MS_MAX,
): Promise<{ port: number; close: () => Promise<void> }> {
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, pino({ level: 'silent' }), reply));
  app.decorateRequest('namespaces', 'all');
  const closing = new AbortController();
  const engine = asked instanceof QueryEngine ? asked : new QueryEngine(fakeReader({ search: asked }));
  registerLogs(app, {
    engine,
    audit: { record: async () => {} },
    now: Date.now,
    closing: closing.signal,
    stalledMsMax,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      closing.abort();
      await app.close();
    },
  };
}

test('a client that stops reading is cut off, and the search ends', async () => {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const { port, close } = await serve(longSearch(resolve));
  const client = connect(port, '127.0.0.1');
  client.on('error', noop);
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
  // A machine that runs other tests may add to each pause.
  const allowedMs = 5 * STALLED_MS_MAX;
  const { port, close } = await serve(longSearch(resolve), allowedMs);
  const response = await fetch(`http://127.0.0.1:${port}/logs`);
  let bytes = 0;
  let pauses = 0;
  for await (const piece of response.body!) {
    bytes += piece.length;
    // Each is shorter than what is allowed, and all of them are longer.
    if (pauses++ < 12) await setTimeout(allowedMs / 10);
  }
  expect(bytes).toBe(PIECES * PIECE.length);
  expect(await ended).toBe(PIECES);
  await close();
});

test('a live tail whose client does not take its history is cut off; one that waits for lines is not', async () => {
  const { store } = await openStore();
  const text = 'x'.repeat((PIECES * PIECE.length) / LINES);
  await append(store, batchOf({ lines: numberedLines('x', 0, LINES).map((line) => ({ ...line, text })) }));
  const engine = new QueryEngine(readerOf(store));
  const { port, close } = await serve(engine);
  const client = connect(port, '127.0.0.1');
  client.on('error', noop);
  client.write(`GET /logs?follow=true&limit=${LINES} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  await once(client, 'readable');
  await expect.poll(() => engine.answerRows.held).toBe(LINES);
  const response = await fetch(`http://127.0.0.1:${port}/logs?follow=true&limit=0&format=raw`);
  await expect.poll(() => engine.answerRows.held).toBe(0);
  await append(store, batchOf({ lines: numberedLines('x', LINES, 1) }));
  for await (const piece of response.body!) {
    expect(Buffer.from(piece).toString()).toContain(`"n":${LINES}`);
    break;
  }
  client.destroy();
  await close();
});

test.each(['ndjson', 'raw', 'json', 'csv'])(
  'a search that takes longer than a client may stall: %s',
  async (format) => {
    const { port, close } = await serve(async function* search() {
      await setTimeout(STALLED_MS_MAX * 1.5);
      yield Buffer.from('{"n":1},\n');
      await setTimeout(STALLED_MS_MAX * 1.5);
      yield Buffer.from('{"n":2},\n');
    });
    const response = await fetch(`http://127.0.0.1:${port}/logs?format=${format}`);
    expect(await response.text()).toMatch(/"n":1.*"n":2/s);
    await close();
  },
);

test.each(['ndjson', 'raw', 'json', 'csv'])(
  'what fails before the first line is an error response: %s',
  async (format) => {
    const { port, close } = await serve(async function* search({ limit }) {
      if (limit > 0) throw new UnavailableError('too much is under way', 1);
      yield PIECE;
    });
    const response = await fetch(`http://127.0.0.1:${port}/logs?format=${format}`);
    expect(response.status).toBe(503);
    await close();
  },
);

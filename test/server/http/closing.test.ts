/** What clients see of a server that closes while it answers: no answer looks complete that is not. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { registerCheck } from '../../../server/http/check.ts';
import { sendError } from '../../../server/http/errors.ts';
import { registerLogs } from '../../../server/http/logs.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import type { CheckAbility, CheckedFinding, StoreCheckEvent } from '../../../server/store/check.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { eventually } from '../../eventually.ts';
import { fakeReader } from '../query/fake-reader.ts';

const LOG = pino({ level: 'silent' });

interface Listening {
  readonly url: string;
  /** Aborts what the routes were given to end by. */
  readonly close: () => void;
}

async function listen(register: (app: FastifyInstance, closing: AbortSignal) => void): Promise<Listening> {
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, LOG, reply));
  app.decorateRequest('namespaces', 'all');
  const closing = new AbortController();
  register(app, closing.signal);
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return { url, close: () => closing.abort(new UnavailableError('the server is shutting down', 1)) };
}

/** Yields this, and nothing more until it is stopped. */
async function* untilStopped<Piece>(pieces: readonly Piece[], stop: AbortSignal): AsyncGenerator<Piece> {
  yield* pieces;
  if (!stop.aborted) await once(stop, 'abort');
  throw stop.reason;
}

function listenForLogs(pieces: readonly Uint8Array[], onSearch = (): void => {}): Promise<Listening> {
  const reader = fakeReader({
    search: (_plan, _sink, { signal }) => {
      onSearch();
      return untilStopped(pieces, signal);
    },
    follow: (_plan, _sink, { signal }) => ({
      history: untilStopped([], signal),
      news: untilStopped(pieces, signal) as AsyncGenerator<never>,
      view: fakeReader({}).view(),
      leave: () => {},
    }),
  });
  const engine = new QueryEngine(reader);
  return listen((app, closing) =>
    registerLogs(app, { engine, audit: { record: async () => {} }, now: Date.now, closing }),
  );
}

const PIECE = Buffer.from('{"n":1},\n');
const FORMATS = ['ndjson', 'raw', 'json', 'csv', 'csv&csv=exact'];

test.each(FORMATS)('an answer that has begun breaks off: %s', async (format) => {
  const { url, close } = await listenForLogs([PIECE]);
  const response = await fetch(`${url}/logs?format=${format}`);
  expect(response.status).toBe(200);
  close();
  await expect(response.text()).rejects.toThrow();
});

test.each(FORMATS)('an answer that has not begun is 503: %s', async (format) => {
  const { promise: searched, resolve } = Promise.withResolvers<void>();
  const { url, close } = await listenForLogs([], resolve);
  const asked = fetch(`${url}/logs?format=${format}`);
  await searched;
  close();
  const response = await asked;
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.text()).toContain('the server is shutting down');
});

test('a live tail ends', async () => {
  const { url, close } = await listenForLogs([PIECE]);
  const response = await fetch(`${url}/logs?follow=true&limit=0&format=raw`);
  close();
  expect(await response.text()).toMatch(/^(\{"n":1\},\n)?$/);
});

type Events = AsyncIterable<StoreCheckEvent<CheckedFinding>>;

/** Checks that tell when they began, and when they are held no more. */
class Checks implements CheckAbility {
  readonly #eventsOf: (stop: AbortSignal) => Events;
  /** `begin` waits for it. */
  gate = Promise.resolve();
  readonly stops: AbortSignal[] = [];
  disposedCount = 0;

  constructor(eventsOf: (stop: AbortSignal) => Events) {
    this.#eventsOf = eventsOf;
  }

  async begin(stop: AbortSignal): Promise<{ events: Events; [Symbol.asyncDispose]: () => Promise<void> }> {
    this.stops.push(stop);
    await this.gate;
    return { events: this.#eventsOf(stop), [Symbol.asyncDispose]: async () => void this.disposedCount++ };
  }
}

function listenForChecks(check: Checks): Promise<Listening> {
  return listen((app, closing) => registerCheck(app, { check, closing, log: LOG }));
}

const PROGRESS = { kind: 'progress', checkedBytes: 1, totalBytes: 2 } as const;

test('a check that has begun breaks off, and holds nothing', async () => {
  const checks = new Checks((stop) => untilStopped([PROGRESS], stop));
  const { url, close } = await listenForChecks(checks);
  const response = await fetch(`${url}/check`, { method: 'POST' });
  expect(response.status).toBe(200);
  close();
  await expect(response.text()).rejects.toThrow();
  await eventually(() => expect(checks.disposedCount).toBe(1));
});

test('a client that leaves while its check is prepared ends it, and the next check is not refused', async () => {
  const checks = new Checks((stop) => untilStopped([], stop));
  const { url } = await listenForChecks(checks);
  for (let n = 1; n <= 2; n++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    checks.gate = promise;
    const gone = new AbortController();
    const asked = fetch(`${url}/check`, { method: 'POST', signal: gone.signal });
    await eventually(() => expect(checks.stops.length).toBe(n));
    gone.abort();
    await expect(asked).rejects.toThrow();
    await eventually(() => expect(checks.stops.at(-1)!.aborted).toBe(true));
    resolve();
    await eventually(() => expect(checks.disposedCount).toBe(n));
  }
});

test('a client that leaves amid its check ends it, and the next check is not refused', async () => {
  const checks = new Checks((stop) => untilStopped([PROGRESS], stop));
  const { url } = await listenForChecks(checks);
  for (let n = 1; n <= 2; n++) {
    const gone = new AbortController();
    const response = await fetch(`${url}/check`, { method: 'POST', signal: gone.signal });
    expect(response.status).toBe(200);
    await response.body!.getReader().read();
    gone.abort();
    await eventually(() => expect(checks.disposedCount).toBe(n));
  }
});

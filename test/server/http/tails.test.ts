/** Live tails over HTTP: how many there may be, and how one that cannot go on ends. */
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { UnavailableError } from '../../../shared/errors.ts';
import { sendError } from '../../../server/http/errors.ts';
import { registerLogs } from '../../../server/http/logs.ts';
import { RETRY_AFTER_TAILS_SECONDS, TAILS_OF_CALLER_MAX } from '../../../server/limits.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { liveTails, readerOf } from '../engines/embedded/query-context.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, numberedLines } from '../engines/embedded/batches.ts';
import { append, openStore } from '../engines/embedded/open-store.ts';

test('as many tails as one caller may have get a line; one more is refused with the limit, until another ends', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'podlog-tails-'));
  const server = await startQuietServer(dataDir);
  const gone = new AbortController();
  const open = (signal = gone.signal): Promise<Response> =>
    fetch(`${server.url}/logs?follow=true&limit=0&format=raw`, { signal });
  try {
    const first = new AbortController();
    const tails = await Promise.all([
      open(first.signal),
      ...Array.from({ length: TAILS_OF_CALLER_MAX - 1 }, () => open()),
    ]);
    expect(new Set(tails.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await open();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, String(RETRY_AFTER_TAILS_SECONDS)]);
    expect(await refused.text()).toContain(`has ${TAILS_OF_CALLER_MAX} live tails`);
    await fetch(`${server.url}/ingest?app=x`, { method: 'POST', body: 'a line' });
    const texts = await Promise.all(tails.map(async ({ body }) => (await body!.getReader().read()).value!));
    for (const text of texts) expect(Buffer.from(text).toString()).toBe('a line\n');
    first.abort();
    await expect.poll(async () => (await open()).status).toBe(200);
  } finally {
    gone.abort();
    await server.close();
    await rm(dataDir, { recursive: true });
  }
});

test.each([
  ['ndjson', '{"error":{"code":"PODLOG_UNAVAILABLE","message":"the reason"}}\n'],
  ['raw', 'podlog: the reason\n'],
  ['csv', 'time,namespace,pod,container,stream,labels,line\npodlog: the reason\n'],
])('the last line of a tail that cannot go on is the reason: %s', async (format, want) => {
  const { store } = await openStore();
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, pino({ level: 'silent' }), reply));
  app.decorateRequest('namespaces', 'all');
  const scan = async (): Promise<never> => {
    throw new UnavailableError('the reason', 1);
  };
  registerLogs(app, {
    engine: new QueryEngine(readerOf(store, liveTails(store, { scan }))),
    audit: { record: async () => {} },
    now: Date.now,
    closing: new AbortController().signal,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/logs?follow=true&limit=0&format=${format}`);
  await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
  expect(await response.text()).toBe(want);
  await app.close();
});

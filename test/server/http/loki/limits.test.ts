/** Limits of queries that an operator has set: each holds, and the error names it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendText } from '../../../../server/http/loki/errors.ts';
import { registerQuery } from '../../../../server/http/loki/query.ts';
import type { Server } from '../../../../server/main.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import { MS_PER_DAY } from '../../../../shared/time.ts';
import { batchOf, TODAY } from '../../engines/embedded/batches.ts';
import { fakeReader } from '../../query/fake-reader.ts';
import { startQuietServer } from '../../quiet-server.ts';

let folder: string;
let server: Server;
const BEGIN = (TODAY * MS_PER_DAY) / 1000;
const LINE_BYTES = 200;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-limits-'));
  const lokiLimits = { seriesMax: 2, linesMax: 5, answerBytesMax: 2000, pointsMax: 1200, rangeMsMax: 150_000 };
  server = await startQuietServer(folder, { lokiLimits });
  const lines = Array.from({ length: 30 }, (_, n) => ({
    text: `n=${n} ${'x'.repeat(LINE_BYTES)}`,
    timeNs: n * 1e9,
    labels: { app: 'api' },
  }));
  const response = await fetch(`${server.url}/agent/batch`, {
    method: 'POST',
    body: new Uint8Array(batchOf({ lines })),
  });
  expect(response.status).toBe(200);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string, parameters: Record<string, string>): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}${path}?${String(new URLSearchParams(parameters))}`);
  return { status: response.status, text: await response.text() };
}

const query = '{app="api"}';
const number = 'count_over_time({app="api"} | logfmt [1m])';
const RANGE = { start: String(BEGIN), end: String(BEGIN + 60) };

test.each([
  [{ query, limit: '6' }, 400, 'max entries limit per query exceeded, limit > max_entries_limit_per_query (6 > 5)'],
  [{ query, limit: '5' }, 413, 'the answer is larger than 2000 bytes (--loki-max-bytes): lower limit'],
  [{ query, limit: '4' }, 200, '"status":"success"'],
  [{ query: number, step: '60' }, 400, 'maximum number of series (2) reached for a single query; consider'],
  [{ query: `topk(1, ${number})`, step: '60' }, 200, '"status":"success"'],
  [{ query: `sum(${number})`, step: '0.04' }, 400, 'exceeded maximum resolution of 1,200 points per time series.'],
  [{ query: `sum(${number})`, step: '0.05' }, 200, '"status":"success"'],
  [
    { query, limit: '1', end: String(BEGIN + 151) },
    400,
    'the query time range exceeds the limit (query length: 2m31s, limit: 2m30s)',
  ],
] as [Record<string, string>, number, string][])('%j: %i %s', async (parameters, status, text) => {
  const answer = await get('/loki/api/v1/query_range', { ...RANGE, ...parameters });
  expect(answer).toMatchObject({ status, text: expect.stringContaining(text) });
});

test('clients learn the limits', async () => {
  const { limits } = JSON.parse((await get('/loki/api/v1/drilldown-limits', {})).text) as { limits: object };
  expect(limits).toMatchObject({ max_entries_limit_per_query: 5, max_query_series: 2, max_query_length: '2m30s' });
  expect((await get('/config', {})).text).toContain('"query_timeout":"10m"');
});

test('a query that takes longer than it may is answered as Loki does, and ends', async () => {
  const ended = Promise.withResolvers<void>();
  const engine = new QueryEngine(
    fakeReader({
      search: async function* (_plan, _sink, { signal }) {
        const { promise, resolve } = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        ended.resolve();
        yield* [];
        throw signal.reason;
      },
    }),
  );
  const app = fastify();
  app.setErrorHandler((error: Error, _request, reply) => sendText(error, pino({ level: 'silent' }), reply));
  app.decorateRequest('namespaces', 'all');
  const limits = { ...LOGQL_LIMITS, runMsMax: 20 };
  const discovery = { serviceName: false, logLevels: false, fields: false };
  registerQuery(app, { engine, discovery, limits, now: Date.now, audit: { record: async () => {} } });
  const answer = await app.inject(`/loki/api/v1/query_range?${String(new URLSearchParams({ query }))}`);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([504, 'text/plain; charset=utf-8']);
  expect(answer.body).toMatch(/^request timed out, decrease the duration .* \(limit: 20ms, --loki-max-time\)$/);
  await ended.promise;
  expect(engine.slots.runningCount).toBe(0);
});

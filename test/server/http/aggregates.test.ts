/** Counts and measures over HTTP: what a chart, a table and a filter list ask for, and what they are told when wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-aggregates-'));
  server = await startQuietServer(join(folder, 'data'), { indexedFields: ['level'] });
  const lines = Array.from({ length: 60 }, (_, minute) =>
    JSON.stringify({
      level: minute % 10 === 0 ? 'error' : 'info',
      latency_ms: minute + 0.5,
      time: new Date(Date.UTC(2026, 10, 23, 12, minute)).toISOString(),
    }),
  );
  const response = await fetch(`${server.url}/ingest?app=shop`, { method: 'POST', body: lines.join('\n') });
  expect(await response.json()).toEqual({ lines: 60 });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string): Promise<{ status: number; json: unknown }> {
  const response = await fetch(server.url + path);
  return { status: response.status, json: await response.json() };
}

test('a histogram has all its buckets, empty ones too, and counts by value', async () => {
  const { json } = await get('/histogram?since=2026-11-23T12:00:00Z&until=2026-11-23T13:30:00Z&step=30m&by=level');
  expect(json).toEqual({
    step_seconds: 1800,
    buckets: [
      { time: '2026-11-23T12:00:00.000000000Z', total: 30, counts: { error: 3, info: 27 } },
      { time: '2026-11-23T12:30:00.000000000Z', total: 30, counts: { error: 3, info: 27 } },
      { time: '2026-11-23T13:00:00.000000000Z', total: 0, counts: {} },
    ],
  });
});

test('a histogram without a step chooses one for the lines that are there', async () => {
  const { json } = await get('/histogram?level=error');
  const { step_seconds: step, buckets } = json as { step_seconds: number; buckets: { total: number }[] };
  expect(step).toBe(60);
  // From 12:00 to 12:50: the lines before and after are of another level.
  expect(buckets).toHaveLength(51);
  expect(buckets.reduce((sum, { total }) => sum + total, 0)).toBe(6);
  expect((await get('/histogram?level=none')).json).toEqual({ step_seconds: 60, buckets: [] });
});

test('an aggregation measures a field by values of another, the largest group first', async () => {
  const { json } = await get('/aggregate?by=level&by=app&of=latency_ms');
  const { groups } = json as { groups: Record<string, unknown>[] };
  expect(groups.map(({ by, rows, min, max }) => ({ by, rows, min, max }))).toEqual([
    { by: { level: 'info', app: 'shop' }, rows: 54, min: 1.5, max: 59.5 },
    { by: { level: 'error', app: 'shop' }, rows: 6, min: 0.5, max: 50.5 },
  ]);
  expect(groups[1]!['avg']).toBeCloseTo(25.5);
  expect(groups[0]!['p99']).toBeGreaterThan(57);
  expect((await get('/aggregate?by=level&limit=1')).json).toEqual({
    groups: [{ by: { level: 'info' }, rows: 54 }],
    distinct: 2,
  });
});

test('fields are listed with their most frequent values', async () => {
  const { json } = await get('/fields?name=level&name=app&top=1');
  expect(json).toEqual({
    fields: [
      { name: 'app', rows: 60, distinct: 1, values: [{ value: 'shop', rows: 60 }] },
      { name: 'level', rows: 60, distinct: 2, values: [{ value: 'info', rows: 54 }] },
    ],
  });
});

test.each([
  ['/histogram?step=soon', /^step: "soon" is not a valid step/],
  ['/histogram?since=30d&step=1s', /^step: "1s" is too short for the time range; allowed: up to 2000 buckets/],
  ['/histogram?by=level&by=app', /^by: 2 names; allowed: up to 1 names/],
  ['/histogram?limit=5', /^limit: it does not belong here; allowed: labels, fields, q, since, until, by, step/],
  ['/aggregate?format=csv', /^format: it does not belong here/],
  ['/aggregate?by=a&by=b&by=c&by=d&by=e', /^by: 5 names/],
  ['/aggregate?limit=10001', /^limit: "10001" is out of range/],
  ['/fields?top=5000', /^top: "5000" is out of range/],
  ['/labels?order=newest', /^order: it does not belong here/],
])('%s is refused', async (path, message) => {
  const { status, json } = await get(path);
  expect(status).toBe(400);
  expect((json as { error: { message: string } }).error.message).toMatch(message);
});

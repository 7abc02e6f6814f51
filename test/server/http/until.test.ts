/** Requests of one search are about one range: bars, counts, fields, patterns and lines add up, whatever arrives later. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-until-'));
  server = await startQuietServer(join(folder, 'data'), { indexedFields: [] });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function push(count: number, timeOf: (i: number) => number): Promise<void> {
  const line = (i: number): string =>
    JSON.stringify({
      level: i % 3 === 0 ? 'error' : 'info',
      time: new Date(timeOf(i)).toISOString(),
      message: `line ${i}`,
    });
  const body = Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const response = await fetch(`${server.url}/ingest?app=shop`, { method: 'POST', body });
  expect(await response.json()).toEqual({ lines: count });
}

async function get(path: string): Promise<{ until: string | null; text: string }> {
  const response = await fetch(`${server.url}${path}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return { until: response.headers.get('podlog-until'), text };
}

async function json(path: string): Promise<unknown> {
  return JSON.parse((await get(path)).text);
}

test('bars, counts, fields, patterns and lines of one until add up while lines arrive', async () => {
  const nowMs = Date.now();
  await push(120, (i) => nowMs - 60_000 + i * 400);
  // A clock that is ahead.
  await push(7, () => nowMs + 600_000);
  const search = 'since=10m&app=shop';
  const first = await get(`/logs?${search}&until=now&limit=1000&format=raw`);
  const lines = first.text.split('\n').length - 1;
  expect(lines).toBe(120);
  await push(30, () => Date.now() + 60_000);
  const same = `${search}&until=${encodeURIComponent(first.until!)}`;
  const bars = (await json(`/histogram?${same}&by=level`)) as { buckets: { total: number }[] };
  expect(bars.buckets.reduce((sum, { total }) => sum + total, 0)).toBe(lines);
  expect(await json(`/aggregate?${same}`)).toMatchObject({ groups: [{ rows: lines }] });
  expect(await json(`/fields?${same}&name=level`)).toMatchObject({ fields: [{ rows: lines }] });
  expect(await json(`/patterns?${same}`)).toMatchObject({ rows: lines, other: 0 });
  const again = await get(`/logs?${same}&limit=1000&format=raw`);
  expect(again).toEqual(first);
});

test('an end that is given is repeated as it was understood', async () => {
  for (const route of ['/logs', '/histogram', '/aggregate', '/fields', '/patterns']) {
    const { until } = await get(`${route}?since=2026-11-23&until=2026-11-24`);
    expect(until, route).toBe('2026-11-24T00:00:00.000000000Z');
  }
});

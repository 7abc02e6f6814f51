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
  expect((await get('/histogram?level=none')).json).toMatchObject({ step_seconds: 60, buckets: [] });
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

test('several fields are measured at once, and any measure may order the groups', async () => {
  const { json } = await get('/aggregate?by=level&of=latency_ms&of=absent&distinct=latency_ms&distinct=app&order=max');
  const measured = (json as { groups: Record<string, unknown>[] }).groups;
  expect(measured.map(({ by, of, distinct }) => ({ by, of, distinct }))).toEqual([
    {
      by: { level: 'info' },
      of: { latency_ms: expect.objectContaining({ count: 54, max: 59.5 }), absent: { count: 0 } },
      distinct: { latency_ms: 54, app: 1 },
    },
    {
      by: { level: 'error' },
      of: { latency_ms: expect.objectContaining({ count: 6, max: 50.5 }), absent: { count: 0 } },
      distinct: { latency_ms: 6, app: 1 },
    },
  ]);
  const first = async (query: string): Promise<unknown> => {
    const answer = await get(`/aggregate?by=latency_ms&limit=1&${query}`);
    return (answer.json as { groups: { by: unknown }[] }).groups[0]!.by;
  };
  expect(await first('of=latency_ms&order=p50')).toEqual({ latency_ms: '59.5' });
  expect(await first('of=latency_ms&order=avg')).toEqual({ latency_ms: '59.5' });
  expect((await get('/aggregate?by=latency_ms.shape&distinct=level&order=distinct')).json).toEqual({
    groups: [{ by: { 'latency_ms.shape': '{id}.{id}' }, rows: 60, distinct: { level: 2 } }],
    distinct: 1,
  });
});

test('what is measured may have a condition of its own', async () => {
  const query = '/aggregate?by=app&where.errors=level=error&where.slow=latency_ms>=49.5&of=latency_ms@slow';
  expect((await get(`${query}&distinct=level@slow&line_bytes=true&line_bytes=@errors`)).json).toEqual({
    groups: [
      {
        by: { app: 'shop' },
        rows: 60,
        where: { errors: 6, slow: 11 },
        count: 11,
        sum: 599.5,
        min: 49.5,
        max: 59.5,
        avg: 54.5,
        p50: 54.5,
        p90: 58.5,
        p95: 59,
        p99: 59.4,
        distinct: { 'level@slow': 2 },
        line_bytes: expect.any(Number),
        'line_bytes@errors':
          6 * JSON.stringify({ level: 'error', latency_ms: 10.5, time: new Date(0).toISOString() }).length - 1,
      },
    ],
    distinct: 1,
  });
  const counts = async (conditions: string): Promise<unknown> => {
    const { json } = await get(`/aggregate?${conditions}`);
    return (json as { groups: { where: unknown }[] }).groups[0]!.where;
  };
  // Those of one name are alternatives; those of several must all be satisfied.
  expect(await counts('where.a=level=error&where.a=level=info&where.a=latency_ms<10')).toEqual({ a: 10 });
  expect(await counts('where.a=level!=error&where.b=q=~:[0-9]5&where.c=q="error"')).toEqual({ a: 54, b: 6, c: 6 });
  expect(await counts('where.a=LEVEL=error&where.b=level=ERR*&ignore_case=true')).toEqual({ a: 0, b: 6 });
  const { json } = await get('/aggregate?by=latency_ms.shape&by=level&where.late=latency_ms>50&order=where.late');
  expect((json as { groups: { by: unknown }[] }).groups[0]!.by).toEqual({
    'latency_ms.shape': '{id}.{id}',
    level: 'info',
  });
});

test('deviation, and the first and the last number in time', async () => {
  const { json } = await get(
    '/aggregate?by=level&stddev=latency_ms&first=latency_ms&last=latency_ms&last=absent&order=last',
  );
  expect((json as { groups: unknown }).groups).toEqual([
    {
      by: { level: 'info' },
      rows: 54,
      stddev: { latency_ms: expect.closeTo(17.0, 0) },
      first: { latency_ms: 1.5 },
      last: { latency_ms: 59.5, absent: null },
    },
    {
      by: { level: 'error' },
      rows: 6,
      stddev: { latency_ms: expect.closeTo(17.08, 1) },
      first: { latency_ms: 0.5 },
      last: { latency_ms: 50.5, absent: null },
    },
  ]);
});

test('a whole stream is a group with all of its labels', async () => {
  expect((await get('/aggregate?by=*&by=level&limit=1&distinct=*')).json).toEqual({
    groups: [{ by: { app: 'shop', level: 'info' }, rows: 54, distinct: { '*': 1 } }],
    distinct: 2,
  });
});

test('steps are groups in the order of time, and may overlap in windows', async () => {
  const range = 'since=2026-11-23T12:00:00Z&until=2026-11-23T13:00:00Z';
  const groups = async (query: string): Promise<unknown[]> => {
    const { json } = await get(`/aggregate?${range}&${query}`);
    const found = (json as { groups: { time: string; rows: number; count?: number; max?: number }[] }).groups;
    return found.map(({ time, rows, max }) => [time.slice(11, 16), rows, ...(max === undefined ? [] : [max])]);
  };
  expect(await groups('step=20m&of=latency_ms')).toEqual([
    ['12:00', 20, 19.5],
    ['12:20', 20, 39.5],
    ['12:40', 20, 59.5],
  ]);
  expect(await groups('step=20m&window=40m')).toEqual([
    ['12:00', 20],
    ['12:20', 40],
    ['12:40', 40],
  ]);
  expect(await groups('step=30m&offset=10m&of=latency_ms')).toEqual([
    ['11:40', 10, 9.5],
    ['12:10', 30, 39.5],
    ['12:40', 20, 59.5],
  ]);
  expect(await groups('step=10m&window=20m&level=error&of=latency_ms&order=max&limit=2')).toEqual([
    ['12:50', 2, 50.5],
    ['12:40', 2, 40.5],
  ]);
  const { json } = await get(`/histogram?${range}&step=20m&window=40m&offset=10m&by=level`);
  expect(json).toEqual({
    step_seconds: 1200,
    buckets: [
      { time: '2026-11-23T11:50:00.000000000Z', total: 10, counts: { error: 1, info: 9 } },
      { time: '2026-11-23T12:10:00.000000000Z', total: 30, counts: { error: 3, info: 27 } },
      { time: '2026-11-23T12:30:00.000000000Z', total: 40, counts: { error: 4, info: 36 } },
      { time: '2026-11-23T12:50:00.000000000Z', total: 30, counts: { error: 3, info: 27 } },
    ],
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
  ['/histogram?by=level&by=app', /^by: 2 names; allowed: up to 1 name/],
  [
    '/histogram?limit=5',
    /^limit: not a parameter of this route; allowed: labels, fields, q, q.raw, search, previous, ignore_case, match, samples, hints, since, until, tz, by, step, offset, window/,
  ],
  ['/aggregate?format=csv', /^format: not a parameter of this route/],
  ['/logs?by=level', /^by: not a parameter of this route; .* or field\.by=123 for a field of this name$/],
  ['/fields?step=1h', /^step: not a parameter of this route/],
  ['/labels?top=5', /^top: not a parameter of this route/],
  ['/histogram?of=a&distinct=b', /^of: not a parameter of this route/],
  ['/aggregate?of=a&p=99', /^p: it is not a parameter; allowed: p50, p90, p95 and p99 of/],
  ['/aggregate?by=a&by=b&by=c&by=d&by=e', /^by: 5 names/],
  ['/aggregate?order=p99', /^order: "p99" is not measured; allowed: rows, with `of` one of count, sum/],
  ['/aggregate?of=a&order=distinct', /^order: "distinct" is not measured/],
  ['/aggregate?of=a&order=toString', /^order: "toString" is not measured/],
  ['/aggregate?of=a&of=b&of=c&of=d&of=e', /^of: 5 names; allowed: up to 4 names of fields/],
  [
    '/aggregate?where.a=level',
    /^where\.a: "level" is not a filter; allowed: a filter as in a query; example: where\.a=level=error/,
  ],
  ['/aggregate?where.a=since=1h', /^where\.a: "since=1h" is not a filter/],
  ['/aggregate?where.=level=error', /^where: 1 conditions; allowed: up to 4, each with a name/],
  ['/aggregate?where.a=n>x', /^n>: "x" is not a number/],
  ['/aggregate?where.a=n>1&order=where.b', /^order: "where.b" is not measured/],
  ['/aggregate?order=time', /^order: without a step, groups have no time; allowed: order=time with a step/],
  ['/aggregate?step=5m&order=time&limit=3', /^order: the order of time has all groups, without a limit/],
  ['/aggregate?window=5m', /^window: given without a step/],
  ['/aggregate?step=2m&window=5m', /^window: "5m" is not a whole number of steps/],
  ['/histogram?step=2m&offset=2m', /^offset: it is not shorter than a step/],
  ['/histogram?by=*', /^by: whole streams are groups of \/aggregate/],
  ['/aggregate?line_bytes=2', /^line_bytes: "2" is not a boolean/],
  ['/aggregate?limit=10001', /^limit: "10001" is out of range/],
  ['/fields?top=5000', /^top: "5000" is out of range/],
  ['/labels?order=newest', /^order: not a parameter of this route/],
])('%s is refused', async (path, message) => {
  const { status, json } = await get(path);
  expect(status).toBe(400);
  expect((json as { error: { message: string } }).error.message).toMatch(message);
});

test('what queries have cost is counted, for an operator', async () => {
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^podlog_query_${name}_total (\\d+)$`, 'm').exec(text)?.[1]);
  };
  const [groups, rows] = [await metric('row_groups_read'), await metric('rows_matched')];
  const considered = await metric('row_groups_considered');
  await (await fetch(`${server.url}/logs?level=error`)).text();
  await expect.poll(() => metric('rows_matched')).toBe(rows + 6);
  expect(await metric('row_groups_read')).toBe(groups + 1);
  expect(await metric('bytes_read')).toBeGreaterThan(0);
  expect(await metric('row_groups_considered')).toBe(considered + 1);
  expect(await metric('bytes_considered')).toBeGreaterThan(0);
});

test('numbers by bucket have its edges, over time too, and lines without a number have none', async () => {
  const { json } = await get('/aggregate?by=latency_ms.log10&since=2026-11-23T12:00:00Z&until=2026-11-23T13:00:00Z');
  const { groups } = json as { groups: { by: { 'latency_ms.log10': { from: number; to: number } }; rows: number }[] };
  const latencies = Array.from({ length: 60 }, (_, minute) => minute + 0.5);
  for (const { by, rows } of groups) {
    const { from, to } = by['latency_ms.log10'];
    expect(latencies.filter((each) => each >= from && each < to).length).toBe(rows);
    // A slider filters by these edges.
    const filtered = await get(`/aggregate?latency_ms>=${from}&latency_ms<${to}`);
    expect(filtered.json).toMatchObject({ groups: [{ rows }] });
  }
  expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(60);
  const map = await get('/aggregate?by=latency_ms.log10&step=30m&since=2026-11-23T12:00:00Z&latency_ms<2');
  expect(map.json).toEqual({
    groups: [
      { time: '2026-11-23T12:00:00.000000000Z', by: { 'latency_ms.log10': { from: 0.5, to: 0.63 } }, rows: 1 },
      { time: '2026-11-23T12:00:00.000000000Z', by: { 'latency_ms.log10': { from: 1.25, to: 1.6 } }, rows: 1 },
    ],
    distinct: 2,
  });
  // Durations and sizes are counted as measures count them.
  const post = await fetch(`${server.url}/ingest?container=texts`, {
    method: 'POST',
    body: ['850µs', '12.5ms', '1m2.5s', '10MiB', '0.013', 'soon'].map((took) => JSON.stringify({ took })).join('\n'),
  });
  expect(post.status).toBe(200);
  const texts = await get('/aggregate?by=took.log10&container=texts');
  const { groups: buckets } = texts.json as {
    groups: { by: { 'took.log10': { from: number } | null }; rows: number }[];
  };
  const found = buckets.map(({ by, rows }) => [by['took.log10']?.from, rows] as const);
  expect(found.toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
    [undefined, 1],
    [0.0008, 1],
    [0.0125, 2],
    [50, 1],
    [10_000_000, 1],
  ]);
  const none = await get('/aggregate?by=level.log10&container!=texts');
  expect(none.json).toMatchObject({ groups: [{ by: { 'level.log10': null }, rows: 60 }] });
});

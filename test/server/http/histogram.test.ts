/** Which part of time a histogram shows, and in which steps: whatever clocks have written, and whoever asks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HISTOGRAM_BUCKETS_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { parseInstant } from '../../../server/query/time-parameter.ts';
import { formatInstant, instantOfMs, MS_PER_DAY } from '../../../shared/time.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, type Line } from '../engines/embedded/batches.ts';

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-histogram-'));
  server = await startQuietServer(join(folder, 'data'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * MS_PER_DAY;
const NOW_MS = Date.now();

/** Lines of an app, as a node's agent sends them; those of far times in batches of their own, as they share no row group. */
async function store(app: string, timesMs: readonly number[]): Promise<void> {
  const byDay = Map.groupBy(timesMs, (ms) => Math.floor(ms / MS_PER_DAY));
  for (const [day, times] of byDay) {
    const lines = times.map((ms): Line => ({
      text: `{"level":"info"}`,
      day,
      timeNs: (ms - day * MS_PER_DAY) * 1e6,
      labels: { app },
    }));
    const body = new Uint8Array(batchOf({ lines }));
    const response = await fetch(`${server.url}/agent/batch`, { method: 'POST', body });
    expect(response.status, await response.text()).toBe(200);
  }
}

interface Answer {
  readonly step_seconds: number;
  readonly buckets: readonly { readonly time: string; readonly total: number }[];
  readonly before?: number;
  readonly after?: number;
  readonly error?: { readonly message: string };
}

async function get(query: string): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(`${server.url}/histogram?${query}`);
  return { status: response.status, answer: (await response.json()) as Answer };
}

function lastHour(count: number): number[] {
  return Array.from({ length: count }, (_, n) => NOW_MS - HOUR_MS + Math.floor((n * HOUR_MS) / count));
}

const BEGINNING_MS = Date.UTC(1970, 0, 1);
const FUTURE_MS = Date.UTC(2090, 5, 6);
const YEAR_1_MS = new Date('0001-02-03T04:05:06Z').getTime();
const YEAR_9999_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Name, times of lines, and for how long at most what is shown may be. */
const DEFAULT_VIEWS: readonly [string, readonly number[], number, { before?: number; after?: number }][] = [
  ['an hour of lines', lastHour(50), 2 * HOUR_MS, {}],
  ['a line of 1970', [...lastHour(5), BEGINNING_MS], 2 * HOUR_MS, { before: 1 }],
  ['a line of 2090', [...lastHour(5), FUTURE_MS], 2 * HOUR_MS, { after: 1 }],
  [
    'lines of 1970 and 2090',
    [BEGINNING_MS, ...lastHour(5), FUTURE_MS, FUTURE_MS + 1],
    2 * HOUR_MS,
    { before: 1, after: 2 },
  ],
  ['lines of the years 1 and 9999', [YEAR_1_MS, ...lastHour(5), YEAR_9999_MS], 2 * HOUR_MS, { before: 1, after: 1 }],
  ['a clock that is months behind', [...lastHour(300), NOW_MS - 200 * MS_PER_DAY], 2 * HOUR_MS, { before: 1 }],
  [
    'two clocks that are behind',
    [...lastHour(300), ...[9, 200].map((n) => NOW_MS - n * MS_PER_DAY)],
    2 * HOUR_MS,
    { before: 2 },
  ],
  ['few lines of many days', [1, 3, 9, 20].map((n) => NOW_MS - n * MS_PER_DAY), 21 * MS_PER_DAY, {}],
  ['only a line of 1970', [BEGINNING_MS], 1000 * 60, {}],
  ['only a line before 1970', [BEGINNING_MS - 1], 1000 * 60, {}],
  ['only a line of 2090', [FUTURE_MS], 1000 * 60, {}],
  ['only a line of the year 1', [YEAR_1_MS], 1000 * 60, {}],
  ['only a line of the year 9999', [YEAR_9999_MS], 1000 * 60, {}],
  ['only old lines', [1500, 1501, 1502].map((n) => NOW_MS - n * MS_PER_DAY), 4 * MS_PER_DAY, {}],
  ['centuries of lines', [1700, 1800, 1900].map((year) => Date.UTC(year, 0, 1)), 202 * YEAR_MS, {}],
  ['a line of now', [NOW_MS], 1000 * 60, {}],
];

test.for(DEFAULT_VIEWS)('what is shown without a time range: %s', async ([name, timesMs, longestMs, outside]) => {
  const app = name.replaceAll(' ', '-');
  await store(app, timesMs);
  for (const query of [`app=${app}`, `app=${app}&by=level`, `app=${app}&until=now`]) {
    const { status, answer } = await get(query);
    expect(status).toBe(200);
    const { buckets, step_seconds: step, before = 0, after = 0 } = answer;
    if (query.includes('until') && timesMs.every((ms) => ms > NOW_MS)) {
      expect(buckets).toEqual([]);
      continue;
    }
    expect(buckets.length).toBeGreaterThan(0);
    expect(buckets.length).toBeLessThanOrEqual(102);
    expect((buckets.length - 1) * step * 1000).toBeLessThanOrEqual(longestMs);
    expect(buckets[0]!.total).toBeGreaterThan(0);
    expect(buckets.at(-1)!.total).toBeGreaterThan(0);
    const sum = buckets.reduce((rows, { total }) => rows + total, before + after);
    if (query.includes('until')) continue;
    expect(sum).toBe(timesMs.length);
    expect({ ...(before > 0 && { before }), ...(after > 0 && { after }) }).toEqual(outside);
    // The step that is chosen, and one that is too short and names another, are both accepted or say what is.
    await expectAccepted(`${query}&step=${step}s`);
    await expectAdvice(`${query}&step=1ms`);
  }
});

test.for(['quiet', 'nobody'])('with since, every bucket until now is there, also empty ones: app %s', async (app) => {
  const timesMs = [50, 49, 20].map((minutes) => NOW_MS - minutes * 60_000);
  if (app === 'quiet') await store(app, timesMs);
  const before = Date.now();
  const { answer } = await get(`app=${app}&since=1h&step=1m`);
  const { buckets } = answer;
  expect(buckets.length).toBe(61);
  const last = new Date(buckets.at(-1)!.time).getTime();
  expect(last).toBeGreaterThan(before - 60_000);
  expect(last).toBeLessThanOrEqual(Date.now());
  const total = buckets.reduce((rows, each) => rows + each.total, 0);
  expect(total).toBe(app === 'quiet' ? timesMs.length : 0);
});

async function expectAccepted(query: string): Promise<void> {
  expect(await get(query), query).toMatchObject({ status: 200 });
}

/** It is accepted, or the example in the refusal is. */
async function expectAdvice(query: string): Promise<void> {
  const { status, answer } = await get(query);
  if (status === 200) {
    expect(answer.buckets.length).toBeLessThanOrEqual(HISTOGRAM_BUCKETS_MAX);
    return;
  }
  expect(status).toBe(400);
  const { message } = answer.error!;
  const [, least, example] = /wants at least (\d+s); example: (step=\d+s)$/.exec(message) ?? [];
  const others = query.replace(/&?step=[^&]*/, '');
  await expectAccepted(`${others}&${example}`);
  await expectAccepted(`${others}&step=${least}`);
}

const LENGTHS_NS = [1n, 999n, 1_000_000n, 1_000_000_000n, 60_000_000_001n, 3_600_000_000_000n, 86_400_000_000_000n];
const YEAR_NS = 31_557_600_000_000_000n;
const STARTS = ['1970-01-01', '1969-12-31T23:59:59.999999999Z', '1700-03-01', '0001-01-01', '2026-02-28T12:34:56.789Z'];

test('a step is found for every range from a nanosecond to two centuries', async () => {
  const lengths = [...LENGTHS_NS, ...[1n, 2n, 3n, 10n, 50n, 120n, 200n].map((years) => years * YEAR_NS)];
  for (const start of STARTS) {
    const from = parseInstant('since', start, NOW_MS);
    for (const length of lengths) {
      const range = `app=none&since=${formatInstant(from)}&until=${formatInstant(from + length)}`;
      const { status, answer } = await get(range);
      expect(status, range).toBe(200);
      expect(answer.buckets.length, range).toBeLessThanOrEqual(102);
      expect(answer.buckets.length, range).toBeGreaterThan(0);
      await expectAdvice(`${range}&step=1ms`);
    }
  }
});

test.for([
  ['since=1h', 61],
  ['since=99999999w', 101],
  ['since=0000-01-01', 101],
  ['since=9999-12-31', 1],
  ['since=1970-01-01&until=9223372036854775807', 101],
  ['until=1970-01-01T00:00:01Z', 1],
  ['until=0000-01-01', 0],
  ['since=9999-12-30&until=9999-12-31T23:59:59.999999999Z', 100],
] as const)('%s', async ([query, most]) => {
  for (const app of ['none', 'lines-of-1970-and-2090', 'lines-of-the-years-1-and-9999']) {
    const { status, answer } = await get(`app=${app}&${query}`);
    expect(status).toBe(200);
    expect(answer.buckets.length).toBeLessThanOrEqual(most + 1);
    await expectAdvice(`app=${app}&${query}&step=1s`);
  }
});

test('lines are counted in the bucket that they belong to, however long buckets are', async () => {
  // The bounds of buckets of a year and of a century, and the nanosecond before each.
  const app = 'bounds';
  for (const stepDays of [365, 36_500]) {
    const bounds = [-2, -1, 0, 1].map((n) => n * stepDays * MS_PER_DAY);
    await store(
      `${app}-${stepDays}`,
      bounds.flatMap((ms) => [ms - 1, ms]),
    );
    const since = formatInstant(instantOfMs(-3 * stepDays * MS_PER_DAY));
    const until = formatInstant(instantOfMs(2 * stepDays * MS_PER_DAY));
    const { answer } = await get(`app=${app}-${stepDays}&since=${since}&until=${until}&step=${stepDays}d`);
    expect(answer.buckets.map(({ total }) => total)).toEqual([1, 2, 2, 2, 1]);
  }
});

test.for(['0s', '0.5ms', '-1s', 'soon', '', '1', '36501d', '999999999999999999999w'])(
  'a step that cannot be: %j',
  async (step) => {
    const { status, answer } = await get(`step=${step}`);
    expect(status).toBe(400);
    expect(answer.error!.message).toMatch(/^step: ".*" is not a valid step; allowed: .*; example: step=5m$/);
  },
);

test.for([
  ['tz=Europe/Berlin', '2026-06-09T22:00:00.000000000Z'],
  ['tz=Asia/Kolkata', '2026-06-09T18:30:00.000000000Z'],
  ['tz=-03:00', '2026-06-10T03:00:00.000000000Z'],
  ['tz=Europe/Berlin&offset=1h', '2026-06-10T01:00:00.000000000Z'],
  ['', '2026-06-10T00:00:00.000000000Z'],
])('days begin at midnight of the time zone: %s', async ([query, start]) => {
  const app = 'days';
  const first = Date.UTC(2026, 5, 10, 4);
  const times = Array.from({ length: 10 }, (_, n) => first + n * HOUR_MS);
  if ((await get(`app=${app}`)).answer.buckets.length === 0) await store(app, times);
  const { answer } = await get(`app=${app}&since=2026-06-10T04:00Z&until=2026-06-11T00:00Z&step=1d&${query}`);
  expect(answer.buckets[0]).toMatchObject({ time: start, total: expect.any(Number) as number });
  expect(answer.buckets.reduce((sum, { total }) => sum + total, 0)).toBe(times.length);
  const response = await fetch(`${server.url}/aggregate?app=${app}&since=2026-06-10T04:00Z&step=1d&${query}`);
  const { groups } = (await response.json()) as { groups: { time: string }[] };
  expect(groups[0]!.time).toBe(start);
});

test('a step that is chosen begins with the hours and days of the time zone, too', async () => {
  const app = 'long';
  const first = Date.UTC(2026, 5, 1);
  await store(
    app,
    Array.from({ length: 60 }, (_, n) => first + n * MS_PER_DAY),
  );
  const { answer } = await get(`app=${app}&since=2026-06-01&until=2026-07-30&tz=Asia/Kolkata`);
  const [offsetMs, stepMs] = [5.5 * HOUR_MS, answer.step_seconds * 1000];
  expect(stepMs).toBeGreaterThanOrEqual(HOUR_MS);
  for (const { time } of answer.buckets) expect((Date.parse(time) + offsetMs) % stepMs).toBe(0);
});

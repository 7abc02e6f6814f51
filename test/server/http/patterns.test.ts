/** `/patterns` over HTTP: its counts are those of the lines, its filter finds them, and no caller learns of others' lines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

const KINDS: readonly (readonly [pattern: string, level: string, message: (i: number) => string])[] = [
  ['retry ⟨n⟩ of ⟨n⟩ for ⟨text⟩', 'warn', (i) => `retry ${i} of 5 for "user ${i}"`],
  ['took ⟨duration⟩', 'info', (i) => `took ${i}.5ms`],
  ['GET /api/orders/⟨n⟩', 'info', () => 'request'],
  ['connection refused', 'error', () => 'connection refused'],
];
const PREFIX = '2026-11-23T12:';
const minuteOf = (i: number): string => `${PREFIX}${String(i % 60).padStart(2, '0')}:00.000000000Z`;
const kindOf = (i: number): (typeof KINDS)[number] => KINDS[i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : i % 10 < 9 ? 2 : 3]!;
const LINES = Array.from({ length: 300 }, (_, i) => {
  const [pattern, level, message] = kindOf(i);
  const path = pattern.startsWith('GET') ? { method: 'GET', path: `/api/orders/${i}?page=2` } : {};
  return {
    pattern,
    level,
    time: minuteOf(i),
    text: JSON.stringify({ level, ...path, time: minuteOf(i), message: message(i) }),
  };
});

interface Answer {
  readonly rows: number;
  readonly distinct: number;
  readonly other: number;
  readonly trend: { readonly since: string; readonly step_seconds: number };
  readonly patterns: readonly {
    readonly id: string;
    readonly pattern: string;
    readonly rows: number;
    readonly share: number;
    readonly levels: Readonly<Record<string, number>>;
    readonly trend: readonly number[];
    readonly examples: readonly { readonly line: string; readonly cut?: boolean }[];
  }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-patterns-'));
  server = await startQuietServer(join(folder, 'data'), { indexedFields: [] });
  for (const [app, lines] of [
    ['shop', LINES.slice(0, 200)],
    ['shop', LINES.slice(200)],
    ['text', ['x'.repeat(9000), 'plain 5', 'plain 7'].map((text) => ({ text }))],
  ] as const) {
    const body = lines.map(({ text }) => text).join('\n');
    const response = await fetch(`${server.url}/ingest?namespace=${app}`, { method: 'POST', body });
    expect(await response.json()).toEqual({ lines: lines.length });
  }
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(server.url + path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

const RANGE = 'namespace=shop&since=2026-11-23T12:00:00Z&until=2026-11-23T13:00:00Z';

test('counts, levels and trends are those of the lines', async () => {
  const answer = await get<Answer>(`/patterns?${RANGE}`);
  const byPattern = Map.groupBy(LINES, ({ pattern }) => pattern);
  expect(answer.rows).toBe(LINES.length);
  expect(answer.distinct).toBe(KINDS.length);
  expect(answer.other).toBe(0);
  expect(answer.patterns.map(({ pattern }) => pattern).toSorted()).toEqual([...byPattern.keys()].toSorted());
  expect(answer.patterns.map(({ rows }) => rows)).toEqual([150, 90, 30, 30]);
  const stepMs = answer.trend.step_seconds * 1000;
  for (const { pattern, rows, share, levels, trend, examples } of answer.patterns) {
    const lines = byPattern.get(pattern)!;
    expect(rows).toBe(lines.length);
    expect(share).toBeCloseTo(lines.length / LINES.length);
    expect(levels).toEqual({ [lines[0]!.level]: lines.length });
    const want = trend.map((_, bucket) => {
      const start = Date.parse(answer.trend.since) + bucket * stepMs;
      return lines.filter(({ time }) => Date.parse(time) >= start && Date.parse(time) < start + stepMs).length;
    });
    expect(trend).toEqual(want);
    expect(trend.reduce((sum, each) => sum + each, 0)).toBe(rows);
    expect(lines.map(({ text }) => text)).toContain(examples[0]!.line);
  }
});

test('a pattern, or its id, is a filter that finds what is counted', async () => {
  const { patterns } = await get<Answer>(`/patterns?${RANGE}`);
  for (const { id, pattern, rows } of patterns) {
    for (const filter of [id, pattern]) {
      const parameter = `line.pattern=${encodeURIComponent(filter)}`;
      const found = await (await fetch(`${server.url}/logs?${RANGE}&${parameter}&format=raw&limit=1000`)).text();
      expect(found.split('\n').length - 1).toBe(rows);
      const without = await get<Answer>(`/patterns?${RANGE}&line.pattern=!${encodeURIComponent(filter)}`);
      expect(without.rows).toBe(LINES.length - rows);
      expect(without.patterns.map((each) => each.pattern)).not.toContain(pattern);
    }
  }
});

test('the largest ones, and what is left', async () => {
  const { rows, distinct, other, patterns } = await get<Answer>(`/patterns?${RANGE}&limit=2&examples=0`);
  expect([rows, distinct, other]).toEqual([300, 4, 60]);
  expect(patterns.map((each) => each.rows)).toEqual([150, 90]);
  expect(patterns.flatMap(({ examples }) => examples)).toEqual([]);
});

test('examples are the newest lines; a long one is cut, and says so', async () => {
  const { patterns } = await get<Answer>('/patterns?namespace=text&examples=3');
  const [plain, long] = patterns;
  expect(plain).toMatchObject({ pattern: 'plain ⟨n⟩', rows: 2, levels: { '': 2 } });
  expect(plain!.examples.map(({ line }) => line).toSorted()).toEqual(['plain 5', 'plain 7']);
  expect(long!.examples[0]).toMatchObject({ line: 'x'.repeat(2048), cut: true });
});

test('patterns are counted over time, and by other names, in /aggregate and /fields', async () => {
  const { groups } = await get<{ groups: unknown[] }>(`/aggregate?${RANGE}&by=line.pattern&limit=1`);
  expect(groups).toEqual([{ by: { 'line.pattern': KINDS[0]![0] }, rows: 150 }]);
  const { fields } = await get<{ fields: unknown[] }>(`/fields?${RANGE}&name=line.pattern&top=1`);
  expect(fields).toEqual([
    { name: 'line.pattern', rows: 300, distinct: 4, values: [{ value: KINDS[0]![0], rows: 150 }] },
  ]);
});

test('without lines there are no patterns', async () => {
  expect(await get('/patterns?namespace=none')).toMatchObject({
    rows: 0,
    distinct: 0,
    other: 0,
    trend: { since: null, step_seconds: 60 },
    patterns: [],
  });
});

test.each([
  ['limit=0', 'limit: "0" is out of range'],
  ['limit=201', '1 to 200'],
  ['examples=4', '0 to 3'],
  ['by=level', 'by: not a parameter of this route'],
])('%s is refused with advice', async (parameter, advice) => {
  const response = await fetch(`${server.url}/patterns?${parameter}`);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(advice.replaceAll('"', '\\"'));
});

/** Groups that are chosen by what is measured of them, against a count over the lines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

interface Line {
  readonly request_id: string;
  readonly pod: string;
  readonly status: number;
  readonly latency_ms: number;
}

/** Requests of one to three pods, and lines of none. */
const LINES: readonly Partial<Line>[] = Array.from({ length: 600 }, (_, n) => ({
  ...(n % 7 !== 0 && { request_id: `r-${(n * n) % 97}` }),
  pod: `api-${(n >> 3) % 3}`,
  status: n % 11 === 0 ? 500 : 200,
  ...(n % 5 !== 0 && { latency_ms: (n * 37) % 1000 }),
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-having-'));
  server = await startQuietServer(join(folder, 'data'));
  for (const part of [LINES.slice(0, 250), LINES.slice(250)]) {
    const body = part.map((line) => JSON.stringify(line)).join('\n');
    expect((await fetch(`${server.url}/ingest?app=shop`, { method: 'POST', body })).status).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly groups: readonly { readonly by: { readonly request_id: string }; readonly rows: number }[];
  readonly distinct: number;
  readonly hints?: readonly { readonly message: string }[];
}

async function get(query: string): Promise<Answer> {
  const response = await fetch(`${server.url}/aggregate?${query}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
}

const GROUPS = Map.groupBy(LINES, ({ request_id: id = '' }) => id);
const pods = (lines: readonly Partial<Line>[]): number => new Set(lines.map(({ pod }) => pod)).size;
const failed = (lines: readonly Partial<Line>[]): Partial<Line>[] => lines.filter(({ status }) => status === 500);
const errors = (lines: readonly Partial<Line>[]): number => failed(lines).length;
const numbers = (lines: readonly Partial<Line>[]): number[] => lines.flatMap(({ latency_ms: ms }) => ms ?? []);

const OF_ERRORS = 'where.errors=status>=500&of=latency_ms@errors';

test.each<[string, (lines: readonly Partial<Line>[]) => boolean]>([
  ['distinct=pod&having=distinct>1', (lines) => pods(lines) > 1],
  ['distinct=status&distinct=pod&having=distinct.pod>=3', (lines) => pods(lines) >= 3],
  ['distinct=pod&having=distinct=1', (lines) => pods(lines) === 1],
  ['having=rows<7', (lines) => lines.length < 7],
  ['having=rows!=7', (lines) => lines.length !== 7],
  ['where.errors=status>=500&having=where.errors>0', (lines) => errors(lines) > 0],
  ['where.errors=status>=500&having=where.errors=0&having=rows>3', (lines) => errors(lines) === 0 && lines.length > 3],
  ['of=latency_ms&having=max>900', (lines) => Math.max(...numbers(lines)) > 900],
  ['of=latency_ms&having=max>0.9s', (lines) => Math.max(...numbers(lines)) > 900],
  // A group without numbers has a count of them, and no minimum.
  [`${OF_ERRORS}&having=count=0`, (lines) => numbers(failed(lines)).length === 0],
  [`${OF_ERRORS}&having=count<2&order=count`, (lines) => numbers(failed(lines)).length < 2],
  [`${OF_ERRORS}&having=min>=0`, (lines) => numbers(failed(lines)).length > 0],
  ['of=latency_ms&having=min<=100&order=p99', (lines) => numbers(lines).some((ms) => ms <= 100)],
  ['distinct=pod&having=distinct>1&order=distinct', (lines) => pods(lines) > 1],
])('%s', async (query, is) => {
  const want = [...GROUPS].filter(([, lines]) => is(lines)).map(([id, { length }]) => `${id}: ${length}`);
  const { groups, distinct } = await get(`by=request_id&limit=1000&${query}`);
  expect(groups.map(({ by, rows }) => `${by.request_id}: ${rows}`).toSorted()).toEqual(want.toSorted());
  expect(distinct).toBe(want.length);
  expect(want.length).toBeGreaterThan(0);
  // The number of groups is that of all, whatever the answer has.
  const some = await get(`by=request_id&limit=2&${query}`);
  expect(some.distinct).toBe(want.length);
  expect(some.groups).toHaveLength(Math.min(2, want.length));
  const largest = [...GROUPS].filter(([, lines]) => is(lines)).map(([, { length }]) => length);
  if (!query.includes('order')) expect(some.groups[0]!.rows).toBe(Math.max(...largest));
});

test('where no group is left, the answer says of how many', async () => {
  const { groups, distinct, hints } = await get('by=request_id&distinct=pod&having=distinct>3');
  expect([groups, distinct]).toEqual([[], 0]);
  expect(hints).toEqual([{ message: `no group has distinct>3; without having: ${GROUPS.size} groups` }]);
  const ofOne = await get('having=rows>5000');
  expect(ofOne.hints).toEqual([{ message: 'no group has rows>5000; without having: 1 group' }]);
  const none = await get('by=request_id&distinct=pod&having=distinct>1&namspace=shop');
  expect(none.hints![0]!.message).toContain('"namspace"');
});

test.each([
  ['having=distinct>1', /^having: "distinct" is not measured; allowed: rows; /],
  [
    'distinct=pod&distinct=app&line_bytes=true&where.e=status>=500&having=pod>1',
    /^having: "pod" is not measured; allowed: rows, distinct, line_bytes, where\.e; /,
  ],
  ['of=latency_ms&having=p42>1', /allowed: rows, count, sum, min, max, avg, p50, p90, p95, p99; /],
  ['distinct=pod&having=pods>1', /^having: "pods" is not measured/],
  ['distinct=pod&having=distinct.user>1', /^having: "distinct.user" is not measured/],
  ['having=rows>many', /^having: "many" is not a number that rows can be compared with; allowed: values such as 500;/],
  // A count has no unit, and milliseconds are not bytes.
  ['having=rows>1.5s', /^having: "1\.5s" is not a number that rows can be compared with/],
  ['distinct=pod&having=distinct>1k', /^having: "1k" is not a number that distinct can/],
  ['of=latency_ms&having=count>1s', /^having: "1s" is not a number that count can/],
  ['where.e=status>=500&having=where.e>1MB', /^having: "1MB" is not a number that where\.e can/],
  ['line_bytes=true&having=line_bytes>1s', /^having: "1s" .*; allowed: values such as 500 or 10MiB;/],
  ['of=latency_ms&having=p99>10MiB', /^having: "10MiB" .*; allowed: values such as 500 or 1\.5s;/],
  ['having=rows', /^having: "rows" is not a comparison/],
  ['having=rows>1&having=rows>2&having=rows>3&having=rows>4&having=rows>5', /^having: 5 comparisons/],
])('%s is refused', async (query, message) => {
  const response = await fetch(`${server.url}/aggregate?by=request_id&${query}`);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
});

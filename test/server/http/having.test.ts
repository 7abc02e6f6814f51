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
const errors = (lines: readonly Partial<Line>[]): number => lines.filter(({ status }) => status === 500).length;
const numbers = (lines: readonly Partial<Line>[]): number[] => lines.flatMap(({ latency_ms: ms }) => ms ?? []);

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
  // A group without numbers has no minimum.
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
  expect(hints).toEqual([{ message: `none of ${GROUPS.size} groups has distinct>3` }]);
  const none = await get('by=request_id&distinct=pod&having=distinct>1&namspace=shop');
  expect(none.hints![0]!.message).toContain('"namspace"');
});

test.each([
  ['having=distinct>1', /^having: "distinct" is not measured; allowed: rows, or/],
  ['distinct=pod&having=pods>1', /^having: "pods" is not measured/],
  ['distinct=pod&having=distinct.user>1', /^having: "distinct.user" is not measured/],
  ['having=rows>many', /^having: "many" is not a number/],
  ['having=rows', /^having: "rows" is not a comparison/],
  ['having=rows>1&having=rows>2&having=rows>3&having=rows>4&having=rows>5', /^having: 5 comparisons/],
])('%s is refused', async (query, message) => {
  const response = await fetch(`${server.url}/aggregate?by=request_id&${query}`);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: { message: string } }).error.message).toMatch(message);
});

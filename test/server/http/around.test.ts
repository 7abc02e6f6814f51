/** The lines around a line or a time, as a client asks for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

const LINES = 300;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-around-'));
  server = await startQuietServer(join(folder, 'data'));
  for (const pod of ['api-7c9d5f6b4-k8x2p', 'api-7c9d5f6b4-2mjqt', 'redis-0']) {
    const lines = Array.from({ length: LINES }, (_, n) => {
      const time = new Date(Date.UTC(2026, 10, 23, 12, 0, n)).toISOString();
      return `{"time":"${time}","n":${n},"pod_name":"${pod}"}`;
    });
    const url = `${server.url}/ingest?namespace=shop&pod=${pod}`;
    expect((await fetch(url, { method: 'POST', body: lines.join('\n') })).status).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Row {
  readonly cursor: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
  readonly around?: boolean;
}

async function rowsOf(query: string): Promise<Row[]> {
  const response = await fetch(`${server.url}/logs?${query}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
}

const numberOf = ({ line }: Row): number => (JSON.parse(line) as { n: number }).n;
const oneRow = async (): Promise<Row> => (await rowsOf('pod=api-*-k8x2p&n=100'))[0]!;

test('25 lines of its stream on each side, oldest first, whatever the filters say', async () => {
  const { cursor } = await oneRow();
  const rows = await rowsOf(`around=${cursor}&n=7&level=error&since=1h`);
  expect(rows.map(numberOf)).toEqual(Array.from({ length: 51 }, (_, i) => 75 + i));
  expect(rows.flatMap((row) => (row.around === true ? [numberOf(row)] : []))).toEqual([100]);
});

test.each([
  ['stream', 1],
  ['app', 2],
  ['namespace', 3],
  ['all', 3],
])('so much time on each side, of the context %s', async (context, pods) => {
  const { cursor } = await oneRow();
  const rows = await rowsOf(`around=${cursor}&before=10s&after=5s&context=${context}`);
  expect(new Set(rows.map(({ labels }) => labels['pod'])).size).toBe(pods);
  expect(rows.length).toBe(16 * pods);
  const array = await (
    await fetch(`${server.url}/logs?around=${cursor}&before=10s&after=5s&context=${context}&format=json`)
  ).json();
  expect(array).toEqual(rows);
});

test('a time, in the time zone that is asked for', async () => {
  const rows = await rowsOf('around=2026-11-23T13:00:40&tz=Europe/Berlin&before=3&after=3');
  expect(rows.map(numberOf)).toEqual([39, 39, 39, 40, 40, 40]);
  expect(rows.map(({ around }) => around === true)).toEqual([false, false, false, true, false, false]);
  expect(await rowsOf('around=2020-01-01&before=5&after=0')).toEqual([]);
});

test.for([
  ['around=lunch', 400, /^around: "lunch" is not a valid time/],
  ['around=', 400, /^around: "" is not a valid time/],
  ['around=now&limit=5', 400, /^limit: not with around/],
  ['around=gFExEG4_JL9Q3CiTaSfxs4Jr0Z9RUT-ah', 400, /^around: "gFEx.*" is not a cursor of this server/],
  ['around=now&per=pod', 400, /^per: not with around/],
  ['around=now&follow=true', 400, /^follow: not with around/],
  ['around=now&context=app', 400, /^context: a time is not of one app/],
  ['around=now&context=pod', 400, /^context: "pod" is unknown; allowed: stream, app, namespace, all/],
  ['around=now&before=soon', 400, /^before: "soon" is neither a number of lines nor a duration/],
  ['around=now&since=lunch', 400, /^since: "lunch" is not a valid time/],
  ['around=now&until=lunch', 400, /^until: "lunch" is not a valid time/],
  ['around=now&q=~(', 400, /^q: /],
  ['around=now&after=100000', 400, /^after: "100000" is neither/],
] as const)('%s is refused', async ([query, status, message]) => {
  const response = await fetch(`${server.url}/logs?${query}`);
  const { error } = (await response.json()) as { error: { message: string } };
  expect([response.status, error.message]).toEqual([status, expect.stringMatching(message)]);
});

test('the line of a cursor may be gone', async () => {
  const { cursor } = await oneRow();
  expect((await fetch(`${server.url}/logs?n=100&pod=api-*-k8x2p`, { method: 'DELETE' })).status).toBe(202);
  await expect
    .poll(async () => (await fetch(`${server.url}/logs?around=${cursor}`)).status, { timeout: 60_000 })
    .toBe(404);
});

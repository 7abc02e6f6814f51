/** Requests to delete lines, as clients of Loki make and list them. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { MS_PER_DAY } from '../../../../shared/time.ts';
import { LOKI_DELETE_BYTES_MAX } from '../../../../server/limits.ts';
import { batchOf, TODAY } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';

let folder: string;
let server: Server;
const TOKEN = 'admin-sEcReT-0123456789';
const BEGIN = (TODAY * MS_PER_DAY) / 1000;
const SECONDS = 60;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-delete-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [{ name: 'all', token: TOKEN, scopes: ['admin', 'agent'] }];
  await writeFile(tokensFile, JSON.stringify(tokens));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function call(method: string, parameters: Record<string, string>): Promise<Answer> {
  const url = `${server.url}/loki/api/v1/delete?${String(new URLSearchParams(parameters))}`;
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${TOKEN}` } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

interface Listed {
  readonly request_id: string;
  readonly status: string;
}

async function list(): Promise<Listed[]> {
  return JSON.parse((await call('GET', {})).text) as Listed[];
}

async function allDone(): Promise<void> {
  await expect.poll(async () => (await list()).filter(({ status }) => status !== 'processed')).toEqual([]);
}

/** A second apart: `<app> <n> even` or `odd`, of the namespaces shop and bank by turns. */
let nodes = 0;
async function load(app: string): Promise<void> {
  const lines = Array.from({ length: SECONDS }, (_, n) => ({
    text: `${app} ${n} ${n % 2 === 0 ? 'even' : 'odd'}`,
    timeNs: n * 1e9,
    labels: { app, namespace: n % 3 === 0 ? 'bank' : 'shop', pod: `${app}-${n % 5}` },
  }));
  const response = await fetch(`${server.url}/agent/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: new Uint8Array(batchOf({ lines, node: `node-${nodes++}` })),
  });
  expect(response.status).toBe(200);
}

async function numbers(query: string): Promise<number[]> {
  const asked = new URLSearchParams({ query, start: String(BEGIN), end: String(BEGIN + SECONDS), limit: '1000' });
  const url = `${server.url}/loki/api/v1/query_range?${String(asked)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  const { data } = (await response.json()) as { data: { result: { values: [string, string][] }[] } };
  return data.result
    .flatMap(({ values }) => values.map(([, line]) => Number(line.split(' ')[1])))
    .toSorted((a, b) => a - b);
}

test('nothing was requested: a bare list', async () => {
  expect(await call('GET', {})).toEqual({ status: 200, type: 'application/json', text: '[]\n' });
});

const START = { start: String(BEGIN) };
test.each([
  [{}, 'query not set'],
  [START, 'query not set'],
  [{ query: '{app="a"}' }, 'start time not set'],
  [{ query: '{app=', ...START }, 'invalid query expression'],
  [{ query: 'rate({app="a"}[1m])', ...START }, 'invalid query expression'],
  [{ query: '{app="a"}', start: 'noon' }, 'invalid start time: require unix seconds or RFC3339 format'],
  [{ query: '{app="a"}', start: '1' }, 'invalid start time: require unix seconds or RFC3339 format'],
  [{ query: '{app="a"}', ...START, end: '2026' }, 'invalid end time: require unix seconds or RFC3339 format'],
  [{ query: '{app="a"}', ...START, end: '4000000000' }, 'deletes in the future are not allowed'],
  [{ query: '{app="a"}', ...START, end: String(BEGIN - 1) }, "start time can't be greater than end time"],
  [
    { query: '{app="a"} |= "x"', ...START, end: String(BEGIN) },
    'difference between start time and end time must be at least one second',
  ],
  [
    { query: '{app="a"} |= "x"', ...START, max_interval: '1d' },
    "invalid max_interval: valid time units are 's', 'm', 'h'",
  ],
  [
    { query: '{app="a"} |= "x"', ...START, end: String(BEGIN + 60), max_interval: '2m' },
    "max_interval can't be greater than the interval to be deleted (1m0s)",
  ],
  [{ query: '{app="a"} | user="7"', ...START }, /^only lines of a stream selector/],
  [{ query: '{app="a"} |> "<_>"', ...START }, /^only lines of a stream selector/],
  [{ query: '{app="a"} |= ip("10.0.0.1")', ...START }, /^only lines of a stream selector/],
  [{ query: '{}', ...START }, 'invalid query expression'],
  [{ query: '{app!="a"}', ...START }, 'invalid query expression'],
] as [Record<string, string>, string | RegExp][])('%j is refused', async (parameters, message) => {
  for (const method of ['POST', 'PUT']) {
    const { status, type, text } = await call(method, parameters);
    expect([status, type]).toEqual([400, 'text/plain; charset=utf-8']);
    if (typeof message === 'string') expect(text).toBe(`${message}\n`);
    else expect(text).toMatch(message);
  }
  expect(await list()).toEqual([]);
});

test('a query is as long as it may be, at most', async () => {
  const query = `{app="${'a'.repeat(LOKI_DELETE_BYTES_MAX)}"}`;
  expect(await call('POST', { query, ...START })).toMatchObject({
    status: 400,
    text: `the query is longer than ${LOKI_DELETE_BYTES_MAX} bytes\n`,
  });
});

test.each([
  ['a', '{app="a"}', {}],
  ['b', '{app="b"} |= "even"', {}],
  ['c', '{app="c", pod=~"c-[12]"} != "even" |~ "[0-4] "', {}],
  ['d', '{service_name="d"} |= "odd"', { end: String(BEGIN + 30) }],
  ['e', '{app=~"e|x", none=""} |~ " 1. (odd|none)" or " 2. odd"', { end: '2026-11-23T00:00:41Z', max_interval: '10s' }],
] as [string, string, Record<string, string>][])(
  'what is found of %s by %s is deleted, and nothing else',
  async (app, query, parameters) => {
    await load(app);
    const all = await numbers(`{app="${app}"}`);
    // The end belongs to what is deleted.
    const last =
      parameters['end'] === undefined
        ? SECONDS
        : parameters['end'].startsWith('2')
          ? 41
          : Number(parameters['end']) - BEGIN;
    const found = (await numbers(query)).filter((n) => n >= 3 && n <= last);
    expect(found.length).toBeGreaterThan(0);
    const answer = await call('POST', { query, start: String(BEGIN + 3), end: String(BEGIN + SECONDS), ...parameters });
    expect(answer).toEqual({ status: 204, type: null, text: '' });
    await allDone();
    expect(await numbers(`{app="${app}"}`)).toEqual(all.filter((n) => !found.includes(n)));
  },
);

test('requests are listed with their query while it is needed, and without its values afterwards; they cannot be cancelled', async () => {
  await load('listed');
  const before = (await list()).length;
  const query = '{app="listed"} |= "secret-7"';
  const end = String(BEGIN + 60);
  expect((await call('PUT', { query, start: '2026-11-23T00:00:00.5Z', end })).status).toBe(204);
  await allDone();
  const made = (await list()).slice(before);
  expect(made).toEqual([
    {
      request_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      start_time: BEGIN + 0.5,
      end_time: BEGIN + 60,
      query: '{app="…"} |= "…"',
      status: 'processed',
      created_at: expect.closeTo(Date.now() / 1000, -2),
    },
  ]);
  for (const name of await readdir(join(folder, 'data/erasures'))) {
    expect(await readFile(join(folder, 'data/erasures', name), 'utf8')).not.toContain('secret-7');
  }
  const { request_id: id } = made[0]!;
  expect(await call('DELETE', { request_id: id })).toMatchObject({
    status: 400,
    text: expect.stringContaining('already processed'),
  });
  for (const unknown of ['none', '']) {
    expect(await call('DELETE', { request_id: unknown })).toEqual({
      status: 404,
      type: 'text/plain; charset=utf-8',
      text: 'could not find delete request with given id\n',
    });
  }
});

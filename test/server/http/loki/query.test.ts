/** Parameters, defaults, limits and forms of the query routes, over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOGQL_LINES_DEFAULT, LOGQL_LINES_MAX, LOKI_SELECTORS_MAX } from '../../../../server/limits.ts';
import type { Server } from '../../../../server/main.ts';
import { MS_PER_DAY } from '../../../../shared/time.ts';
import { batchOf, TODAY } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';

let folder: string;
let server: Server;

const BEGIN = (TODAY * MS_PER_DAY) / 1000;
const COUNT = 300;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-'));
  server = await startQuietServer(folder);
  const lines = Array.from({ length: COUNT }, (_, n) => ({
    text: `{"n":${n}}`,
    timeNs: n * 1e9,
    labels: { app: n % 2 === 0 ? 'api' : 'web', pod: 'p' },
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

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly data: { resultType: string; result: { values: [string, string][] }[] };
}

async function get(path: string, parameters: Record<string, string>, post = false): Promise<Answer> {
  const encoded = new URLSearchParams(parameters);
  const url = `${server.url}/loki/api/v1/${path}`;
  const response = await (post ? fetch(url, { method: 'POST', body: encoded }) : fetch(`${url}?${String(encoded)}`));
  const text = await response.text();
  const data = response.status === 200 ? (JSON.parse(text) as { data: Answer['data'] }).data : (undefined as never);
  return { status: response.status, type: response.headers.get('content-type'), text, data };
}

const RANGE = { start: String(BEGIN), end: String(BEGIN + 1000) };
const ALL = { ...RANGE, query: '{pod="p"}' };

test.each([
  [{ limit: '0' }, 'limit must be a positive value'],
  [{ limit: '-1' }, 'limit must be a positive value'],
  [{ limit: 'x' }, 'strconv.Atoi: parsing "x": invalid syntax'],
  [{ limit: String(LOGQL_LINES_MAX + 1) }, /^max entries limit per query exceeded/],
  [{ limit: '99999999999999999999' }, 'strconv.Atoi: parsing "99999999999999999999": value out of range'],
  [{ direction: 'up' }, "invalid direction 'up'"],
  [{ query: 'vector(1)', direction: 'up' }, "invalid direction 'up'"],
  [{ query: 'vector(1)', interval: 'x' }, 'cannot parse "x" to a valid duration'],
  [
    { query: 'rate({a="b"}[31d])', end: String(BEGIN + 1200) },
    'the query time range exceeds the limit (query length: 744h20m0.000000001s, limit: 30d1h)',
  ],
  [{ start: '5', end: '4' }, 'end timestamp must not be before or equal to start time'],
  [{ start: 'noon' }, `could not parse 'start' parameter: strconv.ParseInt: parsing "noon": invalid syntax`],
  [{ step: '0' }, /^zero or negative query resolution step widths are not accepted/],
  [{ step: '-5' }, /^zero or negative/],
  [{ step: '-5m' }, 'cannot parse "-5m" to a valid duration'],
  [{ step: '1.5s' }, 'cannot parse "1.5s" to a valid duration'],
  [{ step: 'x' }, 'cannot parse "x" to a valid duration'],
  [{ step: '0.05' }, /^exceeded maximum resolution of 11,000 points/],
  [{ interval: '-1' }, 'interval must be >= 0'],
  [
    { start: '0', end: String(32 * 86_400) },
    'the query time range exceeds the limit (query length: 768h0m0s, limit: 30d1h)',
  ],
  [{ query: '' }, 'parse error : syntax error: unexpected $end'],
] as const)('%j is refused, as text', async (parameters, message) => {
  const { status, type, text } = await get('query_range', { ...ALL, ...parameters });
  expect([status, type]).toEqual([400, 'text/plain; charset=utf-8']);
  expect(text).toMatch(message);
});

test('a log query has the newest lines first, as many as asked for', async () => {
  const linesOf = (answer: Answer): string[] => answer.data.result.flatMap(({ values }) => values.map(([at]) => at));
  const some = await get('query_range', ALL);
  expect(some.type).toBe('application/json; charset=UTF-8');
  expect(some.data.resultType).toBe('streams');
  expect(linesOf(some)).toHaveLength(LOGQL_LINES_DEFAULT);
  expect(linesOf(some)[0]).toBe(`${BEGIN + COUNT - 2}000000000`);
  expect(linesOf(await get('query_range', { ...ALL, limit: '1000', direction: 'FORWARD' }))).toHaveLength(COUNT);
  expect(linesOf(await get('query_range', { ...ALL, limit: '1000', interval: '10s' }))).toHaveLength(COUNT / 10);
  // The end does not belong to it, the start does.
  const two = await get('query_range', { ...ALL, start: `${BEGIN + 5}000000000`, end: `${BEGIN + 7}000000000` });
  expect(linesOf(two).toSorted()).toEqual([`${BEGIN + 5}000000000`, `${BEGIN + 6}000000000`]);
  expect(linesOf(await get('query_range', { ...ALL, end: ALL.start }))).toEqual([]);
});

test.each([
  String(BEGIN + 10),
  `${BEGIN + 10}000000000`,
  `${BEGIN + 10}.0`,
  '2026-11-23T00:00:10Z',
  '2026-11-23T01:00:10.000+01:00',
])('the time %s, in the URL and in a form', async (time) => {
  const parameters = { time, query: 'sum(count_over_time({pod="p"}[10s]))' };
  for (const post of [false, true]) {
    const { data } = await get('query', parameters, post);
    expect(data).toMatchObject({ resultType: 'vector', result: [{ metric: {}, value: [BEGIN + 10, '10'] }] });
  }
});

test('the points of a range lie on its start and every step after it', async () => {
  const query = 'sum(count_over_time({pod="p"}[5s]))';
  for (const step of ['7', '7000ms', '7s']) {
    const { data } = await get('query_range', { query, step, start: String(BEGIN + 3), end: String(BEGIN + 20) });
    expect(data.resultType).toBe('matrix');
    expect(data.result[0]!.values).toEqual([
      [BEGIN + 3, '4'],
      [BEGIN + 10, '5'],
      [BEGIN + 17, '5'],
    ]);
  }
  const one = await get('query_range', { query, start: String(BEGIN + 3), end: String(BEGIN + 3) });
  expect(one.data.result[0]!.values).toEqual([[BEGIN + 3, '4']]);
  const byDefault = await get('query_range', { query, start: String(BEGIN), end: String(BEGIN + 1000) });
  expect(byDefault.data.result[0]!.values[1]![0]).toBe(BEGIN + 4);
});

test('the time of a number is that of Loki 3.7, which takes its milliseconds for seconds', async () => {
  for (const [time, at] of [
    ['12.345', 12_345_000],
    ['1795873140', 6_538_964_850_173],
    ['-5', -5_000_000],
  ] as const) {
    const { data } = await get('query', { query: '1', time });
    expect(data).toMatchObject({ resultType: 'scalar', result: [at, '1'] });
  }
});

test("the health check of Grafana's data source", async () => {
  const { data } = await get('query', { query: 'vector(1)+vector(1)', time: '4000000000' });
  expect(data).toMatchObject({ resultType: 'vector', result: [{ metric: {}, value: [4_000_000_000, '2'] }] });
});

test('labels, values and series; nothing is no data', async () => {
  const ask = async (path: string, parameters: string): Promise<unknown> => {
    const response = await fetch(`${server.url}/loki/api/v1/${path}?start=${BEGIN}&end=${BEGIN + 1000}${parameters}`);
    return response.status === 200 ? response.json() : response.text();
  };
  const web = encodeURIComponent('{app="web"}');
  expect(await ask('labels', '')).toEqual({ status: 'success', data: ['app', 'pod', 'service_name'] });
  expect(await ask('label', '')).toEqual({ status: 'success', data: ['app', 'pod', 'service_name'] });
  expect(await ask('label/app/values', '')).toEqual({ status: 'success', data: ['api', 'web'] });
  expect(await ask('label/app/values', `&query=${web}`)).toEqual({ status: 'success', data: ['web'] });
  expect(await ask('label/nothing/values', '')).toEqual({ status: 'success' });
  const series = { app: 'web', pod: 'p', service_name: 'web' };
  for (const name of ['match', 'match[]']) {
    expect(await ask('series', `&${name}=${web}`)).toEqual({ status: 'success', data: [series] });
  }
  const both = [{ app: 'api', pod: 'p', service_name: 'api' }, series];
  expect(await ask('series', '')).toEqual({ status: 'success', data: both });
  expect(await ask('series', `&match[]=${web}&match[]=${encodeURIComponent('{app="api"}')}`)).toEqual({
    status: 'success',
    data: both,
  });
  expect(await ask('series', `&match[]=${encodeURIComponent('{app="no"}')}`)).toEqual({ status: 'success', data: [] });
  expect(await ask('series', `&match[]=${web}${encodeURIComponent(' |= "x"')}`)).toBe(
    'only label matchers are supported',
  );
  const many = (count: number): string => `&match[]=${web}`.repeat(count);
  expect(await ask('series', many(LOKI_SELECTORS_MAX))).toEqual({ status: 'success', data: [series] });
  expect(await ask('series', many(LOKI_SELECTORS_MAX + 1))).toBe('too many selectors: 33, at most 32');
  expect(await ask('series', '&match[]=')).toBe('parse error : syntax error: unexpected $end');
});

test('the old routes have the old form', async () => {
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${server.url}/api/prom/${path}&start=${BEGIN}&end=${BEGIN + 1000}`);
    return response.status === 200 ? response.json() : response.text();
  };
  const web = encodeURIComponent('{app="web"}');
  expect(await ask('label?')).toEqual({ values: ['app', 'pod', 'service_name'] });
  expect(await ask('label/app/values?')).toEqual({ values: ['api', 'web'] });
  expect(await ask('label/nope/values?')).toEqual({ values: [] });
  expect(await ask(`series?match[]=${web}`)).toMatchObject({ status: 'success', data: [{ app: 'web' }] });
  const { streams } = (await ask(`query?query=${web}&limit=1`)) as { streams: unknown[] };
  const [found] = streams as [{ labels: string; entries: { ts: string; line: string }[] }];
  expect(found.labels).toMatch(/^\{app="web", .*service_name="web"\}$/);
  expect(found.entries).toEqual([
    {
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+(?:\.\d*[1-9])?Z$/) as string,
      line: expect.any(String) as string,
    },
  ]);
  expect(await ask(`query?query=${web}&regexp=no.such`)).toMatchObject({ streams: [] });
  expect(await ask('query?query=vector(1)')).toBe(
    'rpc error: code = Code(400) desc = legacy endpoints only support streams result type',
  );
});

test.each([
  ['labels', /^this data is no longer available/],
  ['label/app/values', /^this data is no longer available/],
  ['series', /^this data is no longer available/],
  ['detected_labels', /^end timestamp must not be before/],
  ['index/stats?query={app="api"}', /^end timestamp must not be before/],
  ['index/volume?query={app="api"}', /^end timestamp must not be before/],
])('%s of a range that is backwards, or too long', async (path, backwards) => {
  const ask = async (start: number, end: number): Promise<string> => {
    const separator = path.includes('?') ? '&' : '?';
    const response = await fetch(encodeURI(`${server.url}/loki/api/v1/${path}${separator}start=${start}&end=${end}`));
    expect(response.status).toBe(400);
    return response.text();
  };
  expect(await ask(BEGIN, BEGIN - 1)).toMatch(backwards);
  expect(await ask(BEGIN - 32 * 86_400, BEGIN)).toBe(
    'the query time range exceeds the limit (query length: 768h0m0s, limit: 30d1h)',
  );
});

/** What Grafana's Logs Drilldown and logcli ask about streams and fields: counts are those of the lines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { AGGREGATE_LIMIT_MAX } from '../../../../server/limits.ts';
import type { Server } from '../../../../server/main.ts';
import { MS_PER_DAY } from '../../../../shared/time.ts';
import { batchOf, TODAY } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';

let folder: string;
let server: Server;

const BEGIN = (TODAY * MS_PER_DAY) / 1000;
const PODS = 30;
const SECONDS = 600;

interface Written {
  readonly text: string;
  readonly second: number;
  readonly labels: Readonly<Record<string, string>>;
}

const CRON = { container: 'cron', shard: '7', part_of: 'jobs' };

/** One each second, of one pod after the other; every tenth is of a stream with other labels. */
const LINES: readonly Written[] = Array.from({ length: SECONDS }, (_, n) => {
  if (n % 10 === 9) return { text: `level=info msg="tick ${n}" took=${n}ms`, second: n, labels: CRON };
  const labels = { app: n % 3 === 0 ? 'web' : 'api', pod: String(n % PODS), ...levelLabel(n) };
  return { text: jsonLine(n), second: n, labels };
});

function levelLabel(n: number): Readonly<Record<string, string>> {
  return n % PODS === 4 ? { level: 'warn' } : n % PODS === 5 ? { level: 'WARNING' } : {};
}

function jsonLine(n: number): string {
  return JSON.stringify({
    level: n % 4 === 0 ? 'error' : 'info',
    app: 'inner',
    user: { id: n % 7 },
    ratio: n / 4 + 0.1,
    isLast: n % 2 === 0,
    size: `${1 + (n % 3)}.5KB`,
    tags: ['a'],
    message: n % 4 === 0 ? `order ${n} failed` : 'order café placed',
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-info-'));
  server = await startQuietServer(folder);
  const lines = LINES.map(({ text, second, labels }) => ({ text, timeNs: second * 1e9, labels }));
  for (const part of [lines.slice(0, 200), lines.slice(200)]) {
    const body = new Uint8Array(batchOf({ lines: part }));
    expect((await fetch(`${server.url}/agent/batch`, { method: 'POST', body })).status).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const ALL_TIME = { start: String(BEGIN), end: String(BEGIN + 1000) };

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function ask(path: string, parameters: Readonly<Record<string, string>>, isForm = false): Promise<Answer> {
  const encoded = new URLSearchParams({ ...ALL_TIME, ...parameters });
  const url = `${server.url}/loki/api/v1/${path}`;
  const response = await (isForm ? fetch(url, { method: 'POST', body: encoded }) : fetch(`${url}?${String(encoded)}`));
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

/** The same in the URL and in a form. */
async function get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
  const { status, type, text } = await ask(path, parameters);
  expect([status, type], text).toEqual([200, 'application/json; charset=UTF-8']);
  const withoutTimes = (each: string): string => each.replaceAll(/"execTime":[\d.e-]+/g, '');
  expect(withoutTimes((await ask(path, parameters, true)).text)).toBe(withoutTimes(text));
  return JSON.parse(text) as T;
}

type IsSelected = (labels: Written['labels']) => boolean;

const SELECTORS: readonly (readonly [selector: string, isSelected: IsSelected])[] = [
  ['{service_name=~".+"}', () => true],
  ['{app="api"}', ({ app }) => app === 'api'],
  ['{app="", container=~".+"}', ({ app }) => app === undefined],
  ['{app=~"a.*", pod!="4"}', ({ app, pod }) => app === 'api' && pod !== '4'],
  ['{service_name="cron"}', ({ container }) => container === 'cron'],
  ['{service_name!~"cron|web", service_name=~".+"}', ({ app }) => app === 'api'],
  ['{part_of="jobs"}', ({ container }) => container === 'cron'],
  // A label is compared as it is written.
  ['{level="warn"}', ({ level }) => level === 'warn'],
  ['{level=~"WARN.*"}', ({ level }) => level === 'WARNING'],
  ['{level="", app="api"}', ({ level, app }) => level === undefined && app === 'api'],
  ['{app="nothing"}', () => false],
];

const bytesOf = (lines: readonly Written[]): number =>
  lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);

test.each(SELECTORS)('the index has as many lines and bytes of %s as were written', async (query, isSelected) => {
  const own = LINES.filter(({ labels }) => isSelected(labels));
  const streams = new Set(own.map(({ labels }) => JSON.stringify(labels))).size;
  const want = { streams, chunks: streams, entries: own.length, bytes: bytesOf(own) };
  expect(await get('index/stats', { query })).toEqual(want);
  const early = own.filter(({ second }) => second >= 10 && second < 60);
  const times = { start: String(BEGIN + 10), end: String(BEGIN + 60) };
  expect(await get('index/stats', { query, ...times })).toMatchObject({ entries: early.length, bytes: bytesOf(early) });
});

interface Volumes {
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/** Returns what an answer has to have: by key, with most bytes first. */
function volumesBy(
  lines: readonly Written[],
  keysOf: (labels: Written['labels']) => readonly Readonly<Record<string, string>>[],
): { metric: Readonly<Record<string, string>>; value: [number, string] }[] {
  const pairs = lines.flatMap((line) => keysOf(line.labels).map((metric) => ({ metric, line })));
  const groups = [...Map.groupBy(pairs, ({ metric }) => JSON.stringify(metric)).values()];
  const sized = groups.map((group) => ({ metric: group[0]!.metric, bytes: bytesOf(group.map(({ line }) => line)) }));
  const sorted = sized.toSorted(
    (a, b) => b.bytes - a.bytes || (JSON.stringify(a.metric) < JSON.stringify(b.metric) ? -1 : 1),
  );
  return sorted.map(({ metric, bytes }) => ({ metric, value: [BEGIN + 1000, String(bytes)] }));
}

const serviceOf = ({ app, container }: Written['labels']): string => app ?? container!;

test.each([
  ['{app=~".+"}', {}, ({ app }) => (app === undefined ? [] : [{ app }])],
  ['{}', { targetLabels: 'service_name' }, (labels) => [{ service_name: serviceOf(labels) }]],
  ['{}', { targetLabels: 'part_of' }, (labels) => (labels === CRON ? [{ part_of: 'jobs' }] : [])],
  [
    '{app!="x", pod=~".+"}',
    { targetLabels: 'pod,level' },
    ({ pod, level }) => (level === undefined ? [] : [{ level, pod: pod! }]),
  ],
  ['{level="warn"}', { targetLabels: 'app' }, ({ app, level }) => (level === 'warn' ? [{ app: app! }] : [])],
  ['{}', { aggregateBy: 'labels', targetLabels: 'app' }, ({ app }) => (app === undefined ? [] : [{ app: '' }])],
  [
    '{app="api"}',
    { aggregateBy: 'labels' },
    (labels) =>
      labels['app'] === 'api' ? [...Object.keys(labels), 'service_name'].map((name) => ({ [name]: '' })) : [],
  ],
  [
    '{}',
    {},
    (labels) => {
      const own = Object.entries({ ...labels, service_name: serviceOf(labels) });
      return [Object.fromEntries(own.toSorted(([a], [b]) => (a < b ? -1 : 1)))];
    },
  ],
] satisfies [string, Record<string, string>, Parameters<typeof volumesBy>[1]][])(
  'the volume of %s with %j is the sum of the lines',
  async (query, parameters, keysOf) => {
    const { data } = await get<Volumes>('index/volume', { query, ...parameters });
    expect(data.resultType).toBe('vector');
    expect(data.result).toEqual(volumesBy(LINES, keysOf));
  },
);

test('the largest volumes come first, and as many as asked for', async () => {
  const asked = { query: '{}', targetLabels: 'pod' };
  const all = volumesBy(LINES, ({ pod }) => (pod === undefined ? [] : [{ pod }]));
  expect((await get<Volumes>('index/volume', { ...asked, limit: '2' })).data.result).toEqual(all.slice(0, 2));
  expect((await get<Volumes>('index/volume', { ...asked, limit: '0' })).data.result).toEqual(all);
});

test('volumes over time: steps end just before the next one, and the last one at the end', async () => {
  const [start, end, step] = [25, 200, 60];
  const times = { start: String(BEGIN + start), end: String(BEGIN + end), step: String(step) };
  const { data } = await get<Volumes>('index/volume_range', { query: '{app=~"api|web"}', ...times });
  expect(data.resultType).toBe('matrix');
  for (const { metric, values } of data.result) {
    const want = [60, 120, 180, 240].map((until) => {
      const within = LINES.filter(
        ({ labels, second }) =>
          labels['app'] === metric['app'] && second >= Math.max(start, until - step) && second < Math.min(until, end),
      );
      return [until < end ? BEGIN + until - 0.001 : BEGIN + end, String(bytesOf(within))];
    });
    expect(values).toEqual(want);
  }
  expect(data.result.map(({ metric }) => metric)).toEqual([{ app: 'api' }, { app: 'web' }]);
});

test('more volumes than an aggregation has groups', async () => {
  expect(PODS * SECONDS).toBeGreaterThan(AGGREGATE_LIMIT_MAX);
  const asked = { query: '{pod=~".+"}', step: '1', end: String(BEGIN + SECONDS) };
  const { data } = await get<Volumes>('index/volume_range', asked);
  const found = data.result.flatMap(({ metric, values }) => values!.map(([at, bytes]) => [metric['pod'], at, bytes]));
  const inOrder = found.toSorted(([, a], [, b]) => Number(a) - Number(b));
  const want = LINES.filter(({ labels }) => labels['pod'] !== undefined).map(({ labels, second, text }) => [
    labels['pod'],
    second + 1 === SECONDS ? BEGIN + SECONDS : BEGIN + second + 0.999,
    String(Buffer.byteLength(text)),
  ]);
  expect(inOrder).toEqual(want);
});

test('labels by which people choose, without those that are ids', async () => {
  // `shard` has nothing but numbers; so has `pod`, which is given always.
  expect(await get('detected_labels', {})).toEqual({
    detectedLabels: [
      { label: 'app', cardinality: 2 },
      { label: 'container', cardinality: 1 },
      { label: 'level', cardinality: 2 },
      { label: 'part_of', cardinality: 1 },
      { label: 'pod', cardinality: new Set(LINES.map(({ labels }) => labels['pod'])).size - 1 },
      { label: 'service_name', cardinality: 3 },
    ],
  });
  expect(await get('detected_labels', { query: '{container="cron"}' })).toEqual({
    detectedLabels: ['container', 'part_of', 'service_name'].map((label) => ({ label, cardinality: 1 })),
  });
  expect(await get('detected_labels', { query: '{app="nothing"}' })).toEqual({});
});

test('fields of the newest lines, with parser, type and path', async () => {
  const json = { query: '{app="api", level=""}', line_limit: '1000' };
  const own = LINES.filter(({ labels }) => labels['app'] === 'api' && labels['level'] === undefined);
  const valuesOf = (name: string): number =>
    new Set(own.map(({ text }) => JSON.stringify((JSON.parse(text) as Record<string, unknown>)[name]))).size;
  const field = (label: string, type: string, path: readonly string[]): object => {
    const cardinality = valuesOf(path[0]!);
    return { label, type, cardinality, parsers: ['json'], jsonPath: path };
  };
  expect(await get('detected_fields', json)).toEqual({
    fields: [
      field('app_extracted', 'string', ['app']),
      { label: 'detected_level', type: 'string', cardinality: 2, parsers: null },
      field('isLast', 'boolean', ['isLast']),
      field('level', 'string', ['level']),
      field('message', 'string', ['message']),
      field('ratio', 'float', ['ratio']),
      field('size', 'bytes', ['size']),
      field('user_id', 'int', ['user', 'id']),
    ],
    limit: 1000,
  });
  const took = { label: 'took', type: 'duration', cardinality: 100, parsers: ['logfmt'] };
  const logfmt = { query: '{container="cron"}', limit: '5' };
  expect(await get('detected_fields', { ...logfmt, line_limit: '5000' })).toEqual({
    fields: [
      { label: 'detected_level', type: 'string', cardinality: 1, parsers: null },
      { label: 'level', type: 'string', cardinality: 1, parsers: ['logfmt'] },
      { label: 'msg', type: 'string', cardinality: 60, parsers: ['logfmt'] },
      { ...took, cardinality: 60 },
    ],
    limit: 5,
  });
  const { fields } = await get<{ fields: { label: string }[] }>('detected_fields', { ...logfmt, limit: '2' });
  expect(fields).toHaveLength(2);
  expect(await get('detected_fields', { query: '{app="nothing"}' })).toEqual({});
});

test('by default the newest hundred lines count, and stages have their say', async () => {
  const newest = LINES.filter(({ labels }) => labels['app'] === 'api').slice(-100);
  const query = '{app="api"} | json';
  const { fields } = await get<{ fields: { label: string; cardinality: number }[] }>('detected_fields', { query });
  expect(fields.find(({ label }) => label === 'ratio')!.cardinality).toBe(newest.length);
  const failed = await get<{ values: string[] }>('detected_field/level/values', {
    query: '{app="api", level=""} | json | level="error"',
  });
  expect(failed.values).toEqual(['error']);
});

test('values of a field; sizes are written as a query takes them', async () => {
  const query = '{app=~"api|web"}';
  const values = (name: string, parameters = {}): Promise<unknown> =>
    get(`detected_field/${name}/values`, { query, line_limit: '1000', ...parameters });
  expect(await values('user_id')).toEqual({ values: ['0', '1', '2', '3', '4', '5', '6'], limit: 1000 });
  expect(await values('size')).toEqual({ values: ['1.5kB', '2.5kB', '3.5kB'], limit: 1000 });
  expect(await values('detected_level')).toMatchObject({ values: ['error', 'info', 'warn'] });
  expect(await values('user_id', { limit: '3' })).toEqual({ values: ['0', '1', '2'], limit: 3 });
  expect(await values('nothing')).toEqual({});
});

interface Patterns {
  readonly status: string;
  readonly data: readonly { readonly pattern: string; readonly samples: readonly (readonly [number, number])[] }[];
}

test('patterns count all lines, and find as many', async () => {
  const step = 60;
  const all = await get<Patterns>('patterns', { query: '{service_name=~".+"}', step: String(step) });
  expect(all.status).toBe('success');
  const counts = all.data.map(({ samples }) => samples.reduce((sum, [, lines]) => sum + lines, 0));
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(LINES.length);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  for (const [i, { pattern, samples }] of all.data.entries()) {
    const query = `sum(count_over_time({service_name=~".+"} |> ${JSON.stringify(pattern)} [1h]))`;
    const { data } = JSON.parse((await ask('query', { query, time: ALL_TIME.end })).text) as Volumes;
    expect(data.result[0]!.value![1], pattern).toBe(String(counts[i]));
    for (const [at] of samples) expect((at - BEGIN) % step).toBe(0);
  }
  const failed = all.data.find(({ pattern }) => pattern.includes('failed'))!;
  const own = LINES.filter(({ text }) => text.includes('failed'));
  expect(failed.samples).toEqual(
    Array.from({ length: SECONDS / step }, (_, n) => [
      BEGIN + n * step,
      own.filter(({ second }) => Math.floor(second / step) === n).length,
    ]),
  );
  expect(await get('patterns', { query: '{app="nothing"}' })).toEqual({ status: 'success', data: [] });
});

const NO_STAGES = 'only label matchers are supported';

test.each([
  ['index/stats', { query: '{app="api"} |= "x"' }, NO_STAGES],
  ['index/stats', {}, 'parse error : syntax error: unexpected $end'],
  ['index/volume', { query: '{app="api"} | json' }, NO_STAGES],
  ['index/volume', { query: 'rate({app="api"}[5m])' }, NO_STAGES],
  ['index/volume', { query: '{app="api"}', aggregateBy: 'pods' }, 'invalid aggregation option'],
  ['index/volume', { query: '{app="api"}', limit: '-1' }, 'limit must be a positive value'],
  ['index/volume', { query: '{app="api"}', limit: 'x' }, 'strconv.Atoi: parsing "x": invalid syntax'],
  ['index/volume_range', { query: '{app="api"}', step: '0' }, /^zero or negative query resolution step/],
  ['index/volume_range', { query: '{app="api"}', step: '0.01' }, /^exceeded maximum resolution of 11,000 points/],
  ['index/volume_range', { query: '{app="api"}', end: '5' }, /^end timestamp must not be before/],
  ['detected_labels', { query: '{app="api"} | json' }, NO_STAGES],
  ['detected_labels', { start: 'noon' }, /^could not parse 'start' parameter/],
  ['detected_fields', { query: 'rate({app="api"}[5m])' }, 'only log selector is supported'],
  ['detected_fields', { query: '{app="api"}', line_limit: '5001' }, /^max entries limit per query exceeded/],
  ['detected_fields', { query: '{app="api"}', line_limit: '0' }, 'limit must be a positive value'],
  ['detected_fields', { query: '{app="api"}', field_limit: '-3' }, 'limit must be a positive value'],
  ['detected_fields', { query: '{app="api"}', start: '0' }, /^the query time range exceeds the limit/],
  ['detected_field/x/values', { query: '{app=}' }, /^parse error at line 1, col 6/],
  ['patterns', { query: '{app="api"} |= "x"' }, NO_STAGES],
  ['patterns', { query: '{app="api"}', step: 'x' }, 'cannot parse "x" to a valid duration'],
] as const)('%s with %j is refused, as text', async (path, parameters, message) => {
  for (const isForm of [false, true]) {
    const { status, type, text } = await ask(path, parameters, isForm);
    expect([status, type]).toEqual([400, 'text/plain; charset=utf-8']);
    expect(text).toMatch(message);
  }
});

async function plain(path: string): Promise<[status: number, type: string | null, text: string]> {
  const response = await fetch(server.url + path);
  return [response.status, response.headers.get('content-type'), await response.text()];
}

test('probes', async () => {
  expect(await plain('/ready')).toEqual([200, 'text/plain; charset=utf-8', 'ready\n']);
  expect(await plain('/services')).toEqual([200, 'text/plain; charset=utf-8', 'server => Running\n']);
});

test('what the server can do, by the names that Loki has for it', async () => {
  const [status, type, text] = await plain('/loki/api/v1/drilldown-limits');
  expect([status, type]).toEqual([200, 'application/json']);
  const answer = JSON.parse(text) as { limits: Record<string, unknown> };
  expect(answer).toMatchObject({ pattern_ingester_enabled: true, version: expect.stringMatching(/^3\./) });
  expect(answer.limits).toMatchObject({
    discover_log_levels: true,
    max_entries_limit_per_query: 5000,
    max_query_length: '30d1h',
    max_query_series: 500,
    retention_period: '0s',
    volume_enabled: true,
  });
  expect(answer.limits['discover_service_name']).toContain('container');
  expect(parse((await plain('/config'))[2])).toEqual({ limits_config: answer.limits });
});

test('there are no rules', async () => {
  const success = { status: 'success', errorType: '', error: '' };
  const [status, type, text] = await plain('/prometheus/api/v1/rules');
  expect([status, type, JSON.parse(text)]).toEqual([200, 'application/json', { ...success, data: { groups: [] } }]);
  expect(JSON.parse((await plain('/prometheus/api/v1/alerts'))[2])).toEqual({ ...success, data: { alerts: [] } });
  for (const base of ['/loki/api/v1/rules', '/api/prom/rules']) {
    const none = [404, 'text/plain; charset=utf-8', 'no rule groups found\n'];
    expect(await plain(base)).toEqual(none);
    expect(await plain(`${base}/shop`)).toEqual(none);
    expect(await plain(`${base}/shop/errors`)).toEqual([404, none[1], 'group does not exist\n']);
  }
});

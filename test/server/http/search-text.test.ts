/** Search texts, and parameters that ask the same, counted against the lines themselves on each route. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

const LEVELS = ['trace', 'debug', 'info', 'warning', 'ERROR', 'critical'] as const;

const LINES = Array.from({ length: 240 }, (_, n) => ({
  level: LEVELS[n % 6]!,
  status: [200, 204, 404, 500, 503][n % 5]!,
  latency_ms: (n * 37) % 1000,
  took: `${n * 20}ms`,
  path: n % 4 === 0 ? `/api/v${n % 3}/items/${n}` : `/api/tasks/${n}`,
  pod: `pod-${n % 2}`,
  query: `q${n % 7}`,
  tags: [`t${n % 3}`, `u${n % 2}`],
  label: { app: `own-${n % 2}` },
  message: n % 8 === 0 ? 'connection Timeout' : n % 8 === 1 ? 'not found (really)' : 'done',
}));
type Line = (typeof LINES)[number];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-search-text-'));
  server = await startQuietServer(join(folder, 'data'));
  const body = LINES.map((line) => JSON.stringify(line)).join('\n');
  expect((await fetch(`${server.url}/ingest?app=shop&pod=api-1`, { method: 'POST', body })).status).toBe(200);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

type Parameters = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

async function get(path: string, ...parameters: Parameters[]): Promise<{ status: number; text: string }> {
  const pairs = parameters.flatMap((each) => (Array.isArray(each) ? each : Object.entries(each)) as [string, string][]);
  const response = await fetch(`${server.url}${path}?${new URLSearchParams(pairs).toString()}`);
  return { status: response.status, text: await response.text() };
}

const isAtLeast = ({ level }: Line, least: number): boolean => LEVELS.indexOf(level) >= least;

test.each<[string, string | undefined, (line: Line) => boolean]>([
  ['timeout', 'q=timeout&ignore_case=true', ({ message }) => message.includes('Timeout')],
  ['"timeout"', 'q=timeout', () => false],
  ['"Timeout" -status:200', 'q=Timeout&status=!200', (l) => l.message.includes('Timeout') && l.status !== 200],
  ['status>=500', 'status>=500', ({ status }) => status >= 500],
  ['latency_ms>500ms', 'latency_ms>500ms', ({ latency_ms: ms }) => ms > 500],
  ['latency_ms<=0.25s', 'latency_ms<=0.25s', ({ latency_ms: ms }) => ms <= 250],
  ['took<1s', 'took<1s', ({ took }) => Number.parseInt(took) < 1000],
  ['took=1s or took=2000ms', undefined, ({ took }) => took === '1000ms' || took === '2000ms'],
  ['level>=warn', 'level>=warn', (line) => isAtLeast(line, 3)],
  ['level<info', 'level<info', (line) => !isAtLeast(line, 2)],
  ['level>error', 'level>error', (line) => isAtLeast(line, 5)],
  ['path:/api/v*/items/*', 'path=/api/v*/items/*', ({ path }) => path.includes('items')],
  ['path:/^\\/api\\/v[12]\\//', 'path=~^/api/v[12]/', ({ path }) => /^\/api\/v[12]\//.test(path)],
  ['-path:/^\\/api\\/v/', 'path=!~^/api/v', ({ path }) => !path.startsWith('/api/v')],
  ['path.shape:/api/tasks/{id}', 'path.shape=/api/tasks/{id}', ({ path }) => path.startsWith('/api/tasks')],
  ['path.shape:/api/v1/items/{id}', 'path.shape=/api/v1/items/{id}', ({ path }) => path.startsWith('/api/v1')],
  ['-path.shape:/api/v*/{id}', 'path.shape=!/api/v*/{id}', ({ path }) => path.startsWith('/api/tasks')],
  ['path.shape:*', 'path.shape=*', () => true],
  ['nothing.shape:*', 'nothing.shape=*', () => false],
  ['/conn.*time|really/i', undefined, ({ message }) => message !== 'done'],
  ['(timeout or "(really)") status<500', undefined, (l) => l.message !== 'done' && l.status < 500],
  ['"not found"', 'q=not found', ({ message }) => message.startsWith('not found')],
  [
    'level:error,warn query:q3',
    'level=error&level=warn&field.query=q3',
    (l) => /ERR|war/.test(l.level) && l.query === 'q3',
  ],
  ['tags:t1 tags:u0', 'tags=t1&tags=u0&match=all', ({ tags }) => tags.includes('t1') && tags.includes('u0')],
  ['tags:t1,u0', 'tags=t1&tags=u0', ({ tags }) => tags.includes('t1') || tags.includes('u0')],
  ['v1 timeout', 'q=v1&q=Timeout&match=all', (l) => l.path.includes('v1') && l.message.includes('Timeout')],
  ['pod:api-1', 'pod=api-1', () => true],
  ['field.pod:pod-1', 'field.pod=pod-1', ({ pod }) => pod === 'pod-1'],
  ['label.pod:pod-1', 'label.pod=pod-1', () => false],
  ['label.app:*', 'label.app=shop', () => true],
  ['field.label.app:own-1', 'field.label.app=own-1', ({ label }) => label.app === 'own-1'],
  ['\\label.app:own-1', '\\label.app=own-1', ({ label }) => label.app === 'own-1'],
  ['field.pod.shape:pod-{id}', 'field.pod.shape=pod-{id}', () => true],
  ['', undefined, () => true],
])('%s', async (text, parameters, isWanted) => {
  const want = LINES.filter(isWanted).map((line) => JSON.stringify(line));
  const forms: Parameters[] = [{ search: text }, ...(parameters === undefined ? [] : [asWritten(parameters)])];
  for (const form of forms) {
    const { status, text: found } = await get('/logs', { format: 'raw', limit: '1000' }, form);
    expect(status, found).toBe(200);
    expect(found.split('\n').slice(0, -1).toSorted()).toEqual(want.toSorted());
    const rows = want.length === 0 ? [] : [{ rows: want.length }];
    expect(JSON.parse((await get('/aggregate', { by: 'label.app' }, form)).text)).toMatchObject({ groups: rows });
    const { buckets } = JSON.parse((await get('/histogram', { step: '1h', since: '2h' }, form)).text) as {
      buckets: { total: number }[];
    };
    expect(buckets.reduce((sum, { total }) => sum + total, 0)).toBe(want.length);
    const fields = JSON.parse((await get('/fields', { name: 'status' }, form)).text) as {
      fields: { rows: number }[];
    };
    expect(fields.fields[0]?.rows ?? 0).toBe(want.length);
  }
});

/** As HTTP takes them apart: at the first `=`. */
function asWritten(parameters: string): [string, string][] {
  return parameters.split('&').map((each) => {
    const at = each.indexOf('=');
    return at < 0 ? [each, ''] : [each.slice(0, at), each.slice(at + 1)];
  });
}

test('several search texts must all match, beside all other parameters', async () => {
  const want = LINES.filter(({ status, level, path }) => status === 500 && level === 'ERROR' && path.includes('tasks'));
  const query = `search=status:500&search=level:error&q=tasks&limit=1000&format=raw`;
  const text = await (await fetch(`${server.url}/logs?${query}`)).text();
  expect(text.split('\n').slice(0, -1).toSorted()).toEqual(want.map((line) => JSON.stringify(line)).toSorted());
});

test('groups, measures and columns have the same names', async () => {
  const by = async (parameters: Readonly<Record<string, string>>): Promise<unknown> =>
    JSON.parse((await get('/aggregate', parameters)).text) as unknown;
  expect(
    await by({ by: 'field.pod', order: 'where.bad', 'where.bad': 'search=status>=500 or level:critical' }),
  ).toMatchObject({
    groups: [1, 0].map((n) => {
      const own = LINES.filter(({ pod }) => pod === `pod-${n}`);
      const bad = own.filter(({ status, level }) => status >= 500 || level === 'critical').length;
      return { by: { 'field.pod': `pod-${n}` }, rows: own.length, where: { bad } };
    }),
  });
  expect(await by({ by: 'label.pod', distinct: 'field.pod', of: 'field.status' })).toMatchObject({
    groups: [{ by: { 'label.pod': 'api-1' }, rows: 240, distinct: { 'field.pod': 2 }, max: 503 }],
  });
  expect(await by({ by: 'path.shape', limit: '2' })).toMatchObject({
    groups: [{ by: { 'path.shape': '/api/tasks/{id}' }, rows: 180 }, { rows: 20 }],
    distinct: 4,
  });
  const fields = await get('/fields', { name: 'path.shape' });
  expect(JSON.parse(fields.text)).toMatchObject({ fields: [{ name: 'path.shape', rows: 240, distinct: 4 }] });
  const all = JSON.parse((await get('/fields', {})).text) as { fields: { name: string }[] };
  expect(all.fields.map(({ name }) => name)).toContain('\\label.app');
});

/** As different writers escape them. */
const ESCAPED = [
  String.raw`{"n":1,"text":"caf\u00e9 closed"}`,
  String.raw`{"n":2,"text":"CAF\u00C9 closed"}`,
  '{"n":3,"text":"café open"}',
  String.raw`{"n":4,"text":"say \"hi\""}`,
  String.raw`{"n":5,"text":"say \u0022hi\u0022"}`,
  String.raw`{"n":6,"text":"see a\/b"}`,
  '{"n":7,"text":"see a/b"}',
  String.raw`{"n":8,"text":"one\n\ttwo"}`,
  String.raw`{"n":9,"text":"C:\\new"}`,
  String.raw`{"n":10,"text":"R\u0026D \ud83d\ude00"}`,
  String.raw`{"n":11,"text":"\\u00e9"}`,
];

test.each([
  ['q', 'café', [1, 3]],
  ['q', 'caf', [1, 3]],
  ['q.raw', 'café', [3]],
  ['q.raw', String.raw`caf\u00e9`, [1]],
  ['q', String.raw`\u00e9`, [1, 11]],
  ['q', 'é', [1, 3]],
  ['search', 'CAFÉ', [1, 2, 3]],
  ['search', '"CAFÉ"', [2]],
  ['q', 'say "hi"', [4, 5]],
  ['q.raw', 'say "hi"', []],
  ['search', '"say \\"hi\\""', [4, 5]],
  ['q', 'a/b', [6, 7]],
  ['search', 'A/B', [6, 7]],
  ['q', '!a/b', [1, 2, 3, 4, 5, 8, 9, 10, 11]],
  ['q', 'one\n\ttwo', [8]],
  ['q', 'C:\\new', [9]],
  ['q', 'R&D 😀', [10]],
  ['search', 'r&d*😀', [10]],
  ['q', '~say "hi"', []],
] as const)('%s=%s finds what a person reads', async (parameter, value, want) => {
  const app = 'escaped';
  if (!(await get('/labels/app/values', {})).text.includes(app)) {
    const body = ESCAPED.join('\n');
    expect((await fetch(`${server.url}/ingest?app=${app}`, { method: 'POST', body })).status).toBe(200);
  }
  const { text } = await get('/logs', { app, format: 'raw', order: 'oldest', [parameter]: value });
  const numbers = text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { n: number }).n);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(want);
});

test('what is not understood is refused, with its place', async () => {
  const { status, text } = await get('/logs', { search: 'level:error status>many' });
  expect(status).toBe(400);
  expect(JSON.parse(text)).toEqual({
    error: {
      code: 'PODLOG_BAD_PARAMETER',
      message: expect.stringMatching(
        /^search: `status>many` at 13: "many" is not a number, a duration or a size; allowed: .*; example: status>=500$/,
      ) as string,
      position: 13,
      length: 11,
    },
  });
  for (const [parameters, message] of [
    [{ match: 'some' }, 'match: "some" is unknown; allowed: any, all; example: match=any'],
    [{ 'label.': 'x' }, 'label.: without a name; allowed: the name of a label or field; example: label.pod=api-1'],
    [{ 'level>': 'loud' }, 'level>=: "loud" is not a number, a duration or a size; allowed: values such as 500'],
    [{ by: 'x' }, 'by: not a parameter of this route; allowed: labels, fields, q, q.raw, search,'],
  ] as const) {
    const refused = await get('/logs', parameters);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(JSON.stringify(message).slice(1, -1));
  }
  const of = await get('/aggregate', { of: 'label.pod' });
  expect(of.text).toContain('of: label.pod is a label, and has no numbers');
});

test('what is erased is what the search text finds', async () => {
  const search = 'field.pod:pod-1 status>=500 -level:debug';
  const isErased = ({ pod, status, level }: Line): boolean => pod === 'pod-1' && status >= 500 && level !== 'debug';
  const response = await fetch(`${server.url}/logs?${new URLSearchParams({ search }).toString()}`, {
    method: 'DELETE',
  });
  expect(response.status, await response.text()).toBe(202);
  await eventually(async () => {
    const { text } = await get('/erasures', {});
    expect(text).toContain(`"state":"done"`);
  });
  const { text } = await get('/logs', { app: 'shop', limit: '1000', format: 'raw' });
  const want = LINES.filter((line) => !isErased(line)).map((line) => JSON.stringify(line));
  expect(text.split('\n').slice(0, -1).toSorted()).toEqual(want.toSorted());
});

test('an erasure finds text as it is read, and never everything by mistake', async () => {
  const erase = async (parameters: Readonly<Record<string, string>>): Promise<number> =>
    (await fetch(`${server.url}/logs?${new URLSearchParams(parameters).toString()}`, { method: 'DELETE' })).status;
  for (const search of ['', '*', '-level:debug', '-a or -b'])
    expect([search, await erase({ search })]).toEqual([search, 400]);
  const app = 'erased';
  const lines = [String.raw`{"n":1,"text":"caf\u00e9"}`, '{"n":2,"text":"café"}', '{"n":3,"text":"cafe"}'];
  const body = lines.join('\n');
  expect((await fetch(`${server.url}/ingest?app=${app}`, { method: 'POST', body })).status).toBe(200);
  expect(await erase({ app, q: 'café' })).toBe(202);
  await eventually(async () => {
    const { text } = await get('/logs', { app, format: 'raw' });
    expect(text).toBe(`${lines[2]!}\n`);
  });
});

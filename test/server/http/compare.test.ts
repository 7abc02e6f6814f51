/** `/compare` over HTTP: its counts are those of the lines on both sides, and what sets them apart comes first. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

interface Line {
  readonly namespace: string;
  readonly time: string;
  readonly level: string;
  readonly status: number;
  readonly user: string;
  readonly id: string;
  readonly path: string;
  readonly message: string;
}

const at = (i: number): string => new Date(Date.UTC(2026, 10, 23, 12, 0, i)).toISOString();
/** Of 3,000 lines, a tenth are errors, of the second half only; most of them of one user and of one kind. */
const LINES: readonly Line[] = Array.from({ length: 3000 }, (_, i) => {
  const isError = i >= 1500 && i % 5 === 0;
  return {
    namespace: i % 2 === 0 ? 'shop' : 'bank',
    time: at(i),
    level: isError ? 'error' : 'info',
    status: isError ? 500 : 200,
    user: isError && i % 10 === 0 ? 'u-hot' : `u-${(i * 7919) % 2500}`,
    id: `id-${i}`,
    path: `/api/${isError ? 'pay' : 'cart'}/${i}`,
    message: isError ? `charge ${i} failed` : `done in ${i} ms`,
  };
});

interface Answer {
  readonly hints?: readonly { readonly message: string }[];
  readonly rows: number;
  readonly than: { readonly rows: number };
  readonly distinct: number;
  readonly left_out: { readonly conditions: readonly string[]; readonly ids: readonly string[] };
  readonly differences: readonly {
    readonly kind: string;
    readonly name: string;
    readonly value: unknown;
    readonly rows: number;
    readonly share: number;
    readonly than: { readonly rows: number; readonly share: number };
    readonly significance: number;
  }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-compare-'));
  server = await startQuietServer(join(folder, 'data'), { indexedFields: [] });
  for (const namespace of ['shop', 'bank']) {
    const lines = LINES.filter((line) => line.namespace === namespace);
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const response = await fetch(`${server.url}/ingest?namespace=${namespace}`, { method: 'POST', body });
    expect(await response.json()).toEqual({ lines: lines.length });
  }
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(parameters: string): Promise<Answer> {
  const response = await fetch(`${server.url}/compare?${parameters}`);
  expect(response.status, parameters).toBe(200);
  return (await response.json()) as Answer;
}

const isError = ({ level }: Line): boolean => level === 'error';
const count = (lines: readonly Line[], test_: (line: Line) => boolean): number => lines.filter(test_).length;

test('errors against the rest: what only they have comes first, with counts of both sides', async () => {
  const answer = await get('level=error&limit=200');
  const errors = LINES.filter(isError);
  const rest = LINES.filter((line) => !isError(line));
  expect([answer.rows, answer.than.rows]).toEqual([errors.length, rest.length]);
  const found = new Map(answer.differences.map((each) => [`${each.name} ${JSON.stringify(each.value)}`, each]));
  const all: [string, (line: Line) => boolean][] = [
    ['status "500"', ({ status }) => status === 500],
    ['status "200"', ({ status }) => status === 200],
    ['line.pattern "charge ⟨n⟩ failed"', ({ message }) => message.startsWith('charge')],
    ['line.pattern "done in ⟨n⟩ ms"', ({ message }) => message.startsWith('done')],
    ['path.shape "/api/pay/{id}"', ({ path }) => path.startsWith('/api/pay')],
    ['user "u-hot"', ({ user }) => user === 'u-hot'],
  ];
  for (const [key, test_] of all) {
    const difference = found.get(key);
    expect(difference, key).toMatchObject({ rows: count(errors, test_), than: { rows: count(rest, test_) } });
    expect(difference!.share).toBeCloseTo(count(errors, test_) / errors.length);
  }
  expect(answer.differences[0]!.kind).toBe('new');
  const kinds = answer.differences.map(({ kind }) => kind);
  expect(kinds.lastIndexOf('new')).toBeLessThan(kinds.findIndex((kind) => kind !== 'new'));
  // Neither the condition itself, nor what differs from line to line, nor what does not differ.
  expect(answer.left_out.conditions).toEqual(['level']);
  expect(answer.left_out.ids).toContain('id');
  expect(answer.differences.filter(({ name }) => ['level', 'id', 'namespace', 'time'].includes(name))).toEqual([]);
});

test('a time range against the one before it', async () => {
  const since = 'since=2026-11-23T12:25:00Z&until=2026-11-23T12:50:00Z&than.since=2026-11-23T12:00:00Z';
  const answer = await get(since);
  expect([answer.rows, answer.than.rows]).toEqual([1500, 1500]);
  expect(answer.differences[0]).toMatchObject({ kind: 'new', than: { rows: 0, share: 0 } });
  expect(answer.differences.find(({ name, value }) => name === 'level' && value === 'error')).toMatchObject({
    kind: 'new',
    rows: 300,
  });
});

test('another search: its parameters are in the place of those of the same names', async () => {
  const answer = await get('namespace=shop&level=error&than.level=info&name=status');
  expect(answer.rows).toBe(count(LINES, (line) => isError(line) && line.namespace === 'shop'));
  expect(answer.than.rows).toBe(count(LINES, (line) => !isError(line) && line.namespace === 'shop'));
  expect(new Set(answer.differences.map(({ name }) => name))).toEqual(new Set(['status']));
  const compared = await get('namespace=shop&status>=500&than.status<500');
  expect([compared.rows, compared.than.rows]).toEqual([answer.rows, answer.than.rows]);
});

test('a handful of lines sets nothing apart, nor do equal sides', async () => {
  expect((await get('id=id-7')).differences).toEqual([]);
  expect((await get('namespace=shop&level=info&name=status')).differences.map(({ kind }) => kind)).not.toContain('new');
  const { differences, rows, than } = await get('namespace=none');
  expect([rows, than.rows, differences]).toEqual([0, LINES.length, []]);
});

test('a name of the other search that no line has is named', async () => {
  const { hints } = await get('level=error&than.levle=info');
  expect(hints!.map(({ message }) => message)).toEqual([
    'the other search, that of than., finds no lines: there is nothing to compare with',
    'than.: no line in the store has "levle"; did you mean level?',
  ]);
});

test.each([
  ['since=2026-11-23', 'than: there is nothing to compare with'],
  ['level=error&than.limit=5', 'than.limit: it is a parameter of both sides'],
  ['level=error&than.=x', 'than.: it is not a parameter of the other search'],
  ['level=error&than.than.level=info', 'than.than.level: it is not a parameter of the other search'],
  ['level=error&than.since=lunch', '"lunch\\" is not a valid time'],
  ['level=error&limit=201', '1 to 200'],
  ['level=error&by=path', 'by: not a parameter of this route'],
])('%s is refused with advice', async (parameters, advice) => {
  const response = await fetch(`${server.url}/compare?${parameters}`);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(advice.replace('"lunch', '\\"lunch'));
});

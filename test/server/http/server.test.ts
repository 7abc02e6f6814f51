/** The server as clients see it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BODY_BYTES_MAX, INFLATED_BODY_BYTES_MAX, LABELS_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { BATCH_CONTENT_TYPE } from '../../../shared/wire.ts';
import { startQuietServer } from '../quiet-server.ts';
import { at, batchOf, numberedLines, range } from '../engines/embedded/batches.ts';

let folder: string;
let server: Server;

function start(dataDir = join(folder, 'data'), port = 0): Promise<Server> {
  return startQuietServer(dataDir, {
    listen: { host: '127.0.0.1', port },
    indexedFields: ['request_id', 'user_id', 'trace_id', 'level', 'path'],
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-server-'));
  server = await start();
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

let rowsBefore = 0;
afterEach(async () => {
  rowsBefore = (await stats()).rows;
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

async function call(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(server.url + path, init);
  return { status: response.status, headers: response.headers, json: await response.json() };
}

function post(
  path: string,
  body: Uint8Array<ArrayBuffer> | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return call(path, { method: 'POST', body, headers });
}

function postBatch(batch: Buffer): Promise<Answer> {
  return post('/agent/batch', new Uint8Array(batch), { 'content-type': BATCH_CONTENT_TYPE });
}

async function stats(): Promise<{ rows: number }> {
  return (await call('/stats')).json as { rows: number };
}

test('an agent: stored, repeated, in conflict, asked for positions', async () => {
  const batch = batchOf({ lines: numberedLines('a', 0, 7), node: 'n1', files: [range('f', 0, 70)] });
  expect(await postBatch(batch)).toMatchObject({ status: 200, json: { rows: 7 } });
  expect(await postBatch(batch)).toMatchObject({ status: 200, json: { rows: 0, repeat: true } });
  const wrong = batchOf({ lines: numberedLines('a', 0, 7), node: 'n1', files: [range('f', 10, 80), range('g', 0, 1)] });
  expect(await postBatch(wrong)).toMatchObject({ status: 409, json: { positions: [{ file: 'f', ...at(70) }] } });
  expect(await call('/agent/positions?node=n1')).toMatchObject({ json: { positions: [{ file: 'f', ...at(70) }] } });
  expect((await stats()).rows).toBe(rowsBefore + 7);
});

const REFUSED: readonly [string, number, RegExp, () => Promise<Answer>][] = [
  ['a batch that is none', 400, /not a podlog batch/, () => post('/agent/batch', 'hello')],
  ['an empty batch', 400, /the data ends/, () => call('/agent/batch', { method: 'POST' })],
  [
    'a batch with a broken row group',
    400,
    /checksum/,
    () => postBatch(batchOf({ lines: numberedLines('a', 0, 9) }).fill(1, 60)),
  ],
  ['positions of no node', 400, /node: missing/, () => call('/agent/positions')],
  ['a label name', 400, /not a label name/, () => post('/ingest?a-b=c', 'x')],
  ['a label twice', 400, /twice/, () => post('/ingest?a=b&a=c', 'x')],
  ['a label without a value', 400, /empty/, () => post('/ingest?a=', 'x')],
  ['a long label', 400, /too long/, () => post(`/ingest?a=${'x'.repeat(2000)}`, 'x')],
  [
    'many labels',
    400,
    /31 of them/,
    () => post(`/ingest?${Array.from({ length: LABELS_MAX + 1 }, (_, i) => `l${i}=x`).join('&')}`, 'x'),
  ],
  ['an unknown encoding', 415, /identity, gzip, zstd/, () => post('/ingest', 'x', { 'content-encoding': 'br' })],
  [
    'a form with files',
    415,
    /multipart.*has no lines; allowed: text/,
    () => post('/ingest', '--b\r\n\r\nx\r\n--b--', { 'content-type': 'multipart/form-data; boundary=b' }),
  ],
  ['what is not gzip', 400, /not gzip/, () => post('/ingest', 'x', { 'content-encoding': 'gzip' })],
  [
    'a gzip bomb',
    413,
    /when decompressed/,
    () => post('/ingest', gzipSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX + 1)), { 'content-encoding': 'gzip' }),
  ],
  ['a large body', 413, /larger than \d+ bytes/, () => post('/ingest', new Uint8Array(BODY_BYTES_MAX + 1))],
  ['a path that is none', 404, /there is no GET \/nope; available: .*POST \/ingest/, () => call('/nope')],
];

for (const [name, status, message, send] of REFUSED) {
  test(`refused with a reason: ${name}`, async () => {
    const answer = await send();
    expect(answer).toMatchObject({ status, json: { error: { code: expect.stringMatching(/^PODLOG_/) as string } } });
    expect((answer.json as { error: { message: string } }).error.message).toMatch(message);
    expect((await stats()).rows).toBe(rowsBefore);
  });
}

const LINES = '{"n":1}\r\n\n\nplain\n{"time":"2026-11-23T10:00:00Z"}';

for (const [encoding, body] of [
  ['identity', new TextEncoder().encode(LINES)],
  ['gzip', gzipSync(LINES)],
  ['zstd', zstdCompressSync(LINES)],
] as const) {
  test(`pushed lines, ${encoding}: empty lines are skipped, CRLF is an end`, async () => {
    const headers = { 'content-encoding': encoding };
    expect(await post('/ingest?app=shop', new Uint8Array(body), headers)).toMatchObject({
      status: 200,
      json: { lines: 3 },
    });
    expect((await stats()).rows).toBe(rowsBefore + 3);
  });
}

test('the label of a push is the whole of what stands behind its name', async () => {
  await post('/ingest?app=a?b=c%26d', 'x');
  expect(await call('/labels/app/values?app=a*')).toMatchObject({ json: { values: ['a?b=c&d'] } });
});

test('labels: filters by label, also by one that a stream lacks', async () => {
  await post('/ingest?job=a&tier=web', 'x');
  await post('/ingest?job=b', 'x');
  const jobs = async (filter: string): Promise<unknown> => (await call(`/labels/job/values?${filter}`)).json;
  expect(await jobs('job=*')).toEqual({ values: ['a', 'b'] });
  expect(await jobs('job=*&tier=web')).toEqual({ values: ['a'] });
  expect(await jobs('job=*&tier=!web')).toEqual({ values: ['b'] });
  expect(await jobs('job=*&since=2001-01-01&until=2001-01-02')).toMatchObject({ values: [] });
  expect(await call('/labels?q=x')).toMatchObject({ status: 400 });
});

test('a push without lines is fine', async () => {
  expect(await post('/ingest?app=shop', '\n\n')).toMatchObject({ status: 200, json: { lines: 0 } });
  expect(await call('/ingest', { method: 'POST' })).toMatchObject({ status: 200, json: { lines: 0 } });
});

test('a push with an idempotency key is stored once, also when it makes many row groups', async () => {
  const days = Array.from({ length: 5 }, (_, i) => `{"ts":${1_700_000_000 + i * 86_400 * 150}}`).join('\n');
  const push = (): Promise<Answer> => post('/ingest?app=shop', days, { 'idempotency-key': 'once' });
  for (const answer of await Promise.all([push(), push(), push()])) {
    expect(answer).toMatchObject({ status: 200, json: { lines: 5 } });
  }
  expect((await stats()).rows).toBe(rowsBefore + 5);
});

test.for([
  ['GZIP', gzipSync(LINES)],
  ['x-gzip', gzipSync(LINES)],
  ['gzip, identity', gzipSync(LINES)],
  ['deflate', deflateSync(LINES)],
  ['gzip, zstd', zstdCompressSync(gzipSync(LINES))],
  ['zstd', Buffer.concat([zstdCompressSync('{"n":1}\n'), zstdCompressSync('plain\n{"n":2}')])],
] as const)('pushed lines, %s', async ([encoding, body]) => {
  const headers = { 'content-encoding': encoding, 'content-type': 'application/x-ndjson' };
  expect(await post('/ingest?app=shop', new Uint8Array(body), headers)).toMatchObject({ json: { lines: 3 } });
  expect((await stats()).rows).toBe(rowsBefore + 3);
});

test('what is not lines hears which codings there are, before it is sent', async () => {
  const { status, headers } = await post('/ingest', 'x', { 'content-encoding': 'br' });
  expect([status, headers.get('accept-encoding')]).toEqual([415, 'gzip, zstd, deflate']);
});

test('an idempotency key is for one push', async () => {
  const key = { 'idempotency-key': 'one push' };
  expect(await post('/ingest?app=shop', 'first', key)).toMatchObject({ status: 200, json: { lines: 1 } });
  const zipped = new Uint8Array(gzipSync('first'));
  expect(await post('/ingest?app=shop', zipped, { ...key, 'content-encoding': 'gzip' })).toMatchObject({ status: 200 });
  for (const [path, body] of [
    ['/ingest?app=shop', 'second'],
    ['/ingest?app=till', 'first'],
  ] as const) {
    expect(await post(path, body, key)).toMatchObject({ status: 409, json: { error: { code: 'PODLOG_KEY_REUSED' } } });
  }
  expect((await stats()).rows).toBe(rowsBefore + 1);
});

test('probes and metrics', async () => {
  expect(await call('/healthz')).toMatchObject({ status: 200 });
  expect(await call('/readyz')).toMatchObject({ status: 200, json: { status: 'ready' } });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  for (const name of ['podlog_appended_rows_total', 'podlog_wal_sync_seconds_count', 'process_resident_memory_bytes']) {
    expect(text).toMatch(new RegExp(`^${name} [\\d.e+]+$`, 'm'));
  }
});

test('what a second server is told', async () => {
  const port = Number(new URL(server.url).port);
  await expect(start()).rejects.toThrow(/is in use by another podlog/);
  await expect(start(join(folder, 'other'), port)).rejects.toThrow(/is in use: .*--listen/);
});

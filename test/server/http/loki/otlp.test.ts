/** Log records of OpenTelemetry over HTTP: what is answered, and what podlog's own routes and LogQL find then. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { otlpJsonOf, otlpProtobufOf, type SentLogs, text } from '../../ingest/loki/otlp-bodies.ts';
import { startQuietServer } from '../../quiet-server.ts';

const PUSHER = 'pusher-token-0123456789';
const READER = 'reader-token-0123456789';
const PATH = '/otlp/v1/logs';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const Status = protobuf
  .parse('syntax = "proto3"; message Status { int32 code = 1; string message = 2; }')
  .root.lookupType('Status');

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-otlp-'));
  const tokens = [
    { name: 'pusher', token: PUSHER, scopes: ['ingest'] },
    { name: 'reader', token: READER, scopes: ['read'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(tokens));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile: join(folder, 'tokens.yaml') } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function post(body: Uint8Array, headers: Record<string, string>): Promise<Response> {
  return fetch(server.url + PATH, {
    method: 'POST',
    headers: { authorization: `Bearer ${PUSHER}`, ...headers },
    body: new Uint8Array(body),
  });
}

function logsOf(app: string, ...times: readonly bigint[]): SentLogs {
  const logRecords = times.map((ns, n) => ({
    timeUnixNano: String(ns),
    body: { stringValue: `line ${n}` },
    traceId: `${n}`.padStart(32, 'a'),
  }));
  return { resourceLogs: [{ resource: { attributes: [text('service.name', app)] }, scopeLogs: [{ logRecords }] }] };
}

async function rowsOf(query: string): Promise<{ line: string; metadata: Record<string, string> }[]> {
  const response = await fetch(`${server.url}/logs?order=oldest&${query}`, {
    headers: { authorization: `Bearer ${READER}` },
  });
  const rows = (await response.text()).split('\n').filter((row) => row !== '');
  return rows.map((row) => JSON.parse(row) as { line: string; metadata: Record<string, string> });
}

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

test.each<[app: string, headers: Record<string, string>, encode: (logs: SentLogs) => Buffer]>([
  ['protobuf', { 'content-type': PROTOBUF }, otlpProtobufOf],
  ['protobuf-gzip', { 'content-type': PROTOBUF, 'content-encoding': 'gzip' }, (logs) => gzipSync(otlpProtobufOf(logs))],
  [
    'protobuf-zstd',
    { 'content-type': PROTOBUF, 'content-encoding': 'zstd' },
    (logs) => zstdCompressSync(otlpProtobufOf(logs)),
  ],
  ['json', { 'content-type': JSON_TYPE }, otlpJsonOf],
  ['json-charset', { 'content-type': 'application/json; charset=utf-8' }, otlpJsonOf],
  ['json-gzip', { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }, (logs) => gzipSync(otlpJsonOf(logs))],
  [
    'json-zstd',
    { 'content-type': JSON_TYPE, 'content-encoding': 'zstd' },
    (logs) => zstdCompressSync(otlpJsonOf(logs)),
  ],
])('%s is stored, and a repeat of it only once', async (app, headers, encode) => {
  const body = encode(logsOf(app, nowNs(), nowNs() + 1n));
  for (let time = 0; time < 2; time++) {
    const response = await post(body, headers);
    expect([response.status, await response.text()]).toEqual([204, '']);
  }
  expect(await rowsOf(`service_name=${app}`)).toMatchObject([
    { line: 'line 0', metadata: { trace_id: '0'.padStart(32, 'a') } },
    { line: 'line 1', metadata: { trace_id: '1'.padStart(32, 'a') } },
  ]);
  expect(await rowsOf(`service_name=${app}&trace_id=${'1'.padStart(32, 'a')}`)).toMatchObject([{ line: 'line 1' }]);
});

const ONE = otlpJsonOf(logsOf('refused', 1n));

test.each<[what: string, body: Buffer, headers: Record<string, string>, code: number, message: string]>([
  ['no type', ONE, {}, 400, 'content type: "" is not supported; allowed: application/x-protobuf, application/json'],
  [
    'another coding',
    ONE,
    { 'content-type': JSON_TYPE, 'content-encoding': 'br' },
    400,
    'unsupported content encoding "br"; allowed: gzip, zstd',
  ],
  ['JSON that is said to be protobuf', ONE, { 'content-type': PROTOBUF }, 400, 'proto'],
  ['what is no JSON', Buffer.from('{'), { 'content-type': JSON_TYPE }, 400, 'JSON: '],
  ['no records', Buffer.from('{}'), { 'content-type': JSON_TYPE }, 422, 'error at least one valid stream is required'],
  ['a time that is too old', ONE, { 'content-type': JSON_TYPE }, 400, 'has timestamp too old: 1970-01-01T00:00:00Z'],
  [
    'a token that may only read',
    ONE,
    { 'content-type': JSON_TYPE, authorization: `Bearer ${READER}` },
    403,
    'reader lacks the scope ingest; it has read',
  ],
  ['no token that is known', ONE, { 'content-type': JSON_TYPE, authorization: 'Bearer x' }, 401, ''],
  [
    'JSON that is too large',
    Buffer.alloc(8 * 1024 * 1024 + 1, ' '),
    { 'content-type': JSON_TYPE },
    413,
    'request body too large: 8388609 bytes, limit: 8388608 bytes',
  ],
])('%s: a status in protobuf', async (_, body, headers, code, message) => {
  const response = await post(body, headers);
  expect([response.status, response.headers.get('content-type')]).toEqual([code, 'application/octet-stream']);
  const status = Status.decode(new Uint8Array(await response.arrayBuffer())).toJSON();
  expect(status).toEqual({ message: expect.stringContaining(message) });
  expect(await rowsOf('service_name=refused')).toEqual([]);
});

test('good records of a request are stored, and the answer tells of the others', async () => {
  const response = await post(otlpProtobufOf(logsOf('partial', 1n, nowNs())), { 'content-type': PROTOBUF });
  expect(response.status).toBe(400);
  expect((await rowsOf('service_name=partial')).map(({ line }) => line)).toEqual(['line 1']);
});

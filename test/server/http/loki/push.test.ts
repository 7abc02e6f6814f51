/** Pushes of Loki's clients over HTTP: what is answered, what a query finds then, and a real client. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { pino } from 'pino';
import { pinoLoki } from 'pino-loki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { eventually } from '../../../eventually.ts';
import { jsonOf, protobufOf, type SentStream, snappyOf } from '../../ingest/loki/push-bodies.ts';
import { startQuietServer } from '../../quiet-server.ts';

const PUSHER = 'pusher-token-0123456789';
const READER = 'reader-token-0123456789';
const PATH = '/loki/api/v1/push';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

let folder: string;
let server: Server;

const start = (): Promise<Server> =>
  startQuietServer(join(folder, 'data'), { access: { tokensFile: join(folder, 'tokens.yaml') } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-push-'));
  const tokens = [
    { name: 'pusher', token: PUSHER, scopes: ['ingest'] },
    { name: 'reader', token: READER, scopes: ['read'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(tokens));
  server = await start();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function post(
  body: Uint8Array | string,
  headers: Record<string, string>,
  { path = PATH, method = 'POST' } = {},
): Promise<readonly [status: number, text: string]> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${PUSHER}`, ...headers },
    ...(method === 'POST' && { body: new Uint8Array(Buffer.from(body)) }),
  });
  return [response.status, await response.text()];
}

function streamOf(app: string, count = 3): SentStream[] {
  const now = BigInt(Date.now()) * 1_000_000n;
  const entries = Array.from({ length: count }, (_, n) => ({ ns: now + BigInt(n), line: `line ${n}` }));
  return [{ labels: { app }, entries }];
}

/** The lines that a query finds, oldest first: their times and texts. */
async function found(query: string): Promise<[ns: string, line: string][]> {
  const end = `${Date.now() + 60_000}000000`;
  const parameters = new URLSearchParams({ query, end, direction: 'forward', limit: '5000' });
  const response = await fetch(`${server.url}/loki/api/v1/query_range?${String(parameters)}`, {
    headers: { authorization: `Bearer ${READER}` },
  });
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: { result: { values: [string, string][] }[] } };
  return data.result.flatMap(({ values }) => values).toSorted(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

const zip = (bytes: Buffer): Buffer => gzipSync(bytes);

test.each<
  [app: string, headers: Record<string, string>, encode: (streams: readonly SentStream[]) => Buffer, path?: string]
>([
  ['protobuf', { 'content-type': PROTOBUF }, (streams) => snappyOf(protobufOf(streams))],
  ['named', { 'content-type': PROTOBUF, 'content-encoding': 'snappy' }, (streams) => snappyOf(protobufOf(streams))],
  ['other-type', { 'content-type': 'text/plain' }, (streams) => snappyOf(protobufOf(streams))],
  [
    'protobuf-gzip',
    { 'content-type': PROTOBUF, 'content-encoding': 'gzip' },
    (streams) => zip(snappyOf(protobufOf(streams))),
  ],
  ['json', { 'content-type': JSON_TYPE }, jsonOf],
  ['json-charset', { 'content-type': 'application/json; charset=utf-8' }, jsonOf],
  ['json-gzip', { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }, (streams) => zip(jsonOf(streams))],
  [
    'json-deflate',
    { 'content-type': JSON_TYPE, 'content-encoding': 'deflate' },
    (streams) => deflateRawSync(jsonOf(streams)),
  ],
  [
    'json-zlib',
    { 'content-type': JSON_TYPE, 'content-encoding': 'deflate' },
    (streams) => deflateSync(jsonOf(streams)),
  ],
  ['old-path', { 'content-type': PROTOBUF }, (streams) => snappyOf(protobufOf(streams)), '/api/prom/push'],
])('%s is stored', async (app, headers, encode, path = PATH) => {
  const streams = streamOf(app);
  expect(await post(encode(streams), headers, { path })).toEqual([204, '']);
  expect(await found(`{app="${app}"}`)).toEqual(streams[0]!.entries.map(({ ns, line }) => [String(ns), line]));
});

test.each<[app: string, type: string, encode: (streams: readonly SentStream[]) => Buffer]>([
  ['metadata-protobuf', PROTOBUF, (streams) => snappyOf(protobufOf(streams))],
  ['metadata-json', JSON_TYPE, jsonOf],
])('%s: structured metadata is stored, and found by LogQL and by filters', async (app, type, encode) => {
  const [{ labels, entries }] = streamOf(app) as [SentStream];
  const sent = entries.map((entry, n) => ({ ...entry, metadata: { 'trace.id': `t-${n % 2}`, app: 'other' } }));
  expect(await post(encode([{ labels, entries: sent }]), { 'content-type': type })).toEqual([204, '']);
  expect((await found(`{app="${app}"} | trace_id="t-1"`)).map(([, line]) => line)).toEqual(['line 1']);
  const response = await fetch(`${server.url}/logs?app=${app}&trace_id=t-0&order=oldest`, {
    headers: { authorization: `Bearer ${READER}` },
  });
  const rows = (await response.text())
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row) as Record<string, unknown>);
  const parameters = new URLSearchParams({ query: `{app="${app}"}`, end: `${Date.now() + 60_000}000000` });
  const detected = await fetch(`${server.url}/loki/api/v1/detected_fields?${String(parameters)}`, {
    headers: { authorization: `Bearer ${READER}` },
  });
  const { fields } = (await detected.json()) as { fields: object[] };
  expect(fields).toContainEqual({ label: 'trace_id', type: 'string', cardinality: 2, parsers: null });
  expect(fields).toContainEqual({ label: 'app_extracted', type: 'string', cardinality: 1, parsers: null });
  expect(rows.map(({ line, metadata }) => ({ line, metadata }))).toEqual(
    ['line 0', 'line 2'].map((line) => ({ line, metadata: { trace_id: 't-0', app: 'other' } })),
  );
});

const ONE = jsonOf(streamOf('refused'));

test.each<
  [what: string, body: Uint8Array | string, headers: Record<string, string>, status: number, text: string | RegExp]
>([
  ['no type', ONE, {}, 400, 'mime: no media type\n'],
  ['JSON that is said to be protobuf', ONE, { 'content-type': PROTOBUF }, 400, 'snappy: corrupt input\n'],
  ['an empty body', '', { 'content-type': PROTOBUF }, 400, 'snappy: corrupt input\n'],
  ['an empty body of JSON', '', { 'content-type': JSON_TYPE }, 400, 'EOF\n'],
  [
    'a coding that Loki lacks',
    zstdCompressSync(ONE),
    { 'content-type': JSON_TYPE, 'content-encoding': 'zstd' },
    400,
    'Content-Encoding "zstd" not supported\n',
  ],
  [
    'gzip that is none',
    ONE,
    { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' },
    400,
    /^the body is not gzip.*\n$/,
  ],
  [
    'no streams',
    '{}',
    { 'content-type': JSON_TYPE },
    422,
    'error at least one valid stream is required for ingestion\n',
  ],
  [
    'no streams in protobuf',
    snappyOf(Buffer.alloc(0)),
    { 'content-type': PROTOBUF },
    422,
    /at least one valid stream.*\n$/,
  ],
  [
    'a number for a time',
    '{"streams":[{"stream":{"app":"refused"},"values":[[1,"x"]]}]}',
    { 'content-type': JSON_TYPE },
    400,
    /^JSON: a string is expected.*\n$/,
  ],
  [
    'a size of 4 GB',
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
    { 'content-type': PROTOBUF },
    413,
    /^request body too large: 4294967295 bytes.*\n$/,
  ],
  [
    'a key that is too long',
    ONE,
    { 'content-type': JSON_TYPE, 'idempotency-key': 'x'.repeat(200) },
    400,
    /^idempotency-key: unusable.*\n$/,
  ],
])('%s', async (_, body, headers, status, text) => {
  expect(await post(body, headers)).toEqual([
    status,
    typeof text === 'string' ? text : (expect.stringMatching(text) as string),
  ]);
});

test('nothing is stored of what is refused', async () => {
  expect(await found('{app="refused"}')).toEqual([]);
});

test('GET is not allowed, and only a token for pushes may push', async () => {
  for (const path of [PATH, '/api/prom/push']) {
    expect(await post('', {}, { path, method: 'GET' })).toEqual([405, '']);
    const [status, text] = await post(ONE, { authorization: `Bearer ${READER}`, 'content-type': JSON_TYPE }, { path });
    expect([status, text]).toEqual([403, 'reader lacks the scope ingest; it has read\n']);
  }
});

test('good lines of a push are stored, and the answer tells of the others', async () => {
  const [good] = streamOf('partial', 2);
  const bad = { labels: { app: 'partial', 'a-b': 'x' }, entries: good!.entries };
  const old = { labels: { app: 'partial', old: 'x' }, entries: [{ ns: 1n, line: 'old' }] };
  const [status, text] = await post(jsonOf([bad, good!, old]), { 'content-type': JSON_TYPE });
  expect(status).toBe(400);
  expect(text).toContain(`2 errors like: couldn't parse labels: 1:3: parse error`);
  expect(text).toContain(
    `1 errors like: entry for stream '{app="partial", old="x", service_name="partial"}' has timestamp too old: 1970-01-01T00:00:00Z`,
  );
  expect(text.endsWith('\n')).toBe(true);
  expect((await found('{app="partial"}')).map(([, line]) => line)).toEqual(['line 0', 'line 1']);
});

test('an empty label set has a name in queries', async () => {
  const entries = [{ ns: BigInt(Date.now()) * 1_000_000n, line: 'no labels' }];
  expect(await post(jsonOf([{ labels: {}, entries }]), { 'content-type': JSON_TYPE })).toEqual([204, '']);
  expect((await found('{service_name="unknown_service", source=""}')).map(([, line]) => line)).toEqual(['no labels']);
});

test('a push that is sent again after a restart is stored once', async () => {
  const body = snappyOf(protobufOf(streamOf('again', 50)));
  expect(await post(body, { 'content-type': PROTOBUF })).toEqual([204, '']);
  await server.close();
  server = await start();
  expect(await post(body, { 'content-type': PROTOBUF })).toEqual([204, '']);
  expect(await found('{app="again"}')).toHaveLength(50);
});

test('a push whose client leaves is stored all the same, and its repeat stores nothing', async () => {
  const body = snappyOf(protobufOf(streamOf('left', 5000)));
  const sent = request(`${server.url}${PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${PUSHER}`, 'content-type': PROTOBUF, 'content-length': body.length },
  });
  sent.on('error', () => {});
  sent.end(body, () => sent.destroy());
  await eventually(async () => expect(await found('{app="left"}')).toHaveLength(5000));
  expect(await post(body, { 'content-type': PROTOBUF })).toEqual([204, '']);
  expect(await found('{app="left"}')).toHaveLength(5000);
});

test('pino-loki', async () => {
  const transport = pinoLoki({
    host: server.url,
    basicAuth: { username: 'any', password: PUSHER },
    labels: { app: 'pino' },
    batching: { interval: 0.05 },
  });
  const logger = pino({ level: 'debug' }, transport);
  const count = 500;
  for (let n = 0; n < count; n++) logger[n % 10 === 0 ? 'error' : 'info']({ n, request_id: `r-${n % 7}` }, 'paid');
  transport.end();
  await once(transport, 'close');
  await eventually(async () => expect(await found('{app="pino"}')).toHaveLength(count));
  expect(await found('{app="pino", level="error"}')).toHaveLength(count / 10);
  expect(await found('{app="pino"} | json | request_id="r-3"')).toHaveLength(71);
});

test('an answer says how many lines were refused; an import may have old ones', async () => {
  const old = { ns: 1n, line: 'old' };
  const fresh = { ns: BigInt(Date.now()) * 1_000_000n, line: 'fresh' };
  const refusedOf = async (headers: Record<string, string>): Promise<readonly [number, string | null]> => {
    const response = await fetch(server.url + PATH, {
      method: 'POST',
      headers: { authorization: `Bearer ${PUSHER}`, 'content-type': JSON_TYPE, ...headers },
      body: new Uint8Array(jsonOf([{ labels: { app: 'moved' }, entries: [old, fresh] }])),
    });
    return [response.status, response.headers.get('podlog-refused-lines')];
  };
  expect(await refusedOf({})).toEqual([400, '1']);
  expect(await refusedOf({ 'podlog-import': 'true' })).toEqual([204, null]);
});

/** Redact rules at each route that takes lines: what a rule names is in no line, and in no metadata. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { otlpJsonOf, otlpProtobufOf, type SentLogs, text } from '../ingest/loki/otlp-bodies.ts';
import { jsonOf, protobufOf, snappyOf } from '../ingest/loki/push-bodies.ts';
import { startQuietServer } from '../quiet-server.ts';

const CARD = '4111111111111111';
const LOKI = '/loki/api/v1/push';
const OTLP = '/otlp/v1/logs';

let folder: string;
let server: Server;

const writeRules = (rules: object): Promise<void> => writeFile(join(folder, 'rules.yaml'), JSON.stringify(rules));

const RULES = {
  redact: [
    'email',
    { name: 'card-number', selector: { namespace: 'pay-*', container: 'till' } },
    { name: 'customer', pattern: 'cust-[0-9]+', replace: 'cust-?', selector: { labels: { team: 'pay' } } },
  ],
  drop: [{ name: 'all', text: 'paid' }],
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-redacted-'));
  await writeRules(RULES);
  server = await startQuietServer(join(folder, 'data'), { rulesPath: join(folder, 'rules.yaml') });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function post(path: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<void> {
  const sent = { method: 'POST', headers, body: new Uint8Array(Buffer.from(body)) };
  const response = await fetch(server.url + path, sent);
  const answer = await response.text();
  expect(response.ok, answer).toBe(true);
}

interface Row {
  readonly line: string;
  readonly metadata?: Record<string, string>;
}

async function rowsOf(app: string): Promise<Row[]> {
  const response = await fetch(`${server.url}/logs?app=${app}&order=oldest`);
  const rows = (await response.text()).trim().split('\n');
  return rows.filter((row) => row !== '').map((row) => JSON.parse(row) as Row);
}

/** A pushed line with everything that rules name, and its metadata. */
const lineOf = (mark: string): string => `{"msg":"paid","by":"${mark}@example.com","card":"${CARD}","for":"cust-77"}`;
const metadataOf = (mark: string): Record<string, string> => ({
  who: `${mark}@example.com`,
  card: CARD,
  kept: 'cust-x',
});
const LINE = '{"msg":"paid","by":"[redacted:email]","card":"[redacted:card-number]","for":"cust-?"}';
const METADATA = { who: '[redacted:email]', card: '[redacted:card-number]', kept: 'cust-x' };

const NOW_NS = BigInt(Date.now()) * 1_000_000n;

function streamOf(app: string, mark: string) {
  return [{ labels: { app }, entries: [{ ns: NOW_NS, line: lineOf(mark), metadata: metadataOf(mark) }] }];
}

/** Has the metadata of all its records in its resource. */
function logsOf(app: string, mark: string): SentLogs {
  const attributes = Object.entries(metadataOf(mark)).map(([name, value]) => text(name, value));
  const resource = { attributes: [text('service.name', app), ...attributes] };
  const record = { timeUnixNano: String(NOW_NS), body: { stringValue: lineOf(mark) } };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record, record] }] }] };
}

test.each<[app: string, path: string, headers: Record<string, string>, bodyOf: (app: string, mark: string) => Buffer]>([
  [
    'loki-protobuf',
    LOKI,
    { 'content-type': 'application/x-protobuf' },
    (app, mark) => snappyOf(protobufOf(streamOf(app, mark))),
  ],
  ['loki-json', LOKI, { 'content-type': 'application/json' }, (app, mark) => jsonOf(streamOf(app, mark))],
  ['loki-old', '/api/prom/push', { 'content-type': 'application/json' }, (app, mark) => jsonOf(streamOf(app, mark))],
  [
    'loki-gzip',
    LOKI,
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    (app, mark) => gzipSync(jsonOf(streamOf(app, mark))),
  ],
  [
    'otlp-protobuf',
    OTLP,
    { 'content-type': 'application/x-protobuf' },
    (app, mark) => otlpProtobufOf(logsOf(app, mark)),
  ],
  ['otlp-json', OTLP, { 'content-type': 'application/json' }, (app, mark) => otlpJsonOf(logsOf(app, mark))],
])('%s', async (app, path, headers, bodyOf) => {
  await post(path, bodyOf(app, app), headers);
  const response = await fetch(
    `${server.url}/loki/api/v1/query_range?${String(
      new URLSearchParams({
        query: `{${path === OTLP ? 'service_name' : 'app'}="${app}"}`,
        start: String(NOW_NS - 1n),
        end: String(NOW_NS + 1n),
      }),
    )}`,
    { headers: { 'x-loki-response-encoding-flags': 'categorize-labels' } },
  );
  const { data } = (await response.json()) as {
    data: { result: { values: [string, string, { structuredMetadata: Record<string, string> }][] }[] };
  };
  const values = data.result.flatMap((stream) => stream.values);
  expect(values.length).toBeGreaterThan(0);
  for (const [, line, own] of values) {
    expect(line).toBe(LINE);
    expect(own.structuredMetadata).toMatchObject(METADATA);
  }
});

test('lines of text and JSON', async () => {
  await post('/ingest?app=text', `${lineOf('text')}\nplain ${CARD} of cust-1, text@example.com\n`);
  expect((await rowsOf('text')).map(({ line }) => line)).toEqual([
    LINE,
    'plain [redacted:card-number] of cust-?, [redacted:email]',
  ]);
});

test.each<[labels: Record<string, string>, isRedacted: boolean]>([
  [{ namespace: 'pay-eu', container: 'till' }, true],
  [{ k8s_namespace_name: 'pay-eu', k8s_container_name: 'till' }, true],
  [{ namespace: 'pay-eu' }, true],
  [{ namespace: 'shop', container: 'till' }, false],
  [{ namespace: 'shop' }, false],
  [{ container: 'proxy' }, false],
])('a selector selects %o: %s', async (labels, isRedacted) => {
  const app = `selected-${Object.values(labels).join('-')}${Object.keys(labels)[0]!.length}`;
  await post(LOKI, jsonOf([{ labels: { app, ...labels }, entries: [{ ns: NOW_NS, line: `card ${CARD}` }] }]), {
    'content-type': 'application/json',
  });
  const parameters = new URLSearchParams({ app, ...labels });
  await post(`/ingest?${String(parameters)}`, `card ${CARD}\n`);
  const want = isRedacted ? 'card [redacted:card-number]' : `card ${CARD}`;
  expect((await rowsOf(app)).map(({ line }) => line)).toEqual([want, want]);
});

test('streams of one push have their own rules, also where they share values', async () => {
  const entries = [{ ns: NOW_NS, line: CARD, metadata: { card: CARD } }];
  const streams = ['shop', 'pay-eu', 'shop'].map((namespace, n) => ({
    labels: { app: 'mixed', namespace, container: 'till', n: String(n) },
    entries,
  }));
  await post(LOKI, jsonOf(streams), { 'content-type': 'application/json' });
  const rows = (await rowsOf('mixed')).toSorted((a, b) => a.line.localeCompare(b.line));
  expect(rows.map(({ line, metadata }) => [line, metadata!['card']])).toEqual([
    ['[redacted:card-number]', '[redacted:card-number]'],
    [CARD, CARD],
    [CARD, CARD],
  ]);
});

test('a line that grows beyond the limit of lines is cut', async () => {
  await writeRules({ redact: [{ name: 'x', pattern: 'x', replace: 'y'.repeat(64) }] });
  await eventually(async () => {
    await post('/ingest?app=probe', 'x\n');
    expect((await rowsOf('probe')).at(-1)!.line).toBe('y'.repeat(64));
  });
  await post('/ingest?app=grown', `${'x'.repeat(100_000)}\n`);
  const [row] = await rowsOf('grown');
  expect(row!.line).toBe('y'.repeat(1024 * 1024));
});

test('uses are counted by rule', async () => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^podlog_push_redactions_total\{rule="email"\} [1-9]\d*$/m);
  expect(metrics).toMatch(/^podlog_push_redactions_total\{rule="customer"\} [1-9]\d*$/m);
});

test('a repeat of a push is known, whatever the rules were', async () => {
  const body = jsonOf([{ labels: { app: 'again' }, entries: [{ ns: NOW_NS, line: 'by again@example.com' }] }]);
  const type = { 'content-type': 'application/json' };
  await writeRules(RULES);
  await eventually(async () => {
    await post('/ingest?app=probe', 'z@example.com\n');
    expect((await rowsOf('probe')).at(-1)!.line).toBe('[redacted:email]');
  });
  await post(LOKI, body, type);
  await writeRules({});
  await eventually(async () => {
    await post('/ingest?app=probe', 'z@example.com\n');
    expect((await rowsOf('probe')).at(-1)!.line).toBe('z@example.com');
  });
  await post(LOKI, body, type);
  expect((await rowsOf('again')).map(({ line }) => line)).toEqual(['by [redacted:email]']);
});

/** `level` over the lines of many loggers, as clients ask for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, startServer } from '../../../server/main.ts';

/** What each line says of its level, and under which name its `msg` is found. */
const LINES: Readonly<Record<string, string>> = {
  zerolog: '{"level":"warn","msg":"zerolog"}',
  zap: '{"level":"WARN","msg":"zap"}',
  dpanic: '{"level":"dpanic","msg":"dpanic"}',
  slog: '{"level":"INFO+2","msg":"slog"}',
  'slog-warn': '{"level":"WARN","msg":"slog-warn"}',
  pino: '{"level":40,"msg":"pino"}',
  'pino-debug': '{"level":20,"msg":"pino-debug"}',
  logrus: '{"level":"warning","msg":"logrus"}',
  gcp: '{"severity":"WARNING","msg":"gcp"}',
  'gcp-notice': '{"severity":"NOTICE","msg":"gcp-notice"}',
  ecs: '{"log.level":"warn","msg":"ecs"}',
  'ecs-nested': '{"log":{"level":"error"},"msg":"ecs-nested"}',
  monolog: '{"level":300,"level_name":"WARNING","msg":"monolog"}',
  python: '{"levelname":"WARNING","msg":"python"}',
  postgres: '{"error_severity":"LOG","msg":"postgres"}',
  serilog: '{"@l":"Warning","msg":"serilog"}',
  unknown: '{"level":"audit","msg":"unknown"}',
  both: '{"severity":"INFO","level":"error","msg":"both"}',
  none: '{"msg":"none"}',
  text: 'msg=text level: warn',
};
/** Lines of text, by their level. */
const TEXT: Readonly<Record<string, readonly string[]>> = {
  debug: ['time=1 lvl=dbg msg=x', '1:M 23 Nov 2026 15:01:12.123 - verbose'],
  info: [
    'I1123 15:01:12.123456       1 controller.go:95] "Pod started" pod="shop/api-1"',
    '2026/11/23 15:01:12 [notice] 1#1: start worker processes',
    '2026-11-23 15:01:12.123 UTC [1] LOG:  checkpoint complete',
    '1:M 23 Nov 2026 15:01:12.123 * Ready to accept connections tcp',
    '2026-11-23T15:01:12.000000Z 0 [Note] Ready',
    '\x1b[90m3:04PM\x1b[0m \x1b[32mINF\x1b[0m ready',
  ],
  warn: [
    'time="2026-11-23T15:01:12Z" level=warning msg="took long"',
    'W1123 15:01:12.123456       1 reflector.go:561] failed',
    '1:M 23 Nov 2026 15:01:12.123 # Memory overcommit must be enabled',
    '2026-11-23 15:01:12,123 - worker - WARNING - queue is long',
  ],
  error: [
    'time=1 severity=ERROR msg=x',
    '2026/11/23 15:01:12 [error] 31#31: *7 open() "/x" failed',
    '2026-11-23 15:01:12.123 UTC [1] shop@shop ERROR:  relation "x" does not exist',
    'psql: error: no connection',
  ],
  fatal: ['2026/11/23 15:01:12 [emerg] 1#1: bind() failed', 'panic: runtime error', '2026-11-23 15:01:12,1 CRITICAL x'],
  '': [
    'hello',
    '10.0.0.1 - - [23/Nov/2026:15:01:12 +0000] "GET /ERROR HTTP/1.1" 500 5 "-" "-"',
    '2026-11-23 15:01:12.123 UTC [1] STATEMENT:  select 1',
  ],
};
const WARNINGS = ['zerolog', 'zap', 'slog-warn', 'pino', 'logrus', 'gcp', 'ecs', 'monolog', 'python', 'serilog'];

let folder: string;
let server: Server;

async function ingest(labels: string, lines: readonly string[]): Promise<void> {
  const body = lines.map((line, i) => line.replace('{', `{"time":${1_795_435_200 + i * 60},`)).join('\n');
  expect((await fetch(`${server.url}/ingest?${labels}`, { method: 'POST', body })).status).toBe(200);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-levels-'));
  server = await startServer({
    dataDir: join(folder, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    // What is written by an index of it is not what is asked for.
    indexedFields: ['level'],
    log: pino({ level: 'silent' }),
  });
  await ingest('app=mixed', Object.values(LINES));
  await ingest('app=text', Object.values(TEXT).flat());
  await ingest('app=labelled&level=WARN', ['{"level":"info","msg":"label"}']);
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string): Promise<unknown> {
  return (await fetch(server.url + path)).json();
}

/** The `msg` of the lines that are found, sorted; the line of text is `text`. */
async function found(query: string): Promise<string[]> {
  const text = await (await fetch(`${server.url}/logs?format=raw&${query}`)).text();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => /(?:"msg":"|msg=)([\w-]+)/.exec(line)![1]!)
    .toSorted();
}

const without = (...some: readonly string[]): string[] => Object.keys(LINES).filter((name) => !some.includes(name));

test.each<[query: string, want: readonly string[]]>([
  ['level=warn', WARNINGS],
  ['level=WARN', WARNINGS],
  ['level=Warning', WARNINGS],
  ['level=40', WARNINGS],
  ['level=error', ['ecs-nested', 'both']],
  [
    'level=warn&level=error',
    without('dpanic', 'slog', 'pino-debug', 'gcp-notice', 'postgres', 'unknown', 'none', 'text'),
  ],
  ['level=info', ['slog', 'gcp-notice', 'postgres']],
  ['level=notice', ['gcp-notice']],
  ['level=log', ['postgres']],
  ['level=fatal', ['dpanic']],
  ['level=panic', ['dpanic']],
  ['level=critical', []],
  ['level=audit', ['unknown']],
  ['level=AUDIT', []],
  ['level=!warn', without(...WARNINGS)],
  ['level=!debug', without('pino-debug')],
  ['level=*', without('none', 'text')],
  ['level=!*', ['none', 'text']],
  ['level=w*', WARNINGS],
  ['level=e*', ['ecs-nested', 'both']],
  ['level=*ing', ['logrus', 'serilog']],
  // As they are written, as any other name.
  ['severity=WARNING', ['gcp']],
  ['severity=warn', []],
  ['log.level=error', ['ecs-nested']],
  ['level=warn&q=zap', ['zap']],
])('/logs?%s', async (query, want) => {
  expect(await found(`app=mixed&${query}`)).toEqual(want.toSorted());
});

test('text has the same levels', async () => {
  const raw = async (query: string): Promise<string[]> =>
    (await (await fetch(`${server.url}/logs?app=text&order=oldest&format=raw&${query}`)).text())
      .split('\n')
      .slice(0, -1);
  for (const [level, lines] of Object.entries(TEXT))
    expect((await raw(`level=${level || '!*'}`)).toSorted()).toEqual(lines.toSorted());
  const { groups } = (await get('/aggregate?app=text&by=level')) as {
    groups: { by: { level: string }; rows: number }[];
  };
  const want = Object.entries(TEXT).map(([level, { length }]) => [level, length] as const);
  expect(new Map(groups.map(({ by, rows }) => [by.level, rows]))).toEqual(new Map(want));
});

test('a label comes before the fields, and means the same', async () => {
  expect(await found('app=labelled&level=warn')).toEqual(['label']);
  expect(await found('app=labelled&level=info')).toEqual([]);
  expect(await get('/labels/level/values')).toEqual({ values: ['warn'] });
  expect(await get('/labels/app/values?level=warning')).toEqual({ values: ['labelled'] });
});

const COUNTS = { '': 2, audit: 1, debug: 1, error: 2, fatal: 1, info: 3, warn: WARNINGS.length };

test('levels are counted by what they mean, other names as they are written', async () => {
  const { groups } = (await get('/aggregate?app=mixed&by=level')) as {
    groups: { by: { level: string }; rows: number }[];
  };
  expect(Object.fromEntries(groups.map(({ by, rows }) => [by.level, rows]))).toEqual(COUNTS);
  const { buckets } = (await get('/histogram?app=mixed&level=*&by=level&step=7d')) as {
    buckets: { counts: unknown }[];
  };
  const { '': _, ...levels } = COUNTS;
  expect(buckets.map(({ counts }) => counts)).toEqual([levels]);
  expect(await get('/fields?app=mixed&name=level&name=severity')).toEqual({
    fields: [
      {
        name: 'level',
        rows: Object.keys(LINES).length - 2,
        distinct: 6,
        values: [
          { value: 'warn', rows: 10 },
          { value: 'info', rows: 3 },
          { value: 'error', rows: 2 },
          { value: 'audit', rows: 1 },
          { value: 'debug', rows: 1 },
          { value: 'fatal', rows: 1 },
        ],
      },
      {
        name: 'severity',
        rows: 3,
        distinct: 3,
        values: ['INFO', 'NOTICE', 'WARNING'].map((value) => ({ value, rows: 1 })),
      },
    ],
  });
});

test('an erasure takes what a search finds', async () => {
  const response = await fetch(`${server.url}/logs?app=mixed&level=warn`, { method: 'DELETE' });
  const { id } = (await response.json()) as { id: string };
  await expect.poll(() => get(`/erasures/${id}`)).toMatchObject({ state: 'done', rows: WARNINGS.length });
  // From segments now, which have an index of the field.
  expect(await found('app=mixed')).toEqual(without(...WARNINGS).toSorted());
  expect(await found('app=mixed&level=info')).toEqual(['gcp-notice', 'postgres', 'slog']);
  expect(await found('app=mixed&level=error')).toEqual(['both', 'ecs-nested']);
  expect(await found('app=mixed&level=warn')).toEqual([]);
});

/** docs/loki.md: its tables are those of the code, its addresses lead to endpoints, and its loggers send when they run as they are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { type Logger, pino } from 'pino';
import { pinoLoki } from 'pino-loki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import winston from 'winston';
import LokiTransport from 'winston-loki';
import { FLAGS } from '../../cli/flags.ts';
import type { Server } from '../../server/main.ts';
import { eventually } from '../eventually.ts';
import { startQuietServer } from '../server/quiet-server.ts';

const TEXT = readFileSync('docs/loki.md', 'utf8');
const ADDRESS = 'http://podlog.podlog:3100';
/** Paths that Loki has, too. */
const OF_LOKI = /^\/(?:(?:loki|otlp|api\/prom|prometheus)\/.*|ready|services|config|metrics)$/;

/** Cells of the table below a heading, without backquotes. */
function tableOf(heading: string): string[][] {
  const chapter = TEXT.slice(TEXT.indexOf(`\n## ${heading}\n`) + 1).split('\n## ')[0]!;
  const rows = chapter.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

const ENDPOINTS = tableOf('Endpoints');

test('its endpoints are all that the server has of Loki, with their scopes, and no others', () => {
  const guard = readFileSync('server/http/guard.ts', 'utf8');
  const routes = [...guard.matchAll(/^ {2}'([A-Z]+) (\/[^']*)': '([a-z ]+)',$/gm)].filter(([, , path]) =>
    OF_LOKI.test(path!),
  );
  expect(routes.length).toBeGreaterThan(40);
  const registered = routes.map(
    ([, method, path, scope]) =>
      `${method} ${path!.replaceAll(/:(\w+)/g, '{$1}')} ${scope === 'open' ? 'none' : scope}`,
  );
  const documented = ENDPOINTS.flatMap(([path, methods, scope]) =>
    methods!.split(', ').map((method) => `${method} ${path} ${scope}`),
  );
  expect(documented.toSorted()).toEqual(registered.toSorted());
});

test('its limits are those of the flags', () => {
  const rows = tableOf('Limits').map(([flag, , value]) => [flag, value]);
  expect(rows.length).toBeGreaterThan(5);
  const defaults = new Map(FLAGS.map(({ name, defaultText }) => [`--${name}`, defaultText]));
  expect(rows).toEqual(rows.map(([flag]) => [flag, defaults.get(flag!)]));
  expect(
    FLAGS.filter(({ name }) => name.startsWith('loki-max') && !rows.some(([flag]) => flag === `--${name}`)),
  ).toEqual([]);
});

test('its addresses are those of the Service and of endpoints', () => {
  const service = readFileSync('manifests/base/server-service.yaml', 'utf8');
  expect(service).toMatch(/^ {2}name: podlog$[^]*^ {6}port: 3100$/m);
  const paths = [...TEXT.matchAll(/http:\/\/[^/\s"']+(\/[^\s"',?]*)?/g)];
  expect(paths.length).toBeGreaterThan(5);
  const known = new Set(ENDPOINTS.map(([path]) => path));
  expect(paths.filter(([, path]) => path !== undefined && !known.has(path))).toEqual([]);
});

const TOKEN = 'docs-token-0123456789';
let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-docs-loki-'));
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, JSON.stringify([{ name: 'docs', token: TOKEN, scopes: ['ingest', 'read'] }]));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Runs the JavaScript below a line that begins with these words, and returns what it declares. */
function run(title: string, result: string, globals: object): unknown {
  const below = TEXT.slice(TEXT.indexOf(`\n${title}`));
  const code = /```js\n([^]*?)```/.exec(below)![1]!.replaceAll(ADDRESS, server.url);
  const process = { env: { PODLOG_TOKEN: TOKEN } };
  return runInNewContext(`${code}; ${result}`, { ...globals, process });
}

async function expectLine(query: string): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`${server.url}/loki/api/v1/query_range?${String(new URLSearchParams({ query }))}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { data } = (await response.json()) as { data: { result: { values: unknown[] }[] } };
    expect(data.result.flatMap(({ values }) => values)).toHaveLength(1);
  });
}

interface PinoLoki {
  readonly transport: ReturnType<typeof pinoLoki>;
  readonly logger: Logger;
}

test('pino-loki as documented', async () => {
  const { transport, logger } = run('pino-loki:', '({ transport, logger })', { pinoLoki, pino }) as PinoLoki;
  logger.info({ sender: 'pino' }, 'paid');
  transport.end();
  await expectLine('{app="shop"} | json | sender="pino"');
});

test('winston-loki as documented', async () => {
  const transport = run('winston-loki:', 'transport', { LokiTransport, winston }) as LokiTransport;
  const logger = winston.createLogger({ transports: [transport] });
  logger.info('winston paid');
  await expectLine('{app="shop"} |= "winston paid"');
  logger.close();
});

test("OpenTelemetry's exporter as documented", async () => {
  const exporter = run('OpenTelemetry in a Node', 'exporter', { OTLPLogExporter }) as OTLPLogExporter;
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  provider.getLogger('docs').emit({ body: 'otel paid' });
  await provider.forceFlush();
  await provider.shutdown();
  await expectLine('{service_name=~".+"} |= "otel paid"');
});

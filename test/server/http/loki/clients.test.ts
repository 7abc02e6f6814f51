/**
 * Real clients that push structured metadata: OpenTelemetry's exporters and winston-loki. Each line is stored once, whatever is
 * refused, broken off or restarted meanwhile.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import winston from 'winston';
import LokiTransport from 'winston-loki';
import type { Server } from '../../../../server/main.ts';
import { eventually } from '../../../eventually.ts';
import { type FaultyProxy, startFaultyProxy } from '../../../faulty-proxy.ts';
import { startQuietServer } from '../../quiet-server.ts';

const PUSHER = 'pusher-token-0123456789';
const READER = 'reader-token-0123456789';
const LINES = 100;

let folder: string;
let server: Server;
let proxy: FaultyProxy;

const start = (): Promise<Server> =>
  startQuietServer(join(folder, 'data'), { access: { tokensFile: join(folder, 'tokens.yaml') } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-loki-clients-'));
  const tokens = [
    { name: 'pusher', token: PUSHER, scopes: ['ingest'] },
    { name: 'reader', token: READER, scopes: ['read'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(tokens));
  server = await start();
  proxy = await startFaultyProxy(() => server.url);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
  await rm(folder, { recursive: true });
});

interface Found {
  readonly stream: Record<string, string>;
  readonly values: readonly [ns: string, line: string, own: { structuredMetadata?: Record<string, string> }][];
}

async function found(query: string): Promise<Found[]> {
  const parameters = new URLSearchParams({ query, end: `${Date.now() + 60_000}000000`, limit: '5000' });
  const response = await fetch(`${server.url}/loki/api/v1/query_range?${String(parameters)}`, {
    headers: { authorization: `Bearer ${READER}`, 'x-loki-response-encoding-flags': 'categorize-labels' },
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: { result: Found[] } }).data.result;
}

async function linesOf(query: string): Promise<string[]> {
  return (await found(query)).flatMap(({ values }) => values.map(([, line]) => line));
}

/** The numbers of lines in order, each once. */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `paid ${n}`).toSorted();
}

const restart = async (): Promise<void> => {
  await server.close();
  const faults = proxy.faultCount;
  await eventually(async () => expect(proxy.faultCount).toBeGreaterThan(faults));
  server = await start();
};

test.each([
  ['protobuf', ProtoExporter],
  ['json', JsonExporter],
] as const)(
  'OpenTelemetry, %s: through 429, 503, a broken connection and a restart',
  async (name, Exporter) => {
    const exporter = new Exporter({
      url: `${proxy.url}/otlp/v1/logs`,
      headers: { authorization: `Bearer ${PUSHER}` },
      timeoutMillis: 60_000,
    });
    const processor = new BatchLogRecordProcessor({ exporter, maxExportBatchSize: 40, exportTimeoutMillis: 60_000 });
    const resource = resourceFromAttributes({ 'service.name': `otel-${name}`, 'process.command': 'node' });
    const provider = new LoggerProvider({ resource, processors: [processor] });
    const logger = provider.getLogger('till', '1.2');
    let sent = 0;
    const emit = (): void => {
      for (let n = 0; n < LINES; n++, sent++) {
        logger.emit({
          severityNumber: n % 10 === 0 ? SeverityNumber.ERROR : SeverityNumber.INFO,
          severityText: n % 10 === 0 ? 'ERROR' : 'INFO',
          body: `paid ${sent}`,
          attributes: { 'user.id': `u-${n % 7}`, order: { items: [1, 2], total: 9.5 } },
        });
      }
    };
    for (const fault of [() => {}, () => proxy.refuse(429, 1), () => proxy.refuse(503, 2), () => proxy.cut(1)]) {
      fault();
      emit();
      await provider.forceFlush();
    }
    emit();
    await Promise.all([restart(), provider.forceFlush()]);
    await provider.shutdown();
    const streams = await found(`{service_name="otel-${name}"}`);
    expect(streams.map(({ stream }) => stream)).toEqual([{ service_name: `otel-${name}` }]);
    expect(streams[0]!.values.map(([, line]) => line).toSorted()).toEqual(numbered(sent));
    expect(await linesOf(`{service_name="otel-${name}"} | detected_level="error"`)).toHaveLength(sent / 10);
    expect(await linesOf(`{service_name="otel-${name}"} | user_id="u-3" | order_total > 9`)).toHaveLength(70);
    const [, , { structuredMetadata }] = streams[0]!.values.find(([, line]) => line === 'paid 0')!;
    expect(structuredMetadata).toMatchObject({
      detected_level: 'error',
      order_items: '[1,2]',
      process_command: 'node',
      scope_name: 'till',
      scope_version: '1.2',
      severity_number: '17',
      severity_text: 'ERROR',
      user_id: 'u-0',
    });
  },
  120_000,
);

test('winston-loki: through 429, 503 and a restart', async () => {
  const transport = new LokiTransport({
    host: proxy.url,
    basicAuth: `any:${PUSHER}`,
    labels: { app: 'winston' },
    json: true,
    interval: 0.05,
    format: winston.format.printf(({ message }) => String(message)),
    gracefulShutdown: false,
    onConnectionError: () => {},
  });
  // It would wait for a minute after each failure.
  Object.assign((transport as unknown as { batcher: object }).batcher, { circuitBreakerInterval: 100 });
  const logger = winston.createLogger({ transports: [transport] });
  let sent = 0;
  const faults: readonly (() => unknown)[] = [
    () => {},
    () => proxy.refuse(429, 1),
    () => proxy.refuse(503, 2),
    restart,
  ];
  for (const fault of faults) {
    const over = Promise.resolve(fault());
    for (let n = 0; n < LINES; n++, sent++) logger.info(`paid ${sent}`, { user: `u-${n % 7}`, attempt: n });
    await over;
    await eventually(async () => expect(await linesOf('{app="winston"}')).toHaveLength(sent));
  }
  logger.end();
  await once(logger, 'finish');
  expect((await linesOf('{app="winston"}')).toSorted()).toEqual(numbered(sent));
  expect(await linesOf('{app="winston"} | user="u-3" | attempt > 50')).toHaveLength(4 * 7);
}, 120_000);

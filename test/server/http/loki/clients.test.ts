/**
 * Real clients that push structured metadata: OpenTelemetry's exporters and winston-loki. Each line is stored once, whatever is
 * refused, broken off or restarted meanwhile.
 */
import { once } from 'node:events';
import { SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import winston from 'winston';
import LokiTransport from 'winston-loki';
import { eventually } from '../../../eventually.ts';
import type { FaultyProxy } from '../../../faulty-proxy.ts';
import { type ClientServer, numbered, PUSHER, startClientServer } from './client-server.ts';

const LINES = 100;

let server: ClientServer;
let proxy: FaultyProxy;

beforeAll(async () => {
  server = await startClientServer();
  ({ proxy } = server);
});
afterAll(() => server.close());

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
    await Promise.all([server.restart(), provider.forceFlush()]);
    await provider.shutdown();
    const streams = await server.found(`{service_name="otel-${name}"}`);
    expect(streams.map(({ stream }) => stream)).toEqual([{ service_name: `otel-${name}` }]);
    expect(streams[0]!.values.map(([, line]) => line).toSorted()).toEqual(numbered(sent));
    expect(await server.linesOf(`{service_name="otel-${name}"} | detected_level="error"`)).toHaveLength(sent / 10);
    expect(await server.linesOf(`{service_name="otel-${name}"} | user_id="u-3" | order_total > 9`)).toHaveLength(70);
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
    server.restart,
  ];
  for (const fault of faults) {
    const over = Promise.resolve(fault());
    for (let n = 0; n < LINES; n++, sent++) logger.info(`paid ${sent}`, { user: `u-${n % 7}`, attempt: n });
    await over;
    await eventually(async () => expect(await server.linesOf('{app="winston"}')).toHaveLength(sent));
  }
  logger.end();
  await once(logger, 'finish');
  expect((await server.linesOf('{app="winston"}')).toSorted()).toEqual(numbered(sent));
  expect(await server.linesOf('{app="winston"} | user="u-3" | attempt > 50')).toHaveLength(4 * 7);
}, 120_000);

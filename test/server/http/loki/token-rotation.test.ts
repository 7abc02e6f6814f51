/**
 * The token of a real client is replaced in the tokens file while the client pushes. From then on the old one is refused, and the new
 * one is taken on the same connections. What was acknowledged is stored once; what was refused is stored only if the client sends it again.
 */
import { once } from 'node:events';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { pino } from 'pino';
import { pinoLoki } from 'pino-loki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import winston from 'winston';
import LokiTransport from 'winston-loki';
import { eventually } from '../../../eventually.ts';
import { type ClientServer, numbered, PUSHER, startClientServer } from './client-server.ts';
import { type Client, pushWhileReplaced } from './replace-token.ts';

let server: ClientServer;

beforeAll(async () => {
  server = await startClientServer();
});
afterAll(() => server.close());

/** Its batches are of one line each, so that answers count lines. */
function openTelemetry(url: string): Client {
  let token = PUSHER;
  const exporter = new OTLPLogExporter({
    url: `${url}/otlp/v1/logs`,
    headers: async () => ({ authorization: `Bearer ${token}` }),
  });
  const resource = resourceFromAttributes({ 'service.name': 'otel' });
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('till');
  return {
    send: (body) => logger.emit({ body }),
    useToken: (next) => (token = next),
    close: () => provider.shutdown(),
  };
}

/** Without batches, each line is pushed on its own. */
function pinoClient(host: string): Client {
  const basicAuth = { username: 'any', password: PUSHER };
  const logFormat = '{msg}';
  const transport = pinoLoki({
    host,
    basicAuth,
    labels: { app: 'pino' },
    batching: false,
    silenceErrors: true,
    logFormat,
  });
  const logger = pino(transport);
  return {
    send: (line) => logger.info(line),
    useToken: (next) => (basicAuth.password = next),
    close: async () => {
      transport.end();
      await once(transport, 'close');
    },
  };
}

/** Puts what was refused back into its next batch. */
function winstonClient(host: string): Client {
  const transport = new LokiTransport({
    host,
    basicAuth: `any:${PUSHER}`,
    labels: { app: 'winston' },
    json: true,
    interval: 0.01,
    format: winston.format.printf(({ message }) => String(message)),
    gracefulShutdown: false,
    onConnectionError: () => {},
  });
  const { batcher } = transport as unknown as { batcher: { options: { headers: Record<string, string> } } };
  // It would wait for a minute after each failure.
  Object.assign(batcher, { circuitBreakerInterval: 10 });
  const logger = winston.createLogger({ transports: [transport] });
  return {
    send: (line) => logger.info(line),
    useToken: (next) => {
      batcher.options.headers['Authorization'] = `Basic ${btoa(`any:${next}`)}`;
    },
    close: async () => {
      logger.end();
      await once(logger, 'finish');
    },
  };
}

test.each<[name: string, query: string, start: (url: string) => Client, losesRefused: boolean]>([
  ["OpenTelemetry's exporter", '{service_name="otel"}', openTelemetry, true],
  ['pino-loki', '{app="pino"}', pinoClient, true],
  ['winston-loki', '{app="winston"}', winstonClient, false],
])('%s', async (_, query, start, losesRefused) => {
  const client = start(server.proxy.url);
  const { sent, taken, refused } = await pushWhileReplaced(server, client);
  if (losesRefused) {
    expect(taken + refused).toBe(sent);
    const lines = await server.linesOf(query);
    expect([lines.length, new Set(lines).size]).toEqual([taken, taken]);
  } else {
    await eventually(async () => expect((await server.linesOf(query)).toSorted()).toEqual(numbered(sent)));
  }
});

/** `POST /otlp/v1/logs`: log records of OpenTelemetry, as Loki takes them. */
import type { FastifyInstance } from 'fastify';
import { ByteWriter } from '../../../shared/bytes.ts';
import type { PushFormat } from '../../ingest/loki/decode-push.ts';
import type { ContentCoding } from '../../ingest/push-body.ts';
import { sendText } from './errors.ts';
import { LokiRequestError } from './form.ts';
import { pushRoute, type PushRoutes } from './push-route.ts';

const PATH = '/otlp/v1/logs';
const ERROR_TYPE = 'application/octet-stream';
/** Clients try again what was answered with 503, but not what was answered with 500. */
const UNAVAILABLE = 503;

export function registerOtlp(app: FastifyInstance, routes: PushRoutes): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error, _request, reply) => {
      void reply.header('x-content-type-options', 'nosniff');
      return sendText(error, routes.log, reply);
    });
    scope.addHook('onSend', async (_request, reply, payload) => {
      if (reply.statusCode < 400 || typeof payload !== 'string') return payload;
      if (reply.statusCode === 500) void reply.code(UNAVAILABLE);
      void reply.type(ERROR_TYPE);
      const status = statusOf(payload);
      void reply.header('content-length', String(status.length));
      return status;
    });
    const { options, push } = pushRoute({ formatOf, codingOf }, routes);
    scope.post(PATH, options, push);
  });
}

/** @throws LokiRequestError */
function formatOf(contentType: string | undefined): PushFormat {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'otlp-protobuf';
  if (type === 'application/json') return 'otlp-json';
  throw new LokiRequestError(
    `content type: ${JSON.stringify(type.slice(0, 100))} is not supported; allowed: application/x-protobuf, application/json`,
  );
}

/** @throws LokiRequestError */
function codingOf(contentEncoding: string | undefined): ContentCoding | undefined {
  switch (contentEncoding) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'zstd':
      return contentEncoding;
    default:
      throw new LokiRequestError(
        `unsupported content encoding ${JSON.stringify(contentEncoding.slice(0, 100))}; allowed: gzip, zstd`,
      );
  }
}

const MESSAGE = 0x12;

/** Encodes a google.rpc.Status, without its code, as Loki does also for a body of JSON: { message = 2 }. */
function statusOf(message: string): Buffer {
  const bytes = new ByteWriter();
  bytes.u8(MESSAGE);
  bytes.string(message);
  return bytes.finish();
}

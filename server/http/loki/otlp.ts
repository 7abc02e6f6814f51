/** `POST /otlp/v1/logs`: log records of OpenTelemetry, as Loki takes them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PushFormat } from '../../ingest/loki/decode-push.ts';
import type { ContentCoding } from '../../ingest/push-body.ts';
import { idempotencyKey } from '../ingest.ts';
import { sendText } from './errors.ts';
import { LokiRequestError } from './form.ts';
import { NO_STREAMS, type PushRoutes } from './push.ts';

const PATH = '/otlp/v1/logs';
const ERROR_TYPE = 'application/octet-stream';
/** Clients try again what was answered with 503, but not what was answered with 500. */
const UNAVAILABLE = 503;

export function registerOtlp(app: FastifyInstance, { lokiPushes, log, now }: PushRoutes): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error, _request, reply) => {
      void reply.header('x-content-type-options', 'nosniff');
      return sendText(error, log, reply);
    });
    scope.addHook('onSend', async (_request, reply, payload) => {
      if (reply.statusCode < 400 || typeof payload !== 'string') return payload;
      if (reply.statusCode === 500) void reply.code(UNAVAILABLE);
      void reply.type(ERROR_TYPE);
      const status = statusOf(reply.statusCode, payload);
      void reply.header('content-length', String(status.length));
      return status;
    });
    const options = {
      config: { takesBody: true },
      // Runs before the body is asked for.
      onRequest: async ({ headers }: FastifyRequest) => {
        formatOf(headers['content-type']);
        codingOf(headers['content-encoding']);
      },
    };
    scope.post(PATH, options, async ({ headers, body, callerName }: FastifyRequest, reply: FastifyReply) => {
      const { streamCount, refusal } = await lokiPushes.accept({
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        format: formatOf(headers['content-type']),
        coding: codingOf(headers['content-encoding']),
        arrivedMs: now(),
        caller: callerName,
        idempotencyKey: idempotencyKey(headers['idempotency-key']),
      });
      if (streamCount === 0) throw new LokiRequestError(NO_STREAMS, 422);
      if (refusal !== undefined) throw new LokiRequestError(refusal);
      return reply.code(204).send();
    });
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

const CODE = 0x08;
const MESSAGE = 0x12;

/** Encodes a google.rpc.Status: { code = 1, message = 2 }. */
function statusOf(code: number, message: string): Buffer {
  const text = Buffer.from(message);
  return Buffer.from([CODE, ...varint(code), MESSAGE, ...varint(text.length), ...text]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** `POST /loki/api/v1/push`, and its older name: lines from clients of Loki. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { PushFormat } from '../../ingest/loki/decode-push.ts';
import type { LokiPushAcceptor } from '../../ingest/loki/push.ts';
import type { ContentCoding } from '../../ingest/push-body.ts';
import { idempotencyKey } from '../ingest.ts';
import { sendText } from './errors.ts';
import { LokiRequestError } from './form.ts';

const PATHS = ['/loki/api/v1/push', '/api/prom/push'];
export const NO_STREAMS = 'error at least one valid stream is required for ingestion';

export interface PushRoutes {
  readonly lokiPushes: Pick<LokiPushAcceptor, 'accept'>;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerPush(app: FastifyInstance, { lokiPushes, log, now }: PushRoutes): void {
  void app.register(async (scope) => {
    // Errors of a push end with a newline, as Loki's do.
    scope.setErrorHandler((error: Error, _request, reply) => sendText(error, log, reply, '\n'));
    const options = {
      config: { takesBody: true },
      // Runs before the body is asked for.
      onRequest: async ({ headers }: FastifyRequest) => {
        formatOf(headers['content-type']);
        codingOf(headers['content-encoding']);
      },
    };
    const push = async ({ headers, body, callerName }: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
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
    };
    for (const path of PATHS) {
      scope.post(path, options, push);
      scope.get(path, async (_request, reply) => reply.code(405).header('allow', 'POST').send());
    }
  });
}

/** Returns the format of a body: anything but JSON is read as protobuf, as Loki does. @throws LokiRequestError */
function formatOf(contentType: string | undefined): PushFormat {
  const [type = ''] = (contentType ?? '').split(';');
  if (type.trim() === '') throw new LokiRequestError('mime: no media type');
  return type.trim().toLowerCase() === 'application/json' ? 'json' : 'protobuf';
}

/**
 * Returns the coding of a body. The snappy block around protobuf is not one, whether the client names it or not.
 * @throws LokiRequestError
 */
function codingOf(contentEncoding: string | undefined): ContentCoding | undefined {
  switch (contentEncoding) {
    case undefined:
    case '':
    case 'snappy':
      return undefined;
    case 'gzip':
    case 'deflate':
      return contentEncoding;
    default:
      throw new LokiRequestError(`Content-Encoding ${JSON.stringify(contentEncoding)} not supported`);
  }
}

/** What the routes have in common by which clients of Loki and OpenTelemetry push lines. */
import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Logger } from 'pino';
import type { PushFormat } from '../../ingest/loki/decode-push.ts';
import type { LokiPushAcceptor } from '../../ingest/loki/push.ts';
import type { ContentCoding } from '../../ingest/push-body.ts';
import { IMPORT_HEADER, REFUSED_LINES_HEADER } from '../../../shared/import-headers.ts';
import { idempotencyKey } from '../ingest.ts';
import { LokiRequestError } from './form.ts';

const NO_STREAMS = 'error at least one valid stream is required for ingestion';

export interface PushRoutes {
  readonly lokiPushes: Pick<LokiPushAcceptor, 'accept'>;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How a route reads the headers of a body. */
interface BodyHeaders {
  /** @throws LokiRequestError */
  readonly formatOf: (contentType: string | undefined) => PushFormat;
  /** @throws LokiRequestError */
  readonly codingOf: (contentEncoding: string | undefined) => ContentCoding | undefined;
}

interface PushRoute {
  readonly options: RouteShorthandOptions;
  readonly push: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

export function pushRoute({ formatOf, codingOf }: BodyHeaders, { lokiPushes, now }: PushRoutes): PushRoute {
  return {
    options: {
      config: { takesBody: true },
      // Runs before the body is asked for.
      onRequest: async ({ headers }: FastifyRequest) => {
        formatOf(headers['content-type']);
        codingOf(headers['content-encoding']);
      },
    },
    push: async ({ headers, body, callerName }, reply) => {
      const { streamCount, refusal, refusedCount } = await lokiPushes.accept({
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        format: formatOf(headers['content-type']),
        coding: codingOf(headers['content-encoding']),
        arrivedMs: now(),
        caller: callerName,
        idempotencyKey: idempotencyKey(headers['idempotency-key']),
        isImport: headers[IMPORT_HEADER] === 'true',
      });
      if (streamCount === 0) throw new LokiRequestError(NO_STREAMS, 422);
      if (refusedCount > 0) void reply.header(REFUSED_LINES_HEADER, String(refusedCount));
      if (refusal !== undefined) throw new LokiRequestError(refusal);
      return reply.code(204).send();
    },
  };
}

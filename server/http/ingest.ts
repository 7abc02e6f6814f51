/** `POST /ingest?app=…`: plain lines or NDJSON from any client. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { pushLabels } from '../ingest/push-labels.ts';
import type { PushAcceptor } from '../ingest/push.ts';
import { assertHasLines, CONTENT_CODINGS, contentCodings } from '../ingest/push-body.ts';
import { IDEMPOTENCY_KEY_BYTES_MAX } from '../limits.ts';

export interface IngestRoutes {
  readonly pushes: Pick<PushAcceptor, 'accept'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerIngest(app: FastifyInstance, { pushes, now }: IngestRoutes): void {
  const options = {
    config: { takesBody: true },
    // Runs before the body is asked for.
    onRequest: async ({ headers }: FastifyRequest, reply: FastifyReply) => {
      void reply.header('accept-encoding', CONTENT_CODINGS.join(', '));
      assertHasLines(headers['content-type']);
      contentCodings(headers['content-encoding']);
    },
  };
  app.post<{ Body: Buffer | undefined }>('/ingest', options, async (request) => {
    const push = {
      body: request.body ?? Buffer.alloc(0),
      codings: contentCodings(request.headers['content-encoding']),
      labels: pushLabels(new URL(request.url, 'http://podlog').searchParams),
      arrivedMs: now(),
      caller: request.callerName,
      idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
    };
    return { lines: await pushes.accept(push) };
  });
}

/** @throws ParameterError */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header !== '' && header.length <= IDEMPOTENCY_KEY_BYTES_MAX) return header;
  const allowed = `one text of 1 to ${IDEMPOTENCY_KEY_BYTES_MAX} characters`;
  throw new ParameterError('idempotency-key', 'unusable', allowed, 'idempotency-key: 5f1c2a66');
}

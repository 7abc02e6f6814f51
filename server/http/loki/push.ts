/** `POST /loki/api/v1/push`, and its older name: lines from clients of Loki. */
import type { FastifyInstance } from 'fastify';
import type { PushFormat } from '../../ingest/loki/decode-push.ts';
import type { ContentCoding } from '../../ingest/push-body.ts';
import { sendText } from './errors.ts';
import { LokiRequestError } from './form.ts';
import { pushRoute, type PushRoutes } from './push-route.ts';

const PATHS = ['/loki/api/v1/push', '/api/prom/push'];

export function registerPush(app: FastifyInstance, routes: PushRoutes): void {
  void app.register(async (scope) => {
    // Errors of a push end with a newline, as Loki's do.
    scope.setErrorHandler((error: Error, _request, reply) => sendText(error, routes.log, reply, '\n'));
    const { options, push } = pushRoute({ formatOf, codingOf }, routes);
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

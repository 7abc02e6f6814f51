/** Turns every failure into `{"error": {"code", "message"}}`: the code for programs, the message for people. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PodlogError, SearchTextError, UnauthenticatedError } from '../../shared/errors.ts';
import { errorCode } from '../../shared/system-error.ts';
import { challengesFor } from '../auth/credentials.ts';
import { CLIENT_GONE } from './asker.ts';

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** Where a search text is wrong: from 1 on, in UTF-16 units. */
    readonly position?: number;
    readonly length?: number;
  };
}

export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message } };
}

function bodyOf(error: PodlogError): ErrorBody {
  const body = errorBody(error.code, error.message);
  if (!(error instanceof SearchTextError)) return body;
  return { error: { ...body.error, position: error.position, length: error.length } };
}

/** An unexpected error is logged with its stack; the client learns nothing about it. */
export function sendError(error: Error, log: Logger, reply: FastifyReply): FastifyReply {
  if (error instanceof PodlogError) {
    if ('retryAfterSeconds' in error) reply.header('retry-after', String(error.retryAfterSeconds));
    if (error instanceof UnauthenticatedError) reply.header('www-authenticate', challengesFor(reply.request.headers));
    return reply.code(error.status).send(bodyOf(error));
  }
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status < 500) {
    const { code, message } = ofFramework(error);
    return reply.code(status).send(errorBody(code, message));
  }
  // A client that leaves ends its query; nobody reads the answer.
  if (error === (CLIENT_GONE as Error)) return reply.send();
  log.error({ err: error, path: reply.request.url.split('?')[0] }, 'request failed unexpectedly');
  return reply.code(500).send(errorBody('PODLOG_INTERNAL', 'unexpected failure; see the server log'));
}

/** Explains a refusal by Fastify in a sentence. */
function ofFramework(error: Error): ErrorBody['error'] {
  switch (errorCode(error)) {
    case 'FST_ERR_BAD_URL':
      return {
        code: 'PODLOG_BAD_REQUEST',
        message: 'the path has a "%" that is not followed by two hexadecimal digits of UTF-8',
      };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const message = 'content-type: not a valid media type; example: content-type: application/octet-stream';
      return { code: 'PODLOG_UNSUPPORTED_MEDIA_TYPE', message };
    }
    default:
      return { code: 'PODLOG_BAD_REQUEST', message: error.message };
  }
}

/** Routes of Loki's API, whose clients read failures as text. */
const OF_LOKI = /^\/(?:loki|api\/prom)(?:\/|$)/;

/**
 * Answers 404 for a path that does not exist; in Loki's API 405 for one that has other methods. Only callers with a valid token
 * learn which paths do.
 * @param routes  methods and paths
 */
export function sendNotFound(routes: readonly string[], request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0]!;
  if (OF_LOKI.test(path)) {
    if (request.isLetIn && routes.some((route) => isOfRoute(path, route))) return reply.code(405).send();
    return reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n');
  }
  const advice = request.isLetIn ? `; available: ${routes.join(', ')}` : '';
  return reply.code(404).send(errorBody('PODLOG_NO_ROUTE', `there is no ${request.method} ${path}${advice}`));
}

function isOfRoute(path: string, route: string): boolean {
  const parts = path.split('/');
  const wanted = route.slice(route.indexOf(' ') + 1).split('/');
  return parts.length === wanted.length && wanted.every((part, i) => part.startsWith(':') || part === parts[i]);
}

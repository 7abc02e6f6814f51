/** Failures as clients of Loki read them: the message alone, as text. */
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { ERROR_CODE_HEADER } from '../../../shared/import-headers.ts';
import { PodlogError, UnauthenticatedError } from '../../../shared/errors.ts';
import { challengesFor } from '../../auth/credentials.ts';
import { CLIENT_GONE } from '../asker.ts';

/** Logged for clients that have left, as nginx does. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * An unexpected error is logged with its stack; the client learns nothing about it.
 * @param ending  of the text
 */
export function sendText(error: Error, log: Logger, reply: FastifyReply, ending = ''): FastifyReply {
  void reply.type('text/plain; charset=utf-8');
  if (error instanceof PodlogError) {
    void reply.header(ERROR_CODE_HEADER, error.code);
    if ('retryAfterSeconds' in error) void reply.header('retry-after', String(error.retryAfterSeconds));
    if (error instanceof UnauthenticatedError) {
      void reply.header('www-authenticate', challengesFor(reply.request.headers));
    }
    return reply.code(error.status).send(`${error.message}${ending}`);
  }
  if ((error as unknown) === CLIENT_GONE) {
    return reply.code(CLIENT_CLOSED_REQUEST).send(`the request was cancelled${ending}`);
  }
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status < 500) return reply.code(status).send(`${error.message}${ending}`);
  log.error({ err: error, path: reply.request.url.split('?')[0] }, 'request failed unexpectedly');
  return reply.code(500).send(`unexpected failure; see the server log${ending}`);
}

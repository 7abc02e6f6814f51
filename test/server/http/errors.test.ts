/** What an error is as an answer. */
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { sendError } from '../../../server/http/errors.ts';
import {
  ForbiddenError,
  ForbiddenLinesError,
  TooManyFilesError,
  TooManyStreamsError,
  UnavailableError,
} from '../../../shared/errors.ts';

test.each([
  [new UnavailableError('why', 7), 503, 'PODLOG_UNAVAILABLE', '7'],
  [new TooManyFilesError('why', 7), 429, 'PODLOG_TOO_MANY_FILES', '7'],
  [new TooManyStreamsError('why', [0], 7), 429, 'PODLOG_TOO_MANY_STREAMS', '7'],
  [new ForbiddenError('why'), 403, 'PODLOG_FORBIDDEN', undefined],
  [new ForbiddenLinesError('why'), 403, 'PODLOG_FORBIDDEN_LINES', undefined],
])('%s: %i, and when to try again', async (error, status, code, retryAfter) => {
  const app = fastify();
  app.setErrorHandler((each: Error, _request, reply) => sendError(each, pino({ level: 'silent' }), reply));
  app.get('/', async () => {
    throw error;
  });
  const { statusCode, headers, body } = await app.inject('/');
  expect([statusCode, headers['retry-after']]).toEqual([status, retryAfter]);
  expect(JSON.parse(body)).toEqual({ error: { code, message: 'why' } });
});

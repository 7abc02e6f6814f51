/**
 * Bodies are the server's largest use of memory, so their sum is bounded: a request whose body would be too much is
 * told to come back before a byte of it is read.
 */
import type { FastifyInstance } from 'fastify';
import { UnavailableError } from '../../shared/errors.ts';
import { BODIES_IN_FLIGHT_BYTES_MAX, BODY_BYTES_MAX, RETRY_AFTER_QUEUE_SECONDS } from '../limits.ts';

export function limitBodies(app: FastifyInstance): void {
  let inFlightBytes = 0;
  app.addHook('onRequest', async (request, reply) => {
    const bodyBytes = expectedBodyBytes(request.headers['content-length'], request.headers['transfer-encoding']);
    if (bodyBytes === 0) return;
    if (inFlightBytes + bodyBytes > BODIES_IN_FLIGHT_BYTES_MAX) {
      throw new UnavailableError(
        'too many lines are on their way at once: wait, and send them again',
        RETRY_AFTER_QUEUE_SECONDS,
      );
    }
    inFlightBytes += bodyBytes;
    // Emitted once, whether the answer was sent or the client went away.
    reply.raw.once('close', () => (inFlightBytes -= bodyBytes));
  });
}

/** A body that is too large is refused by its length elsewhere; one of unknown length counts as the largest. */
function expectedBodyBytes(contentLength: string | undefined, transferEncoding: string | undefined): number {
  if (transferEncoding !== undefined) return BODY_BYTES_MAX;
  return Math.min(Number(contentLength ?? 0), BODY_BYTES_MAX);
}

/** Disconnects clients that do not read their answer, which holds memory. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ANSWER_STALLED_MS_MAX } from '../limits.ts';

/**
 * Closes the connection of a client that reads none of the bytes that are ready for it. Waiting for more is not a
 * stall.
 */
export function cutOffStalled(response: ServerResponse, stalledMsMax: number): void {
  response.setTimeout(stalledMsMax, () => {
    if (response.writableLength > 0) response.destroy();
    else response.setTimeout(stalledMsMax);
  });
}

/** Covers answers that are sent in one piece; a route that streams calls cutOffStalled itself. */
export function cutOffStalledAnswers(app: FastifyInstance, stalledMsMax = ANSWER_STALLED_MS_MAX): void {
  app.addHook('onSend', async (_request, reply, payload) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) cutOffStalled(reply.raw, stalledMsMax);
  });
}

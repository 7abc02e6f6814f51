/** Cuts off clients that do not read their answer, which holds memory. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ANSWER_STALLED_MS_MAX } from '../limits.ts';

/** Ends the connection of a client that reads nothing of what waits for it. Waiting for more is not a stall. */
export function cutOffStalled(response: ServerResponse, stalledMsMax: number): void {
  response.setTimeout(stalledMsMax, () => {
    if (response.writableLength > 0) response.destroy();
    else response.setTimeout(stalledMsMax);
  });
}

/** For answers that are sent in one piece; a route that streams one sees to it itself. */
export function cutOffStalledAnswers(app: FastifyInstance, stalledMsMax = ANSWER_STALLED_MS_MAX): void {
  app.addHook('onSend', async (_request, reply, payload) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) cutOffStalled(reply.raw, stalledMsMax);
  });
}

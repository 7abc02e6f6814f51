/** `GET /loki/api/v1/status/buildinfo`: clients ask for the version of Loki, to know what it understands. */
import { sendPlainJson } from './answers.ts';
import type { FastifyInstance } from 'fastify';

/** The version of Loki whose queries and routes these are. */
export const LOKI_VERSION = '3.5.0';

export function registerBuildInfo(app: FastifyInstance): void {
  app.get('/loki/api/v1/status/buildinfo', async (_request, reply) => {
    const info = { version: LOKI_VERSION, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
    return sendPlainJson(reply, info);
  });
}

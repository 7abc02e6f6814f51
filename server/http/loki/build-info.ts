/** `GET /loki/api/v1/status/buildinfo`: clients ask for the version of Loki, to know what it understands. */
import type { FastifyInstance } from 'fastify';

/** The version of Loki whose queries and routes these are. */
export const LOKI_VERSION = '3.5.0';

export function registerBuildInfo(app: FastifyInstance): void {
  app.get('/loki/api/v1/status/buildinfo', async (_request, reply) => {
    const info = { version: LOKI_VERSION, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
    // As bytes, so that no charset is added.
    return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(info)));
  });
}

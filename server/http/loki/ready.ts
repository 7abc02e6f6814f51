/** `GET /ready` and `GET /services`, by which clients of Loki see whether it works. */
import type { FastifyInstance } from 'fastify';
import { RETRY_AFTER_DISK_SECONDS } from '../../limits.ts';
import type { LogStore } from '../../store/log-store.ts';

export function registerReady(app: FastifyInstance, { logs }: { readonly logs: Pick<LogStore, 'problem'> }): void {
  app.get('/ready', async (_request, reply) => {
    void reply.type('text/plain; charset=utf-8');
    if (logs.problem === undefined) return 'ready\n';
    return reply.code(503).header('retry-after', String(RETRY_AFTER_DISK_SECONDS)).send(`${logs.problem}\n`);
  });
  app.get('/services', async (_request, reply) => {
    void reply.type('text/plain; charset=utf-8');
    return `server => ${logs.problem === undefined ? 'Running' : 'Failed'}\n`;
  });
}

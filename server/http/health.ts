/**
 * Routes for probes. `/healthz`: the process answers. `/readyz`: it accepts writes; 503 says why it does not;
 * `unreadable` counts what the disk cannot read, while everything else is served. The server listens only after
 * recovery, so until then the kernel refuses a probe.
 */
import type { FastifyInstance } from 'fastify';
import { RETRY_AFTER_DISK_SECONDS } from '../limits.ts';
import type { LogStore } from '../store/log-store.ts';
import { errorBody } from './errors.ts';

export function registerHealth(
  app: FastifyInstance,
  { logs }: { readonly logs: Pick<LogStore, 'problem' | 'unreadableCount'> },
): void {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    if (logs.problem === undefined) {
      const { unreadableCount } = logs;
      return { status: 'ready', ...(unreadableCount > 0 && { unreadable: unreadableCount }) };
    }
    reply.header('retry-after', String(RETRY_AFTER_DISK_SECONDS));
    return reply.code(503).send(errorBody('PODLOG_NOT_READY', logs.problem));
  });
}

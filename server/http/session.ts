/** `GET /session`: who asks, what they may do and see, and whom they ask. */
import type { FastifyInstance } from 'fastify';
import { formatInstant, instantOfMs } from '../../shared/time.ts';

export interface SessionRoutes {
  /** Of podlog. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerSession(app: FastifyInstance, { version, now }: SessionRoutes): void {
  app.get('/session', async ({ callerName, scopes, namespaces }) => ({
    caller: callerName ?? null,
    scopes,
    namespaces,
    version,
    time: formatInstant(instantOfMs(now())),
  }));
}

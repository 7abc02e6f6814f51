/** A server for tests: on a free port of this machine, and it says nothing. */
import { pino } from 'pino';
import { type Server, type ServerOptions, startServer } from '../../server/main.ts';

export function startQuietServer(dataDir: string, changes: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    indexedFields: [],
    log: pino({ level: 'silent' }),
    ...changes,
  });
}

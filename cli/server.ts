/** `podlog server`: the store and its HTTP interface, until a signal. */
import { startServer } from '../server/main.ts';
import { createLog } from './log.ts';
import type { ServerOptions } from './options.ts';
import { untilSignal } from './until-signal.ts';

export async function runServer(options: ServerOptions): Promise<void> {
  const log = createLog(options.logLevel, process.stdout, process.env);
  await untilSignal(
    log,
    () => startServer({ ...options, log }),
    (server) => server.close(),
  );
}

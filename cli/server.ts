/** `podlog server`: the store and its HTTP interface, until a signal. */
import { startServer } from '../server/main.ts';
import { withKubeconfig } from './kubeconfig.ts';
import { createLog } from './log.ts';
import type { ServerOptions } from './options.ts';
import { readVersion } from './version.ts';
import { untilSignal } from './until-signal.ts';

export async function runServer(options: ServerOptions): Promise<void> {
  const log = createLog(options.logLevel, process.stdout, process.env);
  await untilSignal(
    log,
    async () =>
      startServer({ ...options, kubernetes: await withKubeconfig(options.kubernetes), log, version: readVersion() }),
    (server) => server.close(),
  );
}

/** `podlog agent`: tails the pods of one node until a signal, then drains. */
import { startAgent } from '../agent/agent.ts';
import { assertTokenFile, tokenFrom } from '../agent/send/token-file.ts';
import { createLog } from './log.ts';
import { listenForMetrics } from './metrics-server.ts';
import type { AgentOptions } from './options.ts';
import { assertReadableFolder } from './pods-dir.ts';
import { readVersion } from './version.ts';
import { untilSignal } from './until-signal.ts';

/** Kubernetes kills 30 s after SIGTERM; what is not sent after a third of it is sent by the next agent of this node. */
const DRAIN_MS_MAX = 10_000;

export async function runAgent(options: AgentOptions): Promise<void> {
  const { metricsListen: address, containerRateLimit: bytesPerSecond } = options;
  assertReadableFolder(options.podsDir);
  if (options.tokenFile !== undefined) assertTokenFile(options.tokenFile);
  const log = createLog(options.logLevel, process.stdout, process.env);
  const { podsDir, linkedDirs, server: serverUrl, tokenFile, node, multiline } = options;
  const token = tokenFile === undefined ? undefined : tokenFrom(tokenFile);
  const rateLimit = bytesPerSecond === undefined ? undefined : { bytesPerSecond };
  const start = async () => {
    log.info({ podsDir, serverUrl, node }, 'starting the agent');
    const agent = await startAgent({
      podsDir,
      linkedDirs,
      serverUrl,
      token,
      node,
      log,
      rateLimit,
      multiline,
      collectGarbage,
      version: readVersion(),
    });
    const metrics = address === undefined ? undefined : await listenForMetrics(address, () => agent.metrics(), log);
    return { agent, metrics };
  };
  await untilSignal(log, start, async ({ agent, metrics }) => {
    await agent.stop({ drainMsMax: DRAIN_MS_MAX });
    await metrics?.close();
  });
}

/** Returns garbage to the system, which Node keeps while memory is plenty. podlog.js exposes the collector; a test need not. */
function collectGarbage(): void {
  globalThis.gc?.({ execution: 'sync', flavor: 'last-resort', type: 'major' });
}

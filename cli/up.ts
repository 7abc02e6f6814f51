/** `podlog up`: server and agent in one process, with a sample workload where there are no pods to read. */
import { randomBytes } from 'node:crypto';
import { type Agent, startAgent } from '../agent/agent.ts';
import { startServer } from '../server/main.ts';
import { HOME } from '../server/tenants/tenants.ts';
import { withKubeconfig } from './kubeconfig.ts';
import { HeldOutput } from './held-output.ts';
import { createLog } from './log.ts';
import type { UpOptions } from './options.ts';
import { firstReport } from './first-report.ts';
import { assertReadableFolder, findPods, type FoundPods } from './pods-dir.ts';
import type { Sample } from './sample/sample.ts';
import { readVersion } from './version.ts';
import { untilSignal } from './until-signal.ts';

/** Short, since a person waits at the terminal; what is not sent within it is sent after the next start. */
const DRAIN_MS_MAX = 3_000;

export async function runUp(options: UpOptions): Promise<void> {
  if (options.isPodsDirGiven) assertReadableFolder(options.podsDir);
  const foundPods = findPods(options.podsDir);
  const output = new HeldOutput(process.stdout);
  const log = createLog(options.logLevel, output, process.env);
  const start = async () => {
    const ownAgent = { token: randomBytes(32).toString('base64url'), node: options.node };
    const access = { ...options.access, ownAgent };
    const kubernetes = await withKubeconfig(options.kubernetes);
    const server = await startServer({ ...options, access, kubernetes, log, version: readVersion() });
    // Before everything else: the page is there, and a person looks for this line.
    process.stderr.write(`podlog: open ${server.url}/\n`);
    const sample =
      options.isPodsDirGiven || foundPods === 'some' ? undefined : (await import('./sample/sample.ts')).startSample();
    const podsDir = sample?.podsDir ?? options.podsDir;
    const agent = await startAgent({
      podsDir,
      linkedDirs: options.linkedDirs,
      serverUrl: server.url,
      token: () => ownAgent.token,
      node: ownAgent.node,
      multiline: options.multiline,
      log,
      version: readVersion(),
    });
    process.stderr.write(welcomeText(curlOf(options), server.url, options.podsDir, foundPods, sample));
    output.release();
    const stopping = new AbortController();
    void writeFirstReport(ownAgent.node, agent, stopping.signal);
    return { server, sample, agent, stopping };
  };
  try {
    await untilSignal(log, start, async ({ server, sample, agent, stopping }) => {
      stopping.abort();
      await agent.stop({ drainMsMax: DRAIN_MS_MAX });
      sample?.stop();
      await server.close();
    });
  } finally {
    output.release();
  }
}

async function writeFirstReport(node: string, agent: Agent, signal: AbortSignal): Promise<void> {
  const line = await firstReport(node, () => agent.status(), signal);
  if (line !== undefined) process.stderr.write(`podlog: ${line}\n`);
}

/** Text for stderr, so that stdout stays a log that programs can read. */
function welcomeText(
  curl: string,
  url: string,
  podsDir: string,
  foundPods: FoundPods,
  sample: Sample | undefined,
): string {
  const source =
    sample === undefined
      ? `reading ${podsDir}${foundPods === 'none' ? ', which is empty so far' : ''}`
      : `${podsDir} is ${foundPods === 'none' ? 'empty' : 'missing'}, so this plays a sample shop (gateway, api, payments, worker); for real logs: --pods-dir <dir>`;
  const queries = [
    ...(sample === undefined ? [] : [`requests/${sample.requestId}?format=text`, `users/${sample.userId}?limit=20`]),
    'logs?level=error&since=1h',
  ].map((query) => `  ${curl} '${url}/${query}'`);
  return `podlog: ${source}\n\nTry:\n${queries.join('\n')}\n\n`;
}

/** The beginning of a curl command, with a placeholder for the token where one is needed, and the tenant of the agent's lines. */
function curlOf({ access: { tokensFile, usersFile, tokenReview }, tenantsMax }: UpOptions): string {
  const isOpen = tokensFile === undefined && usersFile === undefined && tokenReview !== true;
  const tenant = tenantsMax === 0 ? '' : ` -H 'X-Scope-OrgID: ${HOME}'`;
  return `${isOpen ? 'curl' : 'curl -u "any:$TOKEN"'}${tenant}`;
}

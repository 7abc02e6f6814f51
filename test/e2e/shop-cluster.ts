/**
 * A server that follows a cluster with a shop, an hour of it: a deploy, a container that runs out of memory, a warning, errors, and
 * agents that say how they are. Its clock is turned on by what happens.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Server } from '../../server/main.ts';
import { AGENT_STATUS_HEADER, encodeAgentStatus } from '../../shared/agent-status.ts';
import { rowTimeOfMs } from '../../shared/time.ts';
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import { eventually } from '../eventually.ts';
import { TestApiServer } from '../kubernetes/api-server.ts';
import { eventObject, EVENTS, podObject, PODS, restarted } from '../kubernetes/objects.ts';
import { batchOf, range } from '../server/engines/embedded/batches.ts';
import { startQuietServer } from '../server/quiet-server.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 20, 11, 18);
const MINUTE_MS = 60_000;
const MINUTES = 60;

export interface ShopCluster {
  readonly server: Server;
  readonly api: TestApiServer;
  /** The worker runs out of memory once more. */
  readonly killWorker: () => void;
  close(): Promise<void>;
}

interface Pod {
  readonly name: string;
  readonly app: string;
  readonly node: string;
  /** Minutes before now at which it begins and ends. */
  readonly from: number;
  readonly to?: number;
  /** Errors a minute in the last ten minutes. */
  readonly errors?: number;
  readonly namespace?: string;
}

const PODS_OF_SHOP: readonly Pod[] = [
  { name: 'api-6b8f9c7d5-2mjqt', app: 'api', node: 'worker-1', from: 60, to: 25 },
  { name: 'api-6b8f9c7d5-x7w2k', app: 'api', node: 'worker-2', from: 60, to: 24 },
  { name: 'api-77d5c9f8b-4hzkq', app: 'api', node: 'worker-1', from: 26, errors: 3 },
  { name: 'api-77d5c9f8b-9w2sx', app: 'api', node: 'worker-2', from: 25, errors: 2 },
  { name: 'payments-5d7c8f9b6-w4zvn', app: 'payments', node: 'worker-2', from: 60, errors: 8 },
  { name: 'worker-84b6d5c7f-9xhkl', app: 'worker', node: 'worker-2', from: 60 },
  {
    name: 'a-workload-with-a-very-long-name-of-a-team-that-likes-words-5f9d8c7b6-q8r7t',
    app: 'a-workload-with-a-very-long-name-of-a-team-that-likes-words',
    node: 'worker-1',
    from: 60,
  },
  { name: 'trainer-6c5d8f7b9-zz4kd', app: 'trainer', node: 'control-1', from: 40, namespace: 'ml' },
];

const IMAGES = {
  before: { api: 'registry.example/shop/api:v1.41.0' },
  after: { api: 'registry.example/shop/api:v1.42.0' },
};

export async function startShopCluster(): Promise<ShopCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-shop-'));
  const api = await new TestApiServer().start();
  for (const pod of PODS_OF_SHOP) if (!pod.name.startsWith('api-77')) put(api, pod);
  let nowMs = NOW_MS - MINUTES * MINUTE_MS;
  const clock = Date.now;
  Date.now = () => nowMs;
  const server = await startQuietServer(join(folder, 'data'), {
    // Its samples are sent below, an hour of them at once.
    kubernetes: { api: api.url, podLabels: [], isSampled: false },
    version: '0.1.0',
  }).finally(() => (Date.now = clock));
  const stored = (query: string, lines: number): Promise<void> =>
    eventually(async () => expect(await countOf(server, query)).toBe(lines));
  await stored('source=changes', PODS_OF_SHOP.length - 3);
  // The worker runs out of memory, three times.
  for (const [run, minutesAgo] of [40, 9, 2].entries()) {
    nowMs = NOW_MS - minutesAgo * MINUTE_MS;
    if (run === 1) deploy(api);
    kill(api, run + 1, nowMs);
    await stored('stream=podlog', run + 1);
  }
  await stored('source=changes&old_hash=*', 1);
  const last = new Date(NOW_MS - 6 * MINUTE_MS).toISOString();
  api.put(
    EVENTS,
    eventObject('unhealthy', {
      involvedObject: { kind: 'Pod', namespace: 'shop', name: 'payments-5d7c8f9b6-w4zvn', uid: 'uid-of-payments' },
      reason: 'Unhealthy',
      message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
      count: 4,
      firstTimestamp: last,
      lastTimestamp: last,
    }),
  );
  await stored('source=events', 1);
  nowMs = NOW_MS;
  for (const pod of PODS_OF_SHOP) await send(server, pod);
  await sendUsage(server);
  for (const [node, lagBytes] of [
    ['control-1', 0],
    ['worker-1', 0],
    ['worker-2', 61_000],
  ] as const) {
    const status = {
      version: '0.1.0',
      startedMs: NOW_MS - MINUTES * MINUTE_MS,
      lagBytes,
      lagMs: lagBytes === 0 ? 0 : 400,
      lines: 1_000,
      losses: node === 'worker-2' ? { 'rotated-away': { times: 1, bytes: 52_000 } } : {},
    };
    const response = await fetch(`${server.url}/agent/rules?node=${node}`, {
      headers: { [AGENT_STATUS_HEADER]: encodeAgentStatus(status) },
    });
    expect(response.status).toBe(200);
  }
  return {
    server,
    api,
    killWorker: () => kill(api, 4, NOW_MS),
    async close() {
      await server.close();
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function put(
  api: TestApiServer,
  { name, app, node, from, namespace = 'shop' }: Pod,
  changes: Parameters<typeof podObject>[1] = {},
): void {
  const hash = /-([^-]+)-[^-]+$/.exec(name)![1]!;
  api.put(
    PODS,
    podObject(name, {
      namespace,
      node,
      labels: { app, 'pod-template-hash': hash },
      owner: `ReplicaSet/${app}-${hash}`,
      created: new Date(NOW_MS - from * MINUTE_MS).toISOString(),
      images:
        app === 'api' ? (hash === '77d5c9f8b' ? IMAGES.after : IMAGES.before) : { [app]: `registry.example/${app}:v1` },
      ...changes,
    }),
  );
}

/** @param restarts  how often it has been restarted then */
function kill(api: TestApiServer, restarts: number, ms: number): void {
  const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: new Date(ms).toISOString() };
  const worker = PODS_OF_SHOP.find(({ app }) => app === 'worker')!;
  put(api, worker, { status: { containerStatuses: [restarted('worker', restarts, terminated)] } });
}

/** New pods of api come, and the old ones go. */
function deploy(api: TestApiServer): void {
  for (const pod of PODS_OF_SHOP.filter(({ app }) => app === 'api')) {
    if (pod.to === undefined) put(api, pod);
    else api.remove(PODS, podObject(pod.name));
  }
}

async function send(
  server: Server,
  { name, app, node, from, to = 0, errors = 0, namespace = 'shop' }: Pod,
): Promise<void> {
  const lines = Array.from({ length: from - to }, (_, i) => {
    const minutesAgo = from - i;
    const ms = NOW_MS - minutesAgo * MINUTE_MS + 20_000;
    const labels = { namespace, pod: name, container: app, stream: 'stdout', node };
    const failing = minutesAgo <= 10 ? errors : 0;
    return Array.from({ length: 3 + failing }, (_line, n) => ({
      text: JSON.stringify({ level: n < failing ? 'error' : 'info', message: n < failing ? 'charge failed' : 'done' }),
      ...rowTimeOfMs(ms + n),
      labels,
    }));
  }).flat();
  const batch = batchOf({
    lines,
    files: [range(`uid-of-${name}/${app}/0@2026-11-23T15:00:00Z`, 0, lines.length)],
    node,
  });
  const response = await fetch(`${server.url}/agent/batch`, {
    method: 'POST',
    body: new Uint8Array(batch),
    headers: { 'content-type': BATCH_CONTENT_TYPE },
  });
  expect(response.status, await response.text()).toBe(200);
}

async function countOf({ url }: Server, query: string): Promise<number> {
  const answer = (await (await fetch(`${url}/aggregate?${query}`)).json()) as { groups: { rows: number }[] };
  return answer.groups[0]?.rows ?? 0;
}

const MIB = 2 ** 20;

/** What pods and nodes use, in the lines that the server keeps of the metrics API. */
async function sendUsage(server: Server): Promise<void> {
  const samples = Array.from({ length: MINUTES }, (_, i) => {
    const ms = NOW_MS - (MINUTES - i) * MINUTE_MS;
    const wave = Math.sin(i / 5) / 2 + 1;
    const of = (amounts: object): string =>
      JSON.stringify({ level: 'trace', ...amounts, time: new Date(ms).toISOString() });
    const pods = PODS_OF_SHOP.filter(({ from, to = 0 }) => MINUTES - i <= from && MINUTES - i > to).map(
      ({ name, app, namespace = 'shop' }) => {
        // The worker grows until it is killed.
        const memory = app === 'worker' ? (160 + (i % 20) * 4.4) * MIB : 60 * wave * MIB;
        return of({
          kind: 'Pod',
          namespace,
          name,
          workload: app,
          cpu_cores: Math.round(wave * (app === 'trainer' ? 810 : 20)) / 1_000,
          memory_bytes: Math.round(memory),
          // One workload has no limit.
          ...(app !== 'payments' && { memory_limit_bytes: 256 * MIB }),
        });
      },
    );
    const nodes = ['control-1', 'worker-1', 'worker-2'].map((name, n) =>
      of({
        kind: 'Node',
        name,
        cpu_cores: Math.round(wave * (n + 1) * 300) / 1_000,
        cpu_limit_cores: 4,
        memory_bytes: Math.round((2 + n * 2.6) * 1024 * MIB),
        memory_limit_bytes: 8 * 1024 * MIB,
      }),
    );
    return { pods, nodes };
  });
  const ingest = async (labels: string, lines: readonly string[]): Promise<void> => {
    const response = await fetch(`${server.url}/ingest?source=metrics${labels}`, {
      method: 'POST',
      body: lines.join('\n'),
    });
    expect(response.status, await response.text()).toBe(200);
  };
  const pods = samples.flatMap((each) => each.pods);
  for (const namespace of ['shop', 'ml']) {
    const own = pods.filter((line) => (JSON.parse(line) as { namespace: string }).namespace === namespace);
    await ingest(`&namespace=${namespace}`, own);
  }
  await ingest(
    '',
    samples.flatMap(({ nodes }) => nodes),
  );
}

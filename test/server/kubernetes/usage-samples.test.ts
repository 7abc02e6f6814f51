/** A server whose cluster has the metrics API, from outside: the API says what pods and nodes use, queries say what is stored. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { USAGE_LINES_MAX } from '../../../server/limits.ts';
import type { KubernetesOptions } from '../../../server/kubernetes/cluster.ts';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { type Fault, type SeenRequest, TestApiServer } from '../../kubernetes/api-server.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';
import { nodeMetrics, NODE_METRICS, nodeObject, NODES, podMetrics, POD_METRICS } from '../../kubernetes/usage.ts';
import { startQuietServer } from '../quiet-server.ts';

const SAMPLE_MS = 20;

let folder: string;
let api: TestApiServer;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-usage-'));
  api = await new TestApiServer().start();
});

afterEach(async () => {
  await server.close();
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<KubernetesOptions> = {}): Promise<void> {
  const kubernetes = { api: api.url, podLabels: [], sampleMs: SAMPLE_MS, ...options };
  server = await startQuietServer(join(folder, 'data'), { kubernetes });
}

interface Row {
  readonly time: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
}

async function samples(query = ''): Promise<Row[]> {
  const response = await fetch(`${server.url}/logs?source=metrics&order=oldest&limit=10000${query}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

const isMetrics = ({ path }: SeenRequest): boolean => path.startsWith('/apis/metrics.k8s.io/');
/** The whole API but the metrics API answers. */
const failingWith =
  (fault: Fault) =>
  (request: SeenRequest): Fault =>
    isMetrics(request) ? fault : undefined;

test('each sample of a pod and of a node is a line, with the limits of the pod and the size of the node', async () => {
  api.put(PODS, {
    ...podObject('api-6b8f9c7d5-2mjqt', {
      owner: 'ReplicaSet/api-6b8f9c7d5',
      labels: { 'pod-template-hash': '6b8f9c7d5' },
    }),
    spec: {
      nodeName: 'worker-1',
      containers: [
        { name: 'api', resources: { limits: { cpu: '500m', memory: '256Mi' } } },
        { name: 'proxy', resources: { limits: { cpu: '1', memory: '64Mi' } } },
      ],
    },
  } as never);
  api.put(NODES, nodeObject('worker-1', { cpu: '4', memory: '8Gi' }));
  const timestamp = new Date(Math.floor(Date.now() / 1000) * 1000 - 15_000).toISOString();
  api.put(
    POD_METRICS,
    podMetrics('api-6b8f9c7d5-2mjqt', { api: ['41m', '148Mi'], proxy: ['2000000n', '10240Ki'] }, { timestamp }),
  );
  api.put(NODE_METRICS, nodeMetrics('worker-1', ['1200m', '4Gi'], { timestamp }));
  await start();
  await eventually(async () => expect((await samples()).length).toBeGreaterThanOrEqual(2));
  const [node] = (await samples('&kind=Node')) as [Row];
  const [pod] = (await samples('&kind=Pod')) as [Row];
  expect(node.labels).toEqual({ source: 'metrics' });
  expect(JSON.parse(node.line)).toEqual({
    level: 'trace',
    kind: 'Node',
    name: 'worker-1',
    cpu_cores: 1.2,
    cpu_limit_cores: 4,
    memory_bytes: 2 ** 32,
    memory_limit_bytes: 2 ** 33,
  });
  expect(pod.labels).toEqual({ source: 'metrics', namespace: 'shop' });
  expect(JSON.parse(pod.line)).toEqual({
    level: 'trace',
    kind: 'Pod',
    namespace: 'shop',
    name: 'api-6b8f9c7d5-2mjqt',
    workload: 'api',
    cpu_cores: 0.043,
    cpu_limit_cores: 1.5,
    memory_bytes: 158 * 2 ** 20,
    memory_limit_bytes: 320 * 2 ** 20,
  });
  expect(Date.parse(pod.time)).toBe(Date.parse(timestamp));
  // The samples of a pod are no lines of the pod.
  const response = await fetch(`${server.url}/logs?pod=api-6b8f9c7d5-2mjqt`);
  expect(await response.text()).toBe('');
});

test('samples follow each other; a container without a limit leaves its pod without one, and a time far off is that of arrival', async () => {
  api.put(PODS, {
    ...podObject('db-0', { owner: 'StatefulSet/db' }),
    spec: { containers: [{ name: 'db', resources: { limits: { memory: '1Gi' } } }, { name: 'backup' }] },
  } as never);
  api.put(POD_METRICS, podMetrics('db-0', { db: ['1', '1Gi'] }, { timestamp: '2001-01-01T00:00:00Z' }));
  api.put(POD_METRICS, podMetrics('unknown-0', {}, { timestamp: null }));
  await start();
  const beganMs = Date.now() - 60_000;
  await eventually(async () => expect((await samples('&name=db-0')).length).toBeGreaterThanOrEqual(3));
  for (const { time, line } of await samples('&name=db-0')) {
    expect(Date.parse(time)).toBeGreaterThan(beganMs);
    expect(line).toBe(
      '{"level":"trace","kind":"Pod","namespace":"shop","name":"db-0","workload":"db","cpu_cores":1,"memory_bytes":1073741824}',
    );
  }
  const [unknown] = await samples('&name=unknown-0');
  expect(unknown!.line).toBe('{"level":"trace","kind":"Pod","namespace":"shop","name":"unknown-0"}');
});

test.each<[what: string, fault: Fault]>([
  ['has no metrics API', 404],
  ['may not be read', 403],
])('a cluster whose metrics API %s is asked once, and the rest goes on', async (_, fault) => {
  api.onRequest = failingWith(fault);
  api.put(PODS, podObject('api-1'));
  await start();
  await eventually(() => expect(api.requests.some(isMetrics)).toBe(true));
  await eventually(async () => expect(await metric('podlog_kubernetes_watches')).toBe(2));
  const laterMs = Date.now() + 10 * SAMPLE_MS;
  await eventually(() => expect(Date.now()).toBeGreaterThan(laterMs));
  expect(api.requests.filter(isMetrics).map(({ path }) => path)).toEqual([POD_METRICS, NODE_METRICS]);
  expect(await samples()).toEqual([]);
});

test.each<[what: string, fault: Fault]>([
  ['fails', 503],
  ['is cut off', 'cut'],
  ['sends nonsense', { text: 'not JSON' }],
  ['sends a list without items', { text: '{"items":null}' }],
])('a sample that %s is followed by the next', async (_, fault) => {
  let isFailing = true;
  api.onRequest = (request) => (isFailing ? failingWith(fault)(request) : undefined);
  api.put(NODE_METRICS, nodeMetrics('worker-1', ['1', '1Gi']));
  await start();
  await eventually(() => expect(api.requests.filter(isMetrics).length).toBeGreaterThanOrEqual(4));
  expect(await samples()).toEqual([]);
  isFailing = false;
  await eventually(async () => expect((await samples()).length).toBeGreaterThan(0));
});

test('without nodes to be read, nodes have samples without a size', async () => {
  api.onRequest = ({ path }) => (path === NODES ? 403 : undefined);
  api.put(NODE_METRICS, nodeMetrics('worker-1', ['1', '1Gi']));
  await start();
  await eventually(async () => expect((await samples()).length).toBeGreaterThan(0));
  expect((await samples())[0]!.line).toBe(
    '{"level":"trace","kind":"Node","name":"worker-1","cpu_cores":1,"memory_bytes":1073741824}',
  );
});

test('a sample has a limit, beyond which lines are counted', async () => {
  for (let i = 0; i < USAGE_LINES_MAX + 3; i++) api.put(POD_METRICS, podMetrics(`pod-${i}`, { app: ['1m', '1Mi'] }));
  await start({ sampleMs: 3_600_000 });
  await eventually(async () => expect(await metric('podlog_kubernetes_samples_total')).toBe(USAGE_LINES_MAX));
  expect(await metric('podlog_kubernetes_dropped_samples_total')).toBe(3);
  const stored = async (): Promise<unknown> =>
    (await fetch(`${server.url}/aggregate?source=metrics&distinct=name`)).json();
  const group = { by: {}, rows: USAGE_LINES_MAX, distinct: { name: USAGE_LINES_MAX } };
  await eventually(async () => expect(await stored()).toEqual({ groups: [group], distinct: 1 }));
});

test('what is switched off is not asked for', async () => {
  api.put(NODE_METRICS, nodeMetrics('worker-1', ['1', '1Gi']));
  await start({ isSampled: false });
  await eventually(async () => expect(await metric('podlog_kubernetes_watches')).toBe(2));
  expect(api.requests.filter(isMetrics)).toEqual([]);
});

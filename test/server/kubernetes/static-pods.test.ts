/**
 * Acceptance check 27 of agents: the log folder of a static pod is named after the hash of its manifest. An agent reads
 * it, and the server finds the pod; while the API is away, lines have what the path says. How long lines wait for that is
 * tested in batch-labeller.test.ts, by a clock that stands still.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import { type Server, startServer } from '../../../server/main.ts';
import { cri } from '../../agent/pods.ts';
import { TestApiServer } from '../../kubernetes/api-server.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';

const HASH = '5f2a0f0c3d6e4b7a8c9d0e1f2a3b4c5d';
const log = pino({ level: 'silent' });

let root: string;
let api: TestApiServer;
let server: Server;
let agent: Agent;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'podlog-static-'));
  mkdirSync(join(root, 'pods'));
  api = await new TestApiServer().start();
  const annotations = { 'kubernetes.io/config.hash': HASH, 'kubernetes.io/config.mirror': HASH };
  api.put(PODS, podObject('etcd-worker-1', { namespace: 'kube-system', owner: 'Node/worker-1', annotations }));
});

afterEach(async () => {
  await agent.stop();
  await server.close();
  await api.stop();
  rmSync(root, { recursive: true });
});

async function start(): Promise<void> {
  server = await startServer({
    dataDir: join(root, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    indexedFields: [],
    kubernetes: { api: api.url, podLabels: [] },
    log,
  });
  agent = await startAgent({ podsDir: join(root, 'pods'), serverUrl: server.url, node: 'worker-1', log, tickMs: 10 });
}

function write(pod: string, text: string): void {
  const folder = join(root, 'pods', pod, 'etcd');
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, '0.log'), cri(text));
}

/** Lines that match, once there are as many as are wanted. */
async function found(query: string, want: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const response = await fetch(`${server.url}/logs?${query}&order=oldest&format=raw`);
      expect((await response.text()).split('\n').filter((line) => line !== '')).toEqual(want);
    },
    { timeout: 10_000, interval: 5 },
  );
}

test('lines of a static pod have its labels', async () => {
  write(`kube-system_etcd-worker-1_${HASH}`, 'elected');
  await start();
  await found('app=etcd&owner=Node/worker-1&namespace=kube-system&pod=etcd-worker-1&container=etcd', ['elected']);
});

test('the API is away: lines have what their path says', async () => {
  await api.stop();
  write(`kube-system_etcd-worker-1_${HASH}`, 'one');
  await start();
  await found('namespace=kube-system&pod=etcd-worker-1&container=etcd&node=worker-1', ['one']);
  await found('app=etcd', []);
  write('shop_other_uid', 'two');
  await found('pod=other', ['two']);
});

/** Acceptance check 28 of agents, with a server that follows a cluster: pods say by annotation that they are left alone. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import { type Server, startServer } from '../../../server/main.ts';
import { cri, openInodes } from '../../agent/pods.ts';
import { TestApiServer } from '../../kubernetes/api-server.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';

const log = pino({ level: 'silent' });

let root: string;
let api: TestApiServer;
let server: Server;
let agent: Agent;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'podlog-rules-'));
  mkdirSync(join(root, 'pods'));
  api = await new TestApiServer().start();
});

afterEach(async () => {
  await agent.stop();
  await server.close();
  await api.stop();
  rmSync(root, { recursive: true });
});

async function start(rules: string): Promise<void> {
  const rulesPath = join(root, 'rules.yaml');
  writeFileSync(rulesPath, rules);
  server = await startServer({
    dataDir: join(root, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    indexedFields: [],
    rulesPath,
    kubernetes: { api: api.url, podLabels: [] },
    log,
  });
  agent = await startAgent({
    podsDir: join(root, 'pods'),
    serverUrl: server.url,
    node: 'worker-1',
    log,
    tickMs: 10,
    rulesAskMs: 10,
  });
}

const path = (container: string): string => join(root, 'pods', 'shop_api-1_uid-of-api-1', container, '0.log');

function write(container: string, text: string): void {
  mkdirSync(join(path(container), '..'), { recursive: true });
  appendFileSync(path(container), cri(text));
}

const isOpen = (container: string): boolean => openInodes().has(statSync(path(container)).ino);

/** The lines that are stored, once they are those that are wanted. */
async function found(want: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const response = await fetch(`${server.url}/logs?order=oldest&format=raw`);
      expect((await response.text()).split('\n').filter((line) => line !== '')).toEqual(want);
    },
    { timeout: 10_000, interval: 5 },
  );
}

test('annotations and labels of a pod shut its files, and open them again', async () => {
  const pod = (annotations: Record<string, string>, labels = {}) => podObject('api-1', { annotations, labels });
  api.put(PODS, pod({ 'podlog.io/exclude-containers': 'proxy, other' }));
  await start("exclude: [{ labels: { 'team/name': 'b*' } }]\nredact: [email]");
  write('proxy', 'p1');
  write('app', 'from a@b.example');
  await found(['from [redacted:email]']);
  expect(isOpen('proxy')).toBe(false);

  api.put(PODS, pod({ 'podlog.io/exclude': 'true' }));
  await vi.waitFor(() => expect(isOpen('app')).toBe(false), { timeout: 10_000, interval: 5 });

  api.put(PODS, pod({}));
  await found(['p1', 'from [redacted:email]']);

  api.put(PODS, pod({}, { 'team/name': 'billing' }));
  await vi.waitFor(() => expect(isOpen('app') || isOpen('proxy')).toBe(false), { timeout: 10_000, interval: 5 });
});

test('the answer has an etag, and is short when it is known', async () => {
  await start('drop: [{ text: noise }]');
  const ask = (etag: string) =>
    fetch(`${server.url}/agent/rules?node=worker-1`, { headers: { 'if-none-match': etag } });
  await vi.waitFor(
    async () => {
      const answer = await ask('');
      expect(await answer.json()).toEqual({
        rules: { include: [], exclude: [], drop: [{ name: 'noise', text: 'noise' }], redact: [] },
        pods: [],
      });
      const again = await ask(answer.headers.get('etag')!);
      expect(again.status).toBe(304);
      expect(await again.text()).toBe('');
    },
    { timeout: 5_000 },
  );
  expect((await fetch(`${server.url}/agent/rules`)).status).toBe(400);
});

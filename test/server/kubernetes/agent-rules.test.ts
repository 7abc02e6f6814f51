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

async function start(rules: string, serverLog = log): Promise<void> {
  const rulesPath = join(root, 'rules.yaml');
  writeFileSync(rulesPath, rules);
  server = await startServer({
    dataDir: join(root, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    indexedFields: [],
    rulesPath,
    kubernetes: { api: api.url, podLabels: [] },
    log: serverLog,
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

async function stored(filter = ''): Promise<string> {
  const response = await fetch(`${server.url}/logs?order=oldest&format=raw&${filter}`);
  return response.text();
}

/** The lines that are stored, once they are those that are wanted. */
async function found(want: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      expect((await stored()).split('\n').filter((line) => line !== '')).toEqual(want);
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

test('the parser that a pod asks for is the one that cuts its lines, and may change', async () => {
  const pod = (parser?: string) =>
    podObject('api-1', { annotations: parser === undefined ? {} : { 'podlog.io/parser': parser } });
  let n = 0;
  /** Writes such a line after the other, until one is found by its field as it is wanted. */
  const untilCut = async (line: (n: number) => string, isFound: boolean): Promise<void> => {
    await vi.waitFor(
      async () => {
        const text = line(++n);
        write('app', text);
        await vi.waitFor(async () => expect(await stored()).toContain(`${text}\n`), { timeout: 5_000, interval: 5 });
        expect((await stored(`n=${n}`)) === `${text}\n`).toBe(isFound);
      },
      { timeout: 10_000, interval: 5 },
    );
  };
  const json = (each: number): string => `{"a":1,"n":${each}}`;
  const logfmt = (each: number): string => `a=1 n=${each}`;
  api.put(PODS, pod('raw'));
  await start('');
  await untilCut(json, false);
  await untilCut(logfmt, false);
  api.put(PODS, pod('json'));
  await untilCut(json, true);
  await untilCut(logfmt, false);
  api.put(PODS, pod('logfmt'));
  await untilCut(logfmt, true);
  await untilCut(json, false);
  api.put(PODS, pod());
  await untilCut(json, true);
  await untilCut(logfmt, true);
});

test('a parser that there is not is said once, and lines are cut as ever', async () => {
  const lines: string[] = [];
  const seen = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  api.put(PODS, podObject('api-1', { annotations: { 'podlog.io/parser': 'yaml' } }));
  await start('', seen);
  write('app', 'user_id=7 n=1');
  await found(['user_id=7 n=1']);
  expect(await stored('user_id=7')).toBe('user_id=7 n=1\n');
  api.put(PODS, podObject('api-1', { annotations: { 'podlog.io/parser': 'yaml' }, labels: { a: 'b' } }));
  write('app', 'user_id=7 n=2');
  await found(['user_id=7 n=1', 'user_id=7 n=2']);
  const said = lines.filter((line) => line.includes('podlog.io/parser'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('none of auto, json, logfmt, klog, raw');
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

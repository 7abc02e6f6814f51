/** `/agents` with agents at work: what the server says of them is what their files say. */
import { appendFileSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import type { Server } from '../../../server/main.ts';
import { AGENT_STATUS_HEADER, encodeAgentStatus } from '../../../shared/agent-status.ts';
import { eventually } from '../../eventually.ts';
import { startQuietServer } from '../quiet-server.ts';

const READ = 'read-token-0123456789';
const SHOP = 'shop-token-0123456789';
const NODE = 'node-token-0123456789';

interface Shown {
  readonly node: string;
  readonly state: string;
  readonly last_seen: string | null;
  readonly caught_up: string | null;
  readonly version: string | null;
  readonly started: string | null;
  readonly lag: { readonly bytes: number; readonly seconds: number } | null;
  readonly lines: number | null;
  readonly lost: { readonly times: number; readonly bytes: number; readonly reasons: object } | null;
}

let folder: string;
let server: Server;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-agents-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'read', token: READ, scopes: ['read'] },
    { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
    { name: 'worker-1', token: NODE, scopes: ['agent'], nodes: ['worker-1'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  mkdirSync(join(folder, 'pods'));
  agent = await startAgent({
    podsDir: join(folder, 'pods'),
    serverUrl: server.url,
    node: 'worker-1',
    token: () => NODE,
    log: pino({ level: 'silent' }),
    version: '9.8.7',
    tickMs: 10,
    quietMs: 30,
    vouchMs: 50,
    rulesAskMs: 20,
  });
});
afterAll(async () => {
  await agent.stop();
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string, token = READ): Promise<{ status: number; text: string }> {
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text() };
}

async function shown(): Promise<Shown[]> {
  return (JSON.parse((await get('/agents')).text) as { agents: Shown[] }).agents;
}

const path = (): string => join(folder, 'pods', 'shop_api-1_uid-1', 'api', '0.log');
const lines = (from: number, count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `2026-11-23T15:01:12.${String(from + n).padStart(9, '0')}Z stdout F line ${from + n}\n`,
  ).join('');

test('an agent that has nothing to send is up all the same, and says so again and again', async () => {
  const first = await eventually(async () => {
    const [only, ...others] = await shown();
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      node: 'worker-1',
      state: 'up',
      version: '9.8.7',
      lag: { bytes: 0, seconds: 0 },
      lines: 0,
    });
    expect(only!.lost).toEqual({ times: 0, bytes: 0, reasons: {} });
    return only!;
  });
  await eventually(async () => expect((await shown())[0]!.last_seen! > first.last_seen!).toBe(true));
});

test('its lines are those of its files, and its losses those that it has marked', async () => {
  mkdirSync(dirname(path()), { recursive: true });
  writeFileSync(path(), lines(0, 250));
  await eventually(async () => expect((await shown())[0]).toMatchObject({ lines: 250, lag: { bytes: 0, seconds: 0 } }));
  expect(agent.metrics()).toContain(`podlog_agent_stored_bytes_total ${statSync(path()).size}\n`);
  truncateSync(path());
  await eventually(async () => {
    expect((await shown())[0]!.lost).toMatchObject({ times: 1, reasons: { truncated: { times: 1 } } });
  });
  appendFileSync(path(), lines(250, 5));
  await eventually(async () => {
    const { text } = await get('/logs?format=raw&stream=podlog');
    expect(text.split('\n').slice(0, -1)).toHaveLength(1);
    expect((await shown())[0]).toMatchObject({ lines: 256, lag: { bytes: 0 } });
  });
  const { text } = await get('/metrics');
  expect(text).toContain('podlog_node_agent_up{node="worker-1"} 1\n');
  expect(text).toContain('podlog_node_lag_bytes{node="worker-1"} 0\n');
  expect(text).toContain('podlog_node_lag_seconds{node="worker-1"} 0\n');
  expect(text).toContain('podlog_node_losses{node="worker-1",reason="truncated"} 1\n');
  expect(text).toMatch(/^podlog_node_agent_last_seen_seconds\{node="worker-1"\} \d+/m);
});

test('no agent speaks for the agent of another node, and a token of a namespace sees none', async () => {
  const status = encodeAgentStatus({ version: 'forged', startedMs: 0, lagBytes: 0, lagMs: 0, lines: 0, losses: {} });
  const headers = { authorization: `Bearer ${NODE}`, [AGENT_STATUS_HEADER]: status };
  for (const route of ['rules', 'positions']) {
    const response = await fetch(`${server.url}/agent/${route}?node=worker-2`, { headers });
    expect(response.status).toBe(403);
  }
  expect((await shown()).map(({ node }) => node)).toEqual(['worker-1']);
  const { status: refused, text } = await get('/agents', SHOP);
  expect([refused, text]).toEqual([403, expect.stringContaining('this is about all namespaces')]);
});

test('an agent that does not know what the server asks, or says nonsense, is listed without', async () => {
  await agent.stop();
  const headers = { authorization: `Bearer ${NODE}`, [AGENT_STATUS_HEADER]: 'nonsense' };
  expect((await fetch(`${server.url}/agent/rules?node=worker-1`, { headers })).status).toBe(200);
  // What it said before is still what it last said.
  expect((await shown())[0]).toMatchObject({ state: 'up', version: '9.8.7', lines: 256 });
});

/** An agent speaks for its node alone: what one with a token of another node can read, move or forge, which is nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LABEL_VALUE_BYTES_MAX, LABELS_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import type { Labels } from '../../../shared/labels.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, type BatchOfLines, numberedLines, range } from '../engines/embedded/batches.ts';

const TOKENS = { victim: 'victim-0123456789abc', attacker: 'attacker-0123456789ab', admin: 'admin-0123456789abcdef' };
type Name = keyof typeof TOKENS;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-agent-node-'));
  const entries = [
    { name: 'victim', token: TOKENS.victim, scopes: ['agent'], nodes: ['worker-1'] },
    { name: 'attacker', token: TOKENS.attacker, scopes: ['agent', 'ingest'], nodes: ['worker-2', 'worker-3'] },
    { name: 'admin', token: TOKENS.admin, scopes: ['admin'] },
  ];
  await writeFile(join(folder, 'tokens.yaml'), JSON.stringify(entries));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile: join(folder, 'tokens.yaml') } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function call(as: Name, method: string, path: string, body?: Buffer | string, key?: string): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${TOKENS[as]}`, ...(key !== undefined && { 'idempotency-key': key }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  return { status: response.status, text: await response.text() };
}

function send(as: Name, batch: BatchOfLines): Promise<Answer> {
  return call(as, 'POST', '/agent/batch', batchOf(batch));
}

async function textsOf(query: string): Promise<string[]> {
  const { text } = await call('admin', 'GET', `/logs?${query}&format=raw&order=oldest`);
  return text.split('\n').slice(0, -1);
}

test.for<[method: string, path: string]>([
  ['GET', '/agent/positions?node=worker-1'],
  ['GET', '/agent/rules?node=worker-1'],
  ['GET', '/agent/positions?node=%2Fkubernetes'],
])('%s %s of another node is refused', async ([method, path]) => {
  const { status, text } = await call('attacker', method, path);
  expect(status).toBe(403);
  expect(text).toMatch(/speaks for the node worker-2, worker-3 alone|cannot be the name of a node/);
});

test('each of its nodes, and for whoever administers the server each node, is served', async () => {
  for (const node of ['worker-2', 'worker-3']) {
    expect((await call('attacker', 'GET', `/agent/positions?node=${node}`)).status).toBe(200);
  }
  expect((await call('admin', 'GET', '/agent/positions?node=worker-1')).status).toBe(200);
});

test('a batch of another node is refused, and none has the names of the server itself', async () => {
  const lines = numberedLines('refused', 0, 1);
  for (const node of ['worker-1', '', '/kubernetes']) {
    expect((await send('attacker', { node, lines, files: [range('r', 0, 1)] })).status, node).toBe(403);
  }
  for (const node of ['', '/kubernetes']) expect((await send('admin', { node, lines })).status, node).toBe(403);
  expect(await textsOf('name=refused')).toEqual([]);
});

test("a batch that names another node's files moves none of its positions", async () => {
  const own = { node: 'worker-1', lines: numberedLines('own', 0, 10), files: [range('shared', 0, 10)] };
  const forged = { node: 'worker-2', lines: numberedLines('forged', 0, 1), files: [range('shared', 0, 1000)] };
  expect((await send('attacker', forged)).status).toBe(200);
  expect(await send('victim', own)).toEqual({ status: 200, text: '{"rows":10}' });
  expect((await send('attacker', { node: 'worker-2', gone: ['shared'] })).status).toBe(200);
  const { text } = await call('victim', 'GET', '/agent/positions?node=worker-1');
  expect(JSON.parse(text)).toEqual({ positions: [{ file: 'shared', stdout: 10, stderr: 0 }] });
  expect(await textsOf('name=own')).toHaveLength(10);
});

test('files with the names of keys and of the cluster are files of the node like any other', async () => {
  const files = [range('key:k1', 0, 5), range('kubernetes/events', 0, 2 ** 40)];
  expect((await send('attacker', { node: 'worker-2', lines: numberedLines('key', 0, 1), files })).status).toBe(200);
  const push = await call('attacker', 'POST', '/ingest?app=a', '{"name":"keyed"}\n', 'k1');
  expect(push).toEqual({ status: 200, text: '{"lines":1}' });
  expect(await textsOf('name=keyed')).toHaveLength(1);
});

const many = (count: number): Labels => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

test.for<[what: string, labels: Labels, status: number, message: RegExp]>([
  ['as many as allowed', many(LABELS_MAX), 200, /rows/],
  ['one more', many(LABELS_MAX + 1), 400, /31 labels; at most 30/],
  ['thousands', many(5000), 400, /5000 labels/],
  ['a long value', { pod: 'x'.repeat(LABEL_VALUE_BYTES_MAX + 1) }, 400, /too long; allowed: at most 1024 bytes/],
  ['a long name', { ['x'.repeat(129)]: 'x' }, 400, /not a label name/],
  ['no name', { 'a b': 'x' }, 400, /not a label name/],
  ['another node', { node: 'worker-1' }, 403, /lines of the node worker-1/],
  ["the cluster's events", { source: 'events' }, 400, /podlog itself records/],
])('labels of an agent: %s', async ([what, labels, status, message]) => {
  const lines = [{ text: '{"name":"labels"}', labels }];
  const answer = await send('attacker', { node: 'worker-3', lines, files: [range(what, 0, 1)] });
  expect(answer.status).toBe(status);
  expect(answer.text).toMatch(message);
});

test.for([['source=events'], ['stream=podlog'], ['app=x&stream=podlog']])(
  'a push of %s, which podlog itself writes, is refused',
  async ([labels]) => {
    const { status, text } = await call('attacker', 'POST', `/ingest?${labels}`, 'forged\n');
    expect(status).toBe(400);
    expect(text).toMatch(/podlog itself/);
  },
);

/** A server with a cluster, from outside: agents' batches and the Kubernetes API go in, queries say what is stored. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventObject } from '../../../server/kubernetes/objects.ts';
import type { Server } from '../../../server/main.ts';
import { BATCH_CONTENT_TYPE } from '../../../shared/wire.ts';
import { eventually } from '../../eventually.ts';
import { TestApiServer } from '../../kubernetes/api-server.ts';
import { eventObject, EVENTS, podObject, PODS, restarted } from '../../kubernetes/objects.ts';
import { startQuietServer } from '../quiet-server.ts';
import { batchOf, range, TODAY } from '../engines/embedded/batches.ts';

let folder: string;
let api: TestApiServer;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-cluster-'));
  api = await new TestApiServer().start();
});

afterEach(async () => {
  await server.close();
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = await startQuietServer(join(folder, 'data'), { kubernetes: { api: api.url, podLabels: ['team'] } });
}

async function restart(): Promise<void> {
  await server.close();
  await start();
}

/** Sends a line of a pod, as its node's agent does. */
async function send(name: string, from: number, uid = `uid-of-${name}`): Promise<void> {
  const labels = { namespace: 'shop', pod: name, container: 'api', stream: 'stdout', node: 'worker-1' };
  const batch = batchOf({
    lines: [{ text: `{"n":${from},"uid":"${uid}"}`, day: TODAY, labels }],
    files: [range(`${uid}/api/0@2026-11-23T15:00:00Z`, from, from + 1)],
    node: 'worker-1',
  });
  const response = await fetch(`${server.url}/agent/batch`, {
    method: 'POST',
    body: new Uint8Array(batch),
    headers: { 'content-type': BATCH_CONTENT_TYPE },
  });
  expect(response.status, await response.text()).toBe(200);
}

type Found = Readonly<Record<string, unknown>>;

/** Lines that match, oldest first: time, labels and fields, as the server shows them. */
async function logs(query: string): Promise<Found[]> {
  const response = await fetch(`${server.url}/logs?${query}&order=oldest&limit=10000`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Found);
}

async function lines(query: string): Promise<string[]> {
  const response = await fetch(`${server.url}/logs?${query}&order=oldest&limit=10000&format=raw`);
  return (await response.text()).split('\n').filter((line) => line !== '');
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

const watches = (): Promise<void> => eventually(async () => expect(await metric('podlog_kubernetes_watches')).toBe(2));

const put = (name: string, app: string, changes: Parameters<typeof podObject>[1] = {}): void =>
  api.put(PODS, podObject(name, { labels: { app, team: 'blue' }, owner: `StatefulSet/${app}`, ...changes }));

const putEvent = (name: string, changes: Partial<EventObject> = {}): void =>
  api.put(EVENTS, eventObject(name, changes));

async function messages(query = 'source=events'): Promise<string[]> {
  return (await lines(query)).map((line) => (JSON.parse(line) as { message: string }).message).toSorted();
}

test('lines are found by the labels of their pod, those that come before the first list too', async () => {
  put('api-0', 'api');
  const list = Promise.withResolvers<undefined>();
  api.onRequest = ({ isWatch }) => (isWatch ? undefined : list.promise);
  await start();
  const sent = send('api-0', 0);
  await eventually(() => expect(api.requests.length).toBeGreaterThan(0));
  list.resolve(undefined);
  await sent;
  expect(await logs('app=api&team=blue&owner=StatefulSet/api&namespace=shop&pod=api-0')).toHaveLength(1);
  expect(await logs('app=other')).toEqual([]);
});

test('the API is away when the server starts: lines are stored without labels, and have them when it is back', async () => {
  await api.stop();
  put('api-0', 'api');
  await start();
  await send('api-0', 0);
  expect(await logs('app=api')).toEqual([]);
  expect(await lines('pod=api-0')).toHaveLength(1);
  await api.start();
  await watches();
  await send('api-0', 1);
  expect(await lines('app=api')).toEqual(['{"n":1,"uid":"uid-of-api-0"}']);
});

test('the API is away later: what is known goes on, and what happens then is caught up with', async () => {
  put('api-0', 'api');
  await start();
  await watches();
  await api.stop();
  await eventually(async () => expect(await metric('podlog_kubernetes_watches')).toBe(0));
  await send('api-0', 0);
  put('new-0', 'new');
  putEvent('e1');
  await send('new-0', 0);
  api.compact();
  await api.start();
  await watches();
  await send('new-0', 1);
  expect(await lines('app=api')).toHaveLength(1);
  expect(await lines('app=new')).toEqual(['{"n":1,"uid":"uid-of-new-0"}']);
  await eventually(async () => expect(await messages()).toEqual(['message of e1']));
});

test('a pod that is deleted before its lines arrive, and one that takes its name', async () => {
  put('db-0', 'db', { uid: 'old', labels: { app: 'db', team: 'blue' } });
  await start();
  await watches();
  api.remove(PODS, podObject('db-0'));
  put('db-0', 'db', { uid: 'new', labels: { app: 'db', team: 'red' } });
  await send('db-0', 0, 'new');
  await send('db-0', 0, 'old');
  expect(await lines('team=red')).toEqual(['{"n":0,"uid":"new"}']);
  expect(await lines('team=blue')).toEqual(['{"n":0,"uid":"old"}']);
});

test('an agent that is faster than the watch', async () => {
  await start();
  await watches();
  const sent = send('api-0', 0);
  put('api-0', 'api');
  await sent;
  expect(await lines('app=api')).toHaveLength(1);
});

test('2,000 pods', async () => {
  for (let i = 0; i < 2000; i++) put(`p-${i}`, `app-${i % 50}`);
  await start();
  await eventually(async () => expect(await metric('podlog_kubernetes_pods')).toBe(2000));
  await send('p-1999', 0);
  expect(await lines('app=app-49')).toHaveLength(1);
});

test('events are found by what they are about, and each is stored once', async () => {
  putEvent('e1', { type: 'Normal', reason: 'Scheduled' });
  putEvent('e2', { involvedObject: { kind: 'Node', name: 'worker-1' }, reason: 'NodeNotReady' });
  await start();
  await watches();
  putEvent('e3', { reason: 'OOMKilling' });
  await eventually(async () => expect(await messages()).toHaveLength(3));
  expect(await messages('source=events&namespace=shop&kind=Pod&name=api-1')).toEqual([
    'message of e1',
    'message of e3',
  ]);
  expect(await messages('kind=Node&reason=NodeNotReady')).toEqual(['message of e2']);
  expect(await messages('source=events&level=warn')).toEqual(['message of e2', 'message of e3']);
});

test('events over restarts of both sides, in the middle of them', async () => {
  await start();
  const sent: string[] = [];
  const happen = (): void => {
    const name = `e${String(sent.length).padStart(5, '0')}`;
    sent.push(`message of ${name}`);
    putEvent(name);
  };
  for (let round = 0; round < 6; round++) {
    const goOn = setInterval(happen, 10);
    await eventually(async () => expect((await messages()).length).toBeGreaterThan(round * 20));
    if (round % 3 === 1) api.compact();
    if (round % 3 === 2) await api.stop();
    await restart();
    if (round % 3 === 2) await api.start();
    clearInterval(goOn);
  }
  await eventually(async () => expect(await messages()).toEqual(sent));
  await restart();
  await watches();
  expect(await messages()).toEqual(sent);
});

test('a container that was killed says so in its stream, once, over lists and restarts', async () => {
  const ended = { exitCode: 137, reason: 'OOMKilled', finishedAt: new Date().toISOString() };
  put('api-0', 'api', { status: { containerStatuses: [restarted('api', 4, ended)] } });
  await start();
  await watches();
  put('api-0', 'api', { status: { containerStatuses: [restarted('api', 5, ended)] } });
  const want = [
    'container api ended: exit code 137, OOMKilled, restart 3',
    'container api ended: exit code 137, OOMKilled, restart 4',
  ];
  const query = 'stream=podlog&namespace=shop&pod=api-0&container=api&node=worker-1&app=api';
  await eventually(async () => expect(await lines(query)).toEqual(want));
  await restart();
  await watches();
  put('api-0', 'api', {
    status: { phase: 'Failed', reason: 'Evicted', containerStatuses: [restarted('api', 5, ended)] },
  });
  await eventually(async () => expect(await lines('stream=podlog')).toEqual([...want, 'pod api-0 ended: Evicted']));
});

test('the last word on a pod that is deleted', async () => {
  put('job-1', 'job');
  await start();
  await watches();
  const terminated = { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() };
  const last = podObject('job-1', {
    status: { containerStatuses: [{ name: 'job', restartCount: 0, state: { terminated } }] },
  });
  api.isMute = true;
  api.put(PODS, last);
  api.isMute = false;
  api.remove(PODS, last);
  const want = ['container job ended: exit code 0, Completed, restart 0'];
  await eventually(async () => expect(await lines('stream=podlog')).toEqual(want));
});

test('nodes that have pods and no agent are listed as such', async () => {
  put('api-0', 'api');
  put('api-1', 'api', { node: 'worker-2' });
  await start();
  await watches();
  await send('api-0', 0);
  const states = async (): Promise<unknown> => {
    const { agents } = (await (await fetch(`${server.url}/agents`)).json()) as {
      agents: { node: string; state: string }[];
    };
    return agents.map(({ node, state }) => `${node} ${state}`);
  };
  expect(await states()).toEqual(['worker-1 up', 'worker-2 missing']);
  api.remove(PODS, podObject('api-1', { node: 'worker-2' }));
  await eventually(async () => expect(await states()).toEqual(['worker-1 up']));
});

test('a new image of a workload is a line, once over lists and restarts, and also when the server was down', async () => {
  const deploy = (name: string, hash: string, version: number, namespace = 'shop'): void => {
    const labels = { app: name, 'pod-template-hash': hash };
    const images = { [name]: `shop/${name}:v${version}` };
    const pod = { namespace, uid: `${name}-${hash}`, labels, images, owner: `ReplicaSet/${name}-${hash}` };
    api.put(PODS, podObject(`${name}-${hash}-x`, { ...pod, created: new Date().toISOString() }));
  };
  deploy('api', 'aaa', 1);
  deploy('mail', 'aaa', 7, 'other');
  await start();
  await watches();
  deploy('api', 'bbb', 2);
  const first = ['api: first seen with image v1', 'mail: first seen with image v7', 'api: image v1 → v2'].toSorted();
  await eventually(async () => expect(await messages('source=changes')).toEqual(first));
  await restart();
  await watches();
  await server.close();
  deploy('api', 'ccc', 3);
  await start();
  await watches();
  const all = [...first, 'api: image v2 → v3'].toSorted();
  await eventually(async () => expect(await messages('source=changes')).toEqual(all));
  await restart();
  await watches();
  expect(await messages('source=changes')).toEqual(all);
  const [last] = (await logs('source=changes&workload=api&q=v3')) as { labels: object; line: string }[];
  expect(last!.labels).toEqual({ namespace: 'shop', source: 'changes', workload: 'api' });
  expect(JSON.parse(last!.line)).toMatchObject({
    kind: 'Deployment',
    name: 'api',
    container: 'api',
    old_image: 'shop/api:v2',
    new_image: 'shop/api:v3',
    old_hash: 'bbb',
    new_hash: 'ccc',
  });
  // A change is no line of its app.
  expect(await lines('app=api')).toEqual([]);
});

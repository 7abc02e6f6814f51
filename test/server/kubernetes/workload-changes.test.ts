/** Which changes of a workload are recorded, whatever order pods come and go in, and whenever the server starts. */
import { beforeEach, expect, test } from 'vitest';
import type { PodObject } from '../../../server/kubernetes/objects.ts';
import type { Entry } from '../../../server/kubernetes/recorder.ts';
import { WorkloadChanges } from '../../../server/kubernetes/workload-changes.ts';
import { podObject } from '../../kubernetes/objects.ts';

const START_MS = Date.parse('2026-11-23T15:00:00Z');

let nowMs: number;
/** What is stored: survives restarts. */
let stored: Entry[];
let positions: Map<string, number>;
let changes: WorkloadChanges;

function start(): void {
  changes = new WorkloadChanges({
    now: () => nowMs,
    recorder: {
      add: async (entry) => {
        if (entry.offset <= (positions.get(entry.file) ?? 0)) return;
        positions.set(entry.file, entry.offset);
        stored.push(entry);
      },
      files: () => [...positions.keys()].filter((file) => !gone.has(file)),
      known: (file) => positions.get(file) ?? 0,
      forget: (files) => {
        for (const file of files) gone.add(file);
      },
    },
  });
}
/** Positions are kept for a while when a file is gone; one that is recorded again is not gone. */
let gone: Set<string> & { add(file: string): Set<string> };

beforeEach(() => {
  nowMs = START_MS;
  stored = [];
  positions = new Map();
  gone = new Set();
  start();
});

let made = 0;
/** A pod that is made now. */
function pod(
  hash: string,
  image: string,
  changed: { readonly name?: string; readonly owner?: string; readonly images?: Record<string, string> } = {},
): PodObject {
  const { name = 'api', owner = `ReplicaSet/${name}-${hash}`, images = { api: image } } = changed;
  const label = owner.startsWith('ReplicaSet') ? 'pod-template-hash' : 'controller-revision-hash';
  nowMs += 1000;
  return podObject(`${name}-${hash}-${++made}`, {
    owner,
    images,
    labels: { app: name, [label]: hash },
    created: new Date(nowMs).toISOString(),
  });
}

async function list(...pods: readonly PodObject[]): Promise<void> {
  changes.begin();
  for (const each of pods) await changes.changed(each);
  await changes.listed();
}

async function add(...pods: readonly PodObject[]): Promise<void> {
  for (const each of pods) {
    nowMs += 100;
    await changes.changed(each);
  }
}

const messages = (): string[] => stored.map(({ line }) => (JSON.parse(line) as { message: string }).message);
const V = (n: number): string => `registry.example:5000/shop/api:v1.${n}.0`;

test('a new image is a line of its workload, at the time of its first pod', async () => {
  await list(pod('aaa', V(41)), pod('aaa', V(41)));
  expect(messages()).toEqual(['api: first seen with image v1.41.0']);
  const first = pod('bbb', V(42));
  await add(first, pod('bbb', V(42)));
  expect(stored).toHaveLength(2);
  const { labels, epochMs, line } = stored[1]!;
  expect(labels).toEqual({ source: 'changes', namespace: 'shop', workload: 'api' });
  expect(epochMs).toBe(Date.parse(String(first.metadata.creationTimestamp)));
  expect(JSON.parse(line)).toEqual({
    level: 'info',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'api',
    container: 'api',
    old_image: V(41),
    new_image: V(42),
    old_hash: 'aaa',
    new_hash: 'bbb',
    message: 'api: image v1.41.0 → v1.42.0',
  });
});

test.each<[string, Record<string, string>, Record<string, string>, string]>([
  ['another repository', { api: 'a/api:1' }, { api: 'b/api:1' }, 'api: image a/api:1 → b/api:1'],
  ['the same image', { api: 'a:1' }, { api: 'a:1' }, 'api: new pod template, images unchanged'],
  [
    'a digest',
    { api: `a@sha256:${'1'.repeat(64)}` },
    { api: `a@sha256:${'2'.repeat(64)}` },
    `api: image sha256:${'1'.repeat(12)} → sha256:${'2'.repeat(12)}`,
  ],
  ['one container of two', { api: 'a:1', log: 'l:1' }, { api: 'a:1', log: 'l:2' }, 'api: image of log 1 → 2'],
  ['both', { api: 'a:1', log: 'l:1' }, { api: 'a:2', log: 'l:2' }, 'api: image of api 1 → 2, image of log 1 → 2'],
  ['a new container', { api: 'a:1' }, { api: 'a:1', log: 'l:1' }, 'api: container log is new'],
  ['one that is gone', { api: 'a:1', log: 'l:1' }, { api: 'a:1' }, 'api: container log is gone'],
  [
    'names too long to be kept',
    { api: `a/${'x'.repeat(700)}:1` },
    { api: 'a:2' },
    `api: image a/${'x'.repeat(700)}:1 → a:2`,
  ],
])('%s', async (_, before, after, message) => {
  await list(pod('aaa', '', { images: before }));
  await add(pod('bbb', '', { images: after }));
  expect(messages()[1]).toBe(message);
});

test('old pods that are made again while the new ones come are no change', async () => {
  const old = [pod('aaa', V(1)), pod('aaa', V(1))];
  await list(...old);
  await add(pod('bbb', V(2)));
  await changes.deleted(old[0]!);
  await add(pod('aaa', V(1)), pod('bbb', V(2)));
  await changes.deleted(old[1]!);
  expect(messages()).toEqual(['api: first seen with image v1.1.0', 'api: image v1.1.0 → v1.2.0']);
});

test('back to the version before is a change, during the update and after it', async () => {
  const old = pod('aaa', V(1));
  await list(old);
  const tried = pod('bbb', V(2));
  await add(tried);
  await changes.deleted(tried);
  expect(messages().slice(1)).toEqual(['api: image v1.1.0 → v1.2.0', 'api: image v1.2.0 → v1.1.0']);
  const next = pod('bbb', V(2));
  await add(next);
  await changes.deleted(old);
  const back = pod('aaa', V(1));
  await add(back);
  await changes.deleted(next);
  expect(messages().slice(3)).toEqual(['api: image v1.1.0 → v1.2.0', 'api: image v1.2.0 → v1.1.0']);
  // Each is later than the one before, also under a name that was used.
  expect(stored.map(({ epochMs }) => epochMs)).toEqual(stored.map(({ epochMs }) => epochMs).toSorted((a, b) => a - b));
});

test('after a restart nothing is recorded again, and what happened meanwhile is', async () => {
  const [api, web] = [pod('aaa', V(1)), pod('w1', V(5), { name: 'web' })];
  await list(api, web);
  expect(stored).toHaveLength(2);
  start();
  await list(api, web);
  expect(stored).toHaveLength(2);
  start();
  await list(api, pod('w2', V(6), { name: 'web' }));
  expect(messages().slice(2)).toEqual(['web: image v1.5.0 → v1.6.0']);
  start();
  await list(api);
  await add(pod('w2', V(6), { name: 'web' }));
  expect(stored).toHaveLength(3);
});

test('a crash between the record and the forgetting of the one before leaves the later one', async () => {
  await list(pod('aaa', V(1)));
  const [file] = positions.keys();
  const next = pod('bbb', V(2));
  await add(next);
  gone.delete(file!);
  start();
  await list(next);
  expect(stored).toHaveLength(2);
  expect(gone.has(file!)).toBe(true);
});

test('a workload without pods is known until the next list, and then forgotten', async () => {
  const web = pod('w1', V(1), { name: 'web' });
  await list(web);
  await changes.deleted(web);
  await add(pod('w1', V(1), { name: 'web' }));
  expect(stored).toHaveLength(1);
  await list();
  await list();
  expect(gone.size).toBe(1);
  nowMs += 3_600_000;
  await add(pod('w1', V(1), { name: 'web' }));
  expect(messages().slice(1)).toEqual(['web: first seen with image v1.1.0']);
});

test('stateful sets and daemon sets have a hash of another name; jobs and single pods have none', async () => {
  await list(
    pod('db-1', V(1), { name: 'db', owner: 'StatefulSet/db' }),
    pod('n-1', V(1), { name: 'node', owner: 'DaemonSet/node' }),
    pod('j-1', V(1), { name: 'job', owner: 'Job/job' }),
    podObject('alone', { labels: { 'pod-template-hash': 'x' }, images: { a: 'b' } }),
  );
  await add(
    pod('db-2', V(2), { name: 'db', owner: 'StatefulSet/db' }),
    pod('j-2', V(2), { name: 'job', owner: 'Job/job' }),
  );
  expect(messages()).toEqual([
    'db: first seen with image v1.1.0',
    'node: first seen with image v1.1.0',
    'db: image v1.1.0 → v1.2.0',
  ]);
});

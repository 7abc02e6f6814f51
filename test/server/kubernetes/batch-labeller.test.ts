/** Which pod's labels a line gets, and how long it waits for them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BatchLabeller, type LabellerOptions } from '../../../server/kubernetes/batch-labeller.ts';
import {
  DELETED_POD_KEPT_MS,
  DELETED_PODS_MAX,
  FIRST_LIST_WAIT_MS_MAX,
  POD_WAIT_MS_MAX,
} from '../../../server/limits.ts';
import { CorruptionError, FORBIDDEN_LINES } from '../../../shared/errors.ts';
import type { Labels } from '../../../shared/labels.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { type Batch, decodeBatch } from '../../../shared/wire.ts';
import { podObject } from '../../kubernetes/objects.ts';
import { batchOf, range } from '../engines/embedded/batches.ts';

const PATH_LABELS = new Set(['namespace', 'pod', 'container', 'stream', 'node']);

interface Source {
  readonly uid: string;
  readonly pod: string;
  readonly namespace?: string;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function labellerOf(changes: Partial<LabellerOptions> = {}): BatchLabeller {
  return new BatchLabeller({ chosen: ['team'], isWatching: () => true, now: Date.now, ...changes });
}

/** One that has listed its pods: nothing there yet. */
function listed(changes: Partial<LabellerOptions> = {}): BatchLabeller {
  const labeller = labellerOf(changes);
  labeller.listed();
  return labeller;
}

/** A batch as an agent sends it, of a line for each pod. */
function batchOfPods(...sources: readonly Source[]): Batch {
  const labels = ({ pod, namespace = 'shop' }: Source): Labels => {
    return { namespace, pod, container: 'api', stream: 'stdout', node: 'worker-1' };
  };
  return decodeBatch(
    batchOf({
      lines: sources.map((source) => ({ text: `{"from":"${source.uid}"}`, labels: labels(source) })),
      files: sources.map(({ uid }) => range(`${uid}/api/0@2026-11-23T15:00:00Z`, 0, 10)),
    }),
  );
}

/** The labels that are not of the path, of each stream. */
function addedLabels({ rowGroup }: Batch): Labels[] {
  return new RowGroup(rowGroup).info.streams.map((labels) =>
    Object.fromEntries(Object.entries(labels).filter(([name]) => !PATH_LABELS.has(name))),
  );
}

const API: Source = { uid: 'uid-of-api-1', pod: 'api-1' };
const APP_API = { app: 'api' };
const apiPod = podObject('api-1', { labels: APP_API });

test('lines get the labels of their pod, and keep those of their path', async () => {
  const labeller = listed();
  labeller.pods.set(podObject('api-1', { owner: 'StatefulSet/api', labels: { team: 'blue', other: 'x' } }));
  const batch = batchOfPods(API);
  const labelled = await labeller.label(batch);
  expect(labelled).toEqual({ ...batch, rowGroup: labelled.rowGroup });
  expect(new RowGroup(labelled.rowGroup).info.streams).toEqual([
    {
      namespace: 'shop',
      pod: 'api-1',
      container: 'api',
      stream: 'stdout',
      node: 'worker-1',
      app: 'api',
      owner: 'StatefulSet/api',
      team: 'blue',
    },
  ]);
});

test.each<[what: string, batch: Batch]>([
  ['a batch that only moves positions', decodeBatch(batchOf({ files: [range('uid-of-api-1/api/0@x', 0, 1)] }))],
  ['a push', decodeBatch(batchOf({ lines: [{ text: 'x' }], files: [range('key:k', 0, 1)], node: '' }))],
  ['a pod without labels', batchOfPods({ uid: 'uid-of-bare', pod: 'bare' })],
  ['a namesake in another namespace', batchOfPods({ ...API, namespace: 'other' })],
])('%s stays as it is', async (_what, batch) => {
  const labeller = listed();
  labeller.pods.set(apiPod);
  labeller.pods.set(podObject('bare'));
  expect(await labeller.label(batch)).toBe(batch);
});

test('a pod made anew under an old name is another pod', async () => {
  const labeller = listed();
  labeller.pods.set(podObject('db-0', { uid: 'old', labels: { app: 'db', team: 'blue' } }));
  labeller.pods.delete('old');
  labeller.pods.set(podObject('db-0', { uid: 'new', labels: { app: 'db', team: 'red' } }));
  const [old, now] = [
    { uid: 'old', pod: 'db-0' },
    { uid: 'new', pod: 'db-0' },
  ];
  expect(addedLabels(await labeller.label(batchOfPods(old)))).toEqual([{ app: 'db', team: 'blue' }]);
  expect(addedLabels(await labeller.label(batchOfPods(now)))).toEqual([{ app: 'db', team: 'red' }]);
  // Streams of one batch do not tell them apart: what is right for both.
  expect(addedLabels(await labeller.label(batchOfPods(old, now)))).toEqual([{ app: 'db' }]);
});

test('a static pod is found by the hash of its manifest, also when its stand-in is made anew', async () => {
  const labeller = listed();
  const mirror = (uid: string) =>
    podObject('etcd-worker-1', { uid, owner: 'Node/worker-1', annotations: { 'kubernetes.io/config.hash': 'abc' } });
  const lines = batchOfPods({ uid: 'abc', pod: 'etcd-worker-1' });
  const want = [{ app: 'etcd', owner: 'Node/worker-1' }];
  labeller.pods.set(mirror('u1'));
  expect(addedLabels(await labeller.label(lines))).toEqual(want);
  labeller.pods.set(mirror('u2'));
  labeller.pods.delete('u1');
  await vi.advanceTimersByTimeAsync(DELETED_POD_KEPT_MS + 1);
  labeller.pods.retain(new Set(['u2']));
  expect(labeller.pods.deletedCount).toBe(0);
  expect(addedLabels(await labeller.label(lines))).toEqual(want);
});

test('a pod whose labels change: lines from now on have the new ones', async () => {
  const labeller = listed();
  labeller.pods.set(apiPod);
  labeller.pods.set(podObject('api-1', { labels: { app: 'api2' } }));
  expect(addedLabels(await labeller.label(batchOfPods(API)))).toEqual([{ app: 'api2' }]);
  expect(labeller.pods.size).toBe(1);
});

test('the labels of a deleted pod are kept for a while, and of so many pods', async () => {
  const labeller = listed({ podWaitMsMax: 0 });
  labeller.pods.set(apiPod);
  labeller.pods.retain(new Set());
  expect(labeller.pods.size).toBe(0);
  await vi.advanceTimersByTimeAsync(DELETED_POD_KEPT_MS - 1);
  expect(addedLabels(await labeller.label(batchOfPods(API)))).toEqual([APP_API]);
  await vi.advanceTimersByTimeAsync(2);
  labeller.pods.retain(new Set());
  expect(labeller.pods.find(API.uid)).toBeUndefined();
  for (let i = 0; i <= DELETED_PODS_MAX; i++) {
    labeller.pods.set(podObject(`p${i}`));
    labeller.pods.delete(`uid-of-p${i}`);
  }
  expect(labeller.pods.deletedCount).toBe(DELETED_PODS_MAX);
  expect(labeller.pods.find('uid-of-p0')).toBeUndefined();
});

/** Whether a promise has settled, without waiting for it. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await vi.advanceTimersByTimeAsync(0);
  return settled;
}

test('after a start, lines wait for the first list, but not long', async () => {
  const late = labellerOf({ isWatching: () => false });
  const waiting = late.label(batchOfPods(API));
  await vi.advanceTimersByTimeAsync(FIRST_LIST_WAIT_MS_MAX - 1);
  expect(await isSettled(waiting)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(addedLabels(await waiting)).toEqual([{}]);
  expect(await isSettled(late.label(batchOfPods(API)))).toBe(true);

  const quick = labellerOf();
  const labelled = quick.label(batchOfPods(API));
  expect(await isSettled(labelled)).toBe(false);
  quick.pods.set(apiPod);
  quick.listed();
  expect(addedLabels(await labelled)).toEqual([APP_API]);
});

test('a pod that is not known yet is waited for once, and others do not wait with it', async () => {
  const labeller = listed();
  labeller.pods.set(apiPod);
  const fresh: Source = { uid: 'uid-of-new', pod: 'new' };
  const waiting = labeller.label(batchOfPods(fresh, API));
  expect(addedLabels(await labeller.label(batchOfPods(API)))).toEqual([APP_API]);
  expect(await isSettled(waiting)).toBe(false);
  labeller.pods.set(podObject('new', { labels: { app: 'new' } }));
  expect(addedLabels(await waiting)).toEqual([{ app: 'new' }, APP_API]);
});

test('a pod that never comes costs one wait', async () => {
  const labeller = listed();
  const batch = batchOfPods({ uid: 'ghost', pod: 'ghost' });
  const waits = [labeller.label(batch), labeller.label(batch)];
  await vi.advanceTimersByTimeAsync(POD_WAIT_MS_MAX);
  expect(await Promise.all(waits)).toEqual([batch, batch]);
  expect(await isSettled(labeller.label(batch))).toBe(true);
  labeller.pods.set(podObject('ghost', { uid: 'ghost', labels: { app: 'ghost' } }));
  expect(addedLabels(await labeller.label(batch))).toEqual([{ app: 'ghost' }]);
});

test('while the API is away nobody is waited for, and what is known goes on', async () => {
  const labeller = listed({ isWatching: () => false });
  labeller.pods.set(apiPod);
  const batch = batchOfPods(API, { uid: 'ghost', pod: 'ghost' });
  const labelled = labeller.label(batch);
  expect(await isSettled(labelled)).toBe(true);
  expect(addedLabels(await labelled)).toEqual([APP_API, {}]);
});

test('a broken row group is refused', async () => {
  const labeller = listed();
  labeller.pods.set(apiPod);
  const batch = batchOfPods(API);
  const rowGroup = Buffer.from(batch.rowGroup);
  rowGroup[30]! ^= 1;
  await expect(labeller.label({ ...batch, rowGroup })).rejects.toThrow(CorruptionError);
});

test('pods of one workload share their labels', () => {
  const { pods } = listed();
  const [a, b] = ['a', 'b'].map((name) =>
    pods.set(podObject(name, { owner: 'DaemonSet/agent', labels: { team: 'x' } })),
  );
  expect(b!.labels).toBe(a!.labels);
});

const OTHER: Source = { uid: 'uid-of-other', pod: 'other' };

test.for<[what: string, sources: readonly Source[], message: RegExp | undefined]>([
  ['a pod of the node', [API], undefined],
  ['two pods of the node', [API, { uid: 'uid-of-api-2', pod: 'api-2' }], undefined],
  ['a pod that the API does not show', [{ uid: 'gone', pod: 'gone' }], undefined],
  ['one of them beside a known one', [API, { uid: 'gone', pod: 'gone' }], undefined],
  [
    'its name and one more',
    [
      { uid: 'gone', pod: 'gone' },
      { uid: 'gone', pod: 'more' },
    ],
    /of the pod shop\/more/,
  ],
  ['a pod of another node', [OTHER], /the pod shop\/other runs on worker-2, but this batch is from worker-1/],
  ['one beside a pod of the node', [API, OTHER], /runs on worker-2/],
  ["another's name", [{ ...API, pod: 'other' }], /lines of the pod shop\/other and no file of it/],
  ['another namespace', [{ ...API, namespace: 'kube-system' }], /lines of the pod kube-system\/api-1/],
])('an agent sends %s', async ([, sources, message]) => {
  const labeller = listed({ podWaitMsMax: 0 });
  labeller.pods.set(apiPod);
  labeller.pods.set(podObject('api-2'));
  labeller.pods.set(podObject('other', { node: 'worker-2' }));
  const batch = batchOfPods(...sources);
  const refusal = labeller.assertOwnPods({ ...batch, node: 'worker-1' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  if (message === undefined) expect(await refusal).toBeUndefined();
  else expect(await refusal).toMatchObject({ status: 403, message: expect.stringMatching(message) as unknown });
});

test('lines of a pod that runs elsewhere are refused alone, unless no pod runs on the node: then its name is wrong', async () => {
  const labeller = listed({ podWaitMsMax: 0 });
  labeller.pods.set(podObject('other', { node: 'worker-2' }));
  const batch = batchOfPods(OTHER);
  const wrongName = labeller.assertOwnPods({ ...batch, node: 'worker-1' });
  await expect(wrongName).rejects.toMatchObject({
    code: 'PODLOG_FORBIDDEN',
    message: expect.stringMatching(/set --node/) as unknown,
  });
  labeller.pods.set(apiPod);
  await expect(labeller.assertOwnPods({ ...batch, node: 'worker-1' })).rejects.toMatchObject({ code: FORBIDDEN_LINES });
});

test('a batch that only moves positions, or has lines without a pod, is of its node', async () => {
  const labeller = listed({ podWaitMsMax: 0 });
  labeller.pods.set(apiPod);
  labeller.pods.set(podObject('other', { node: 'worker-2' }));
  const batch = { ...batchOfPods(OTHER), node: 'worker-1' };
  await labeller.assertOwnPods({ ...batch, rowGroup: new Uint8Array(0) });
  const { rowGroup } = batchOfPods({ ...OTHER, namespace: '' });
  await labeller.assertOwnPods({ ...batch, rowGroup });
});

test("an annotation takes no other pod's place", () => {
  const { pods } = listed();
  pods.set(apiPod);
  pods.set(podObject('thief', { node: 'worker-2', annotations: { 'kubernetes.io/config.hash': API.uid } }));
  expect(pods.find(API.uid)).toMatchObject({ name: 'api-1', node: 'worker-1' });
});

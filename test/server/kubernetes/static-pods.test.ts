/**
 * Acceptance check 27 of agents: the log folder of a static pod is named after the hash of its manifest. An agent reads
 * it, and the server finds the pod; while the API is away, lines have what the path says. How long lines wait for that is
 * tested in batch-labeller.test.ts, by a clock that stands still.
 */
import { beforeEach, test } from 'vitest';
import { podObject, PODS } from '../../kubernetes/objects.ts';
import { nodeOfEachTest } from './node-in-cluster.ts';

const HASH = '5f2a0f0c3d6e4b7a8c9d0e1f2a3b4c5d';
const node = nodeOfEachTest();

beforeEach(() => {
  const annotations = { 'kubernetes.io/config.hash': HASH, 'kubernetes.io/config.mirror': HASH };
  node.api.put(PODS, podObject('etcd-worker-1', { namespace: 'kube-system', owner: 'Node/worker-1', annotations }));
});

test('lines of a static pod have its labels', async () => {
  node.write(`kube-system_etcd-worker-1_${HASH}`, 'etcd', 'elected');
  await node.start();
  await node.expectFound('app=etcd&owner=Node/worker-1&namespace=kube-system&pod=etcd-worker-1&container=etcd', [
    'elected',
  ]);
});

test('the API is away: lines have what their path says', async () => {
  await node.api.stop();
  node.write(`kube-system_etcd-worker-1_${HASH}`, 'etcd', 'one');
  await node.start();
  await node.expectFound('namespace=kube-system&pod=etcd-worker-1&container=etcd&node=worker-1', ['one']);
  await node.expectFound('app=etcd', []);
  node.write('shop_other_uid', 'etcd', 'two');
  await node.expectFound('pod=other', ['two']);
});

/** What the metrics API says, in the shapes of k8s.io/metrics v1beta1; and nodes, as far as podlog reads them. */
import type { TestObject } from './api-server.ts';

export const POD_METRICS = '/apis/metrics.k8s.io/v1beta1/pods';
export const NODE_METRICS = '/apis/metrics.k8s.io/v1beta1/nodes';
export const NODES = '/api/v1/nodes';

type Usage = readonly [cpu: string, memory: string];

interface MetricChanges {
  readonly namespace?: string;
  readonly timestamp?: string | null;
}

/** @param containers  name → what it uses */
export function podMetrics(
  name: string,
  containers: Readonly<Record<string, Usage>>,
  { namespace = 'shop', timestamp = new Date().toISOString() }: MetricChanges = {},
): TestObject {
  const object = {
    metadata: { name, namespace, uid: '', creationTimestamp: timestamp },
    timestamp,
    window: '15.1s',
    containers: Object.entries(containers).map(([container, [cpu, memory]]) => ({
      name: container,
      usage: { cpu, memory },
    })),
  };
  return object;
}

export function nodeMetrics(
  name: string,
  [cpu, memory]: Usage,
  { timestamp = new Date().toISOString() }: MetricChanges = {},
): TestObject {
  const object = { metadata: { name, uid: '' }, timestamp, window: '20s', usage: { cpu, memory } };
  return object;
}

export function nodeObject(name: string, capacity: { readonly cpu: string; readonly memory: string }): TestObject {
  const object = { metadata: { name, uid: `uid-of-${name}` }, status: { capacity, allocatable: capacity } };
  return object;
}

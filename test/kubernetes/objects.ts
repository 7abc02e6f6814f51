/** Pods and events for tests, as the API has them, as far as podlog reads them. */
import type { ContainerStatus, EventObject, PodObject, Terminated } from '../../server/kubernetes/objects.ts';

export const PODS = '/api/v1/pods';
export const EVENTS = '/api/v1/events';

export interface PodChanges {
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly created?: string;
  /** `Deployment/api`, without what stands between. */
  readonly owner?: string;
  readonly node?: string;
  readonly status?: PodObject['status'];
  /** Container → image. */
  readonly images?: Readonly<Record<string, string>>;
}

export function podObject(name: string, changes: PodChanges = {}): PodObject {
  const { namespace = 'shop', uid = `uid-of-${name}`, labels = {}, annotations, owner, node = 'worker-1' } = changes;
  const [kind = '', ownerName = ''] = owner?.split('/') ?? [];
  return {
    metadata: {
      name,
      namespace,
      uid,
      creationTimestamp: changes.created ?? '2026-11-23T15:00:00Z',
      labels,
      ...(annotations && { annotations }),
      ...(owner !== undefined && {
        ownerReferences: [
          { apiVersion: 'apps/v1', uid: `uid-of-${ownerName}`, kind, name: ownerName, controller: true },
        ],
      }),
    },
    spec: {
      nodeName: node,
      ...(changes.images && {
        containers: Object.entries(changes.images).map(([container, image]) => ({ name: container, image })),
      }),
    },
    ...(changes.status && { status: changes.status }),
  };
}

/** A container that runs after its run before ended so. */
export function restarted(name: string, restartCount: number, terminated: Terminated): ContainerStatus {
  return { name, restartCount, state: { running: {} }, lastState: { terminated } };
}

export function eventObject(name: string, changes: Partial<EventObject> & { readonly uid?: string } = {}): EventObject {
  const { uid = `uid-of-${name}`, ...rest } = changes;
  return {
    metadata: { name, namespace: 'shop', uid },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'api-1', uid: 'uid-of-api-1' },
    type: 'Warning',
    reason: 'BackOff',
    message: `message of ${name}`,
    count: 1,
    firstTimestamp: new Date().toISOString(),
    lastTimestamp: new Date().toISOString(),
    source: { component: 'kubelet', host: 'worker-1' },
    ...rest,
  };
}

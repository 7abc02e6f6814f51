/** Pods by the workload that they are of, with what happened to each, in the order of what went wrong. */
import type { LogRow } from '../../shared/client/answers.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { include } from '../search/edit.ts';
import { type Change, fieldsIn, workloadOf } from '../state/change.ts';

export interface PodCounts {
  readonly namespace: string;
  /** `Deployment/api`; empty without a cluster. */
  readonly owner: string;
  readonly pod: string;
  readonly node: string;
  readonly lines: number;
  readonly errors: number;
}

/** A pod of a StatefulSet may have been on several nodes. */
export function podKey({ namespace, pod, node }: Pick<PodCounts, 'namespace' | 'pod' | 'node'>): string {
  return JSON.stringify([namespace, pod, node]);
}

/** The search text for a pod's lines; a push may have given it no namespace. */
export function searchOfPod({ namespace, pod }: PodCounts): string {
  return include(namespace === '' ? '' : include('', 'namespace', namespace), 'pod', pod);
}

export interface Happening {
  readonly ms: number;
  readonly time: string;
  readonly kind: Change['kind'] | 'warning';
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly text: string;
  /** How often; an event says when it last was. */
  readonly count: number;
  /** The search that finds its line. */
  readonly search: string;
}

export interface Workload {
  /** `shop/api` */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty where nothing says it. */
  readonly kind: string;
  readonly pods: readonly PodCounts[];
  readonly lines: number;
  readonly errors: number;
  readonly happenings: readonly Happening[];
  readonly restarts: number;
  readonly warnings: number;
}

export function workloadKey(pod: Pick<PodCounts, 'namespace' | 'owner' | 'pod'>): string {
  return `${pod.namespace}/${workloadOf(pod).name}`;
}

/** What went wrong most comes first, then by name. */
export function workloadsOf(pods: readonly PodCounts[], happenings: readonly Happening[]): readonly Workload[] {
  const byKey = new Map<string, { pods: PodCounts[]; kind: string; happenings: Happening[] }>();
  const of = (key: string) => {
    let found = byKey.get(key);
    if (found === undefined) byKey.set(key, (found = { pods: [], kind: '', happenings: [] }));
    return found;
  };
  for (const pod of pods) {
    const workload = of(workloadKey(pod));
    workload.pods.push(pod);
    workload.kind ||= workloadOf(pod).kind;
  }
  for (const happening of happenings) {
    if (happening.workload !== '') of(`${happening.namespace}/${happening.workload}`).happenings.push(happening);
  }
  const sum = <Item>(items: readonly Item[], amount: (item: Item) => number): number =>
    items.reduce((all, item) => all + amount(item), 0);
  const workloads = [...byKey].map(([key, own]): Workload => {
    const [namespace = '', name = ''] = key.split('/');
    const countOf = (...kinds: readonly Happening['kind'][]): number =>
      sum(
        own.happenings.filter(({ kind }) => kinds.includes(kind)),
        ({ count }) => count,
      );
    return {
      key,
      namespace,
      name,
      ...own,
      lines: sum(own.pods, ({ lines }) => lines),
      errors: sum(own.pods, ({ errors }) => errors),
      restarts: countOf('restart', 'oom'),
      warnings: own.happenings.filter(({ kind }) => kind === 'warning').length,
    };
  });
  return workloads.toSorted(
    (a, b) => b.restarts - a.restarts || b.warnings - a.warnings || b.errors - a.errors || (a.key < b.key ? -1 : 1),
  );
}

/** A warning event of a pod or of what made it; undefined for events of other objects. */
export function warningOf(row: LogRow): Happening | undefined {
  const fields = fieldsIn(row.line);
  const of = (name: string): string => fields.get(name) ?? '';
  const [kind, name] = [of('kind'), of('name')];
  const workload = nameOfObject(kind, name);
  if (workload === undefined) return undefined;
  const times = Number(of('count')) || 1;
  return {
    ms: Date.parse(row.time),
    time: row.time,
    kind: 'warning',
    namespace: row.labels['namespace'] ?? '',
    workload,
    pod: kind === 'Pod' ? name : '',
    text: oneLine(`${of('reason')}: ${of('message')}${times > 1 ? ` (${times} times)` : ''}`),
    count: 1,
    search: `source:events name:${name}`,
  };
}

function nameOfObject(kind: string, name: string): string | undefined {
  switch (kind) {
    case 'Pod':
      return workloadOf({ owner: '', pod: name }).name;
    case 'ReplicaSet':
      return name.replace(/-[bcdfghjklmnpqrstvwxz2456789]{6,10}$/, '');
    case 'Job':
      return name.replace(/-\d{8}$/, '');
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'CronJob':
    case 'Rollout':
      return name;
    default:
      return undefined;
  }
}

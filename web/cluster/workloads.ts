/** Pods by the workload that they are of, with what happened to each, in the order of what went wrong. */
import type { LogRow } from '../../shared/client/answers.ts';
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { include } from '../search/edit.ts';

export interface PodCounts {
  readonly namespace: string;
  /** `Deployment/api`; empty without a cluster. */
  readonly owner: string;
  readonly pod: string;
  readonly node: string;
  readonly lines: number;
  readonly errors: number;
  readonly bytes: number;
}

/** The search text for a pod's lines; a push may have given it no namespace. */
export function searchOfPod({ namespace, pod }: PodCounts): string {
  return include(namespace === '' ? '' : include('', 'namespace', namespace), 'pod', pod);
}

export interface Happening {
  readonly ms: number;
  readonly time: string;
  readonly kind: 'deploy' | 'restart' | 'oom' | 'warning';
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

function workloadName({ owner, pod }: Pick<PodCounts, 'owner' | 'pod'>): { kind: string; name: string } {
  const [kind = '', name = ''] = owner.split('/');
  return name === '' ? { kind: '', name: podName({ pod }, false).split('·')[0]! } : { kind, name };
}

export function workloadKey(pod: Pick<PodCounts, 'namespace' | 'owner' | 'pod'>): string {
  return `${pod.namespace}/${workloadName(pod).name}`;
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
    workload.kind ||= workloadName(pod).kind;
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

const ENDED = /^(?:container (\S+)|pod \S+) ended: (.*)$/s;
/** A container that ends so was asked to: its pod was deleted, or its work is done. */
const IN_ORDER = /^exit code (?:0|143)\b(?!.*OOMKilled)/;

/** How a container or a pod ended; undefined where that was in order, and for other lines of podlog. */
export function endingOf({ time, labels, line }: LogRow): Happening | undefined {
  const [, container = '', how] = ENDED.exec(line) ?? [];
  if (how === undefined || IN_ORDER.test(how)) return undefined;
  const { namespace = '', owner = '', pod = '' } = labels;
  return {
    ms: Date.parse(time),
    time,
    kind: how.includes('OOMKilled') ? 'oom' : 'restart',
    namespace,
    workload: workloadName({ owner, pod }).name,
    pod,
    text: oneLine(`${container === '' ? 'pod' : container} ended: ${how}`),
    count: 1,
    search: `pod:${pod} stream:podlog`,
  };
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
      return workloadName({ owner: '', pod: name }).name;
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

function fieldsIn(line: string): ReadonlyMap<string, string> {
  try {
    const value = parseWritten(line);
    return new Map(
      typeof value === 'object' && value !== null ? fieldsOf(value).map((each) => [each.name, each.value]) : [],
    );
  } catch {
    return new Map();
  }
}

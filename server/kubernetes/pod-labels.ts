/**
 * The labels that a pod adds to its lines, besides those from their path: app, component, owner, and configured pod
 * labels. All come from the pod alone, so that the server need not read Deployments, Jobs and the like.
 */
import { type Labels, labelName } from '../../shared/labels.ts';
import { MS_PER_DAY } from '../../shared/time.ts';
import { SCHEDULED_AGO_MS_MAX } from '../limits.ts';
import { epochMsOf, type PodObject } from './objects.ts';

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** Pod label with the hash at the end of a ReplicaSet's name → the kind of the ReplicaSet's owner. */
const HASH_LABELS: readonly (readonly [label: string, kind: string])[] = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
];

const MINUTE_MS = 60_000;
/** A CronJob names its Jobs after the minute for which they were scheduled, counted since 1970. */
const SCHEDULED_NAME = /^(.+)-(\d{8})$/;

/** @param chosen  keys of pod labels, which become labels under `labelName` */
export function podLabels(pod: PodObject, chosen: readonly string[]): Labels {
  const own = pod.metadata.labels ?? {};
  const owner = ownerOf(pod);
  const labels: Record<string, string> = {};
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') labels[name] = value;
  };
  add('app', own['app.kubernetes.io/name'] || own['app'] || appOfOwner(pod, owner));
  add('component', own['app.kubernetes.io/component']);
  add('owner', owner && `${owner.kind}/${owner.name}`);
  for (const key of chosen) add(labelName(key), own[key]);
  return labels;
}

/**
 * Returns what was deployed: not the ReplicaSet or the Job that was made for it. Undefined for a pod without an owner.
 */
export function ownerOf(pod: PodObject): Owner | undefined {
  const controller = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) return undefined;
  const { kind, name } = controller;
  if (kind === 'ReplicaSet') return ownerOfReplicaSet(name, pod.metadata.labels ?? {});
  if (kind === 'Job') return ownerOfJob(name, epochMsOf(pod.metadata.creationTimestamp));
  return { kind, name };
}

function ownerOfReplicaSet(name: string, labels: Readonly<Record<string, string>>): Owner {
  for (const [label, kind] of HASH_LABELS) {
    const suffix = `-${labels[label]}`;
    if (labels[label] !== undefined && name.endsWith(suffix)) return { kind, name: name.slice(0, -suffix.length) };
  }
  return { kind: 'ReplicaSet', name };
}

/** A number at the end is a CronJob's only when it is a minute shortly before the pod was created. */
function ownerOfJob(name: string, createdMs: number | undefined): Owner {
  const match = SCHEDULED_NAME.exec(name);
  if (match !== null && createdMs !== undefined) {
    const agoMs = createdMs - Number(match[2]) * MINUTE_MS;
    if (agoMs > -MS_PER_DAY && agoMs < SCHEDULED_AGO_MS_MAX) return { kind: 'CronJob', name: match[1]! };
  }
  return { kind: 'Job', name };
}

/** A static pod is owned by its node, whose name the kubelet appends to the pod's. */
function appOfOwner(pod: PodObject, owner: Owner | undefined): string | undefined {
  if (owner?.kind !== 'Node') return owner?.name;
  const { name } = pod.metadata;
  const suffix = `-${owner.name}`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

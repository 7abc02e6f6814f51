/**
 * What a pod belongs to, as a condition on lines: its app or owner, which the server adds where it follows a cluster, or else
 * what its name says, by the forms in which controllers name pods.
 */
import type { Labels } from '../../shared/labels.ts';
import { labelOf } from '../../shared/labels.ts';
import { allOf, leafOf, type Where } from '../store/predicate.ts';

/** Letters and digits of random names: without vowels and what looks like others (k8s.io/apimachinery, util/rand). */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]';

/** Ends of names, the first that fits: of a ReplicaSet's pods, of a CronJob's, of a DaemonSet's or Job's, of a StatefulSet's. */
const POD_SUFFIXES = [
  `-${RANDOM}{6,10}-${RANDOM}{5}`,
  String.raw`-\d{8}-${RANDOM}{5}`,
  `-${RANDOM}{5}`,
  String.raw`-\d{1,5}`,
];

/** Returns undefined where nothing but the stream is known. */
export function workloadOf(labels: Labels): Where | undefined {
  const same = (name: string): Where => hasLabel(name, labelOf(labels, name) ?? '');
  const namespace = labelOf(labels, 'namespace') === undefined ? [] : [same('namespace')];
  for (const name of ['app', 'owner'])
    if (labelOf(labels, name) !== undefined) return allOf([...namespace, same(name)]);
  const pod = labelOf(labels, 'pod');
  if (pod === undefined) return undefined;
  for (const suffix of POD_SUFFIXES) {
    const [, name] = new RegExp(`^(.+)${suffix}$`).exec(pod) ?? [];
    if (name === undefined) continue;
    const pattern = `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}${suffix}$`;
    return allOf([...namespace, leafOf('label.pod', [{ kind: 'regexp', pattern }])]);
  }
  return allOf([...namespace, same('pod')]);
}

export function hasLabel(name: string, value: string): Where {
  return leafOf(`label.${name}`, [{ kind: 'equals', text: Buffer.from(value) }]);
}

/** The short name of the pod that wrote a line: its workload, and what distinguishes it from the workload's other pods. */
import { type Labels, labelOf } from '../labels.ts';
import { oneLine } from './one-line.ts';

/** Kubernetes' random names have neither vowels nor digits and letters that are easily confused. */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]';
/** `-<hash of the template>-<random>` of Deployments, `-<number>-<random>` of CronJobs and indexed jobs; `-<random>`; `-<number>`. */
const SUFFIX = new RegExp(`^(.+?)(?:-(?:${RANDOM}{6,10}|\\d+))?-(${RANDOM}{5}|\\d{1,5})$`);

/** Labels that name a sender which has no pod, the first that it has. */
const OTHER_NAMES = ['app', 'service', 'job', 'container', 'host', 'source', 'node'];

/**
 * Returns `api·2mjqt` for `api-6b8f9c7d5-2mjqt`, `redis·0` for `redis-0`, and `api/istio-proxy·2mjqt` for a container that is not
 * called like its workload.
 * @param withNamespace  whether lines of several namespaces are shown, so that it comes first: `shop/api·2mjqt`
 */
export function podName(labels: Labels, withNamespace: boolean): string {
  const namespace = labelOf(labels, 'namespace');
  const name = shortName(labels);
  return oneLine(withNamespace && namespace !== undefined ? `${namespace}/${name}` : name);
}

function shortName(labels: Labels): string {
  const pod = labelOf(labels, 'pod');
  if (pod === undefined) {
    const other = OTHER_NAMES.find((name) => labelOf(labels, name) !== undefined) ?? Object.keys(labels)[0];
    return other === undefined ? '-' : labels[other]!;
  }
  const [, workload = pod, last] = SUFFIX.exec(pod) ?? [];
  const container = labelOf(labels, 'container');
  const own = container === undefined || isNamedAfter(workload, container) ? workload : `${workload}/${container}`;
  return last === undefined ? own : `${own}·${last}`;
}

/** Whether the name of a workload consists of parts that include the container's name, or the other way round. */
function isNamedAfter(workload: string, container: string): boolean {
  return `-${workload}-`.includes(`-${container}-`) || `-${container}-`.includes(`-${workload}-`);
}

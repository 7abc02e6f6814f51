/** What changed, read from lines: a workload's new version, and how its containers ended where that was not in order. */
import type { LogRow } from '../../shared/client/answers.ts';
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { includedValues } from '../search/edit.ts';

export interface Change {
  readonly kind: 'deploy' | 'restart' | 'oom';
  readonly ms: number;
  readonly time: string;
  readonly namespace: string;
  readonly workload: string;
  /** Empty for a deploy. */
  readonly pod: string;
  readonly container: string;
  /** In a word or two: the new image's tag, empty where only the template is new; `OOM`, `exit 1`. */
  readonly note: string;
  /** What happened, in a sentence. */
  readonly text: string;
  /** The search that finds its line; of an end, among those that the pod wrote before. */
  readonly search: string;
}

export function deployOf({ time, labels, line }: LogRow): Change {
  const fields = fieldsIn(line);
  const image = fields.get('new_image') ?? '';
  const isNew = image !== '' && image !== fields.get('old_image');
  const workload = labels['workload'] ?? fields.get('name') ?? '';
  return {
    kind: 'deploy',
    ms: Date.parse(time),
    time,
    namespace: labels['namespace'] ?? '',
    workload,
    pod: '',
    container: fields.get('container') ?? '',
    note: isNew ? versionOf(image) : '',
    text: oneLine(fields.get('message') ?? `${workload} changed`),
    search: `source:changes workload:${workload}`,
  };
}

const ENDED = /^(?:container (\S+)|pod \S+) ended: (.*)$/s;
/** A container that ends so was asked to: its pod was deleted, or its work is done. */
const IN_ORDER = /^exit code (?:0|143)\b(?!.*OOMKilled)/;

/** How a container or a pod ended; undefined where that was in order, and for other lines of podlog. */
export function endingOf({ time, labels, line }: LogRow): Change | undefined {
  const [, container = '', how] = ENDED.exec(line) ?? [];
  if (how === undefined || IN_ORDER.test(how)) return undefined;
  const { namespace = '', owner = '', pod = '' } = labels;
  const isOom = how.includes('OOMKilled');
  return {
    kind: isOom ? 'oom' : 'restart',
    ms: Date.parse(time),
    time,
    namespace,
    workload: workloadOf({ owner, pod }).name,
    pod,
    container,
    note: isOom ? 'OOM' : (/^exit code (\d+)/.exec(how)?.[0].replace(' code', '') ?? how.split(':')[0]!),
    text: oneLine(`${container === '' ? 'pod' : container} ended: ${how}`),
    search: `pod:${pod}`,
  };
}

/** The workload of a pod, by its owner, else by its name; `kind` is empty where nothing says it. */
export function workloadOf({ owner, pod }: { readonly owner: string; readonly pod: string }): {
  readonly kind: string;
  readonly name: string;
} {
  const [kind = '', name = ''] = owner.split('/');
  return name === '' ? { kind: '', name: podName({ pod }, false).split('·')[0]! } : { kind, name };
}

/** Whether a workload may have written the lines that a search is about. */
export function concerns({ workload, container }: Change, search: string): boolean {
  const pods = includedValues(search, 'pod');
  if (pods.length > 0) return pods.some((pod) => pod.startsWith(`${workload}-`));
  const names = [...includedValues(search, 'container'), ...includedValues(search, 'app')];
  return names.length === 0 || names.some((name) => name === container || name === workload);
}

/** The fields of a line that is a JSON object, by name; of another, none. */
export function fieldsIn(line: string): ReadonlyMap<string, string> {
  try {
    const value = parseWritten(line);
    return new Map(
      typeof value === 'object' && value !== null ? fieldsOf(value).map((each) => [each.name, each.value]) : [],
    );
  } catch {
    return new Map();
  }
}

/** The tag, or the beginning of the digest. */
function versionOf(image: string): string {
  const [named = '', digest = ''] = image.split('@');
  return /:([^/:]+)$/.exec(named)?.[1] ?? digest.replace(/^sha256:/, '').slice(0, 12);
}

/** What changed: new images and templates of workloads, as the server keeps them, in the range that is shown. */
import { effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { askLines, type Parameters } from '../../shared/client/client.ts';
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { includedValues } from '../search/edit.ts';
import { view } from './navigation.ts';
import { asked } from './search.ts';
import { access, connection } from './session.ts';

export interface Change {
  readonly ms: number;
  readonly time: string;
  readonly namespace: string;
  readonly workload: string;
  /** The new image's tag; empty where only the template is new. */
  readonly version: string;
  readonly container: string;
  /** What happened, in a sentence. */
  readonly text: string;
}

const CHANGES_MAX = 200;

/** Of the search in Explore. */
export const changes = signal<readonly Change[]>([]);

let running = new AbortController();
effect(() => {
  const filters = asked.value;
  running.abort();
  running = new AbortController();
  if (access.value !== 'open' || view.peek().kind !== 'explore' || filters['until'] === undefined) {
    changes.value = [];
    return;
  }
  void load(filters, running.signal);
});

/** A chart without marks is better than none. */
async function load(filters: Parameters, ended: AbortSignal): Promise<void> {
  try {
    const found = await askChanges(filters, ended);
    if (!ended.aborted) changes.value = found;
  } catch {
    if (!ended.aborted) changes.value = [];
  }
}

/**
 * The changes of the workloads that a search is about. A workload that is seen for the first time has no change: it may have been
 * there before podlog.
 */
export async function askChanges(
  { search = '', since, until, tz }: Parameters,
  ended: AbortSignal,
): Promise<readonly Change[]> {
  const text = String(search);
  const filters = { since, until, tz, 'label.source': 'changes', old_hash: '*', limit: CHANGES_MAX };
  const { rows } = await askLines(connection(), { ...filters, namespace: includedValues(text, 'namespace') }, ended);
  return rows.map(changeOf).filter((change) => concerns(change, text));
}

function changeOf({ time, labels, line }: LogRow): Change {
  const fields = new Map(fieldsIn(line).map(({ name, value }) => [name, value]));
  const image = fields.get('new_image') ?? '';
  const isNew = image !== '' && image !== fields.get('old_image');
  const workload = labels['workload'] ?? fields.get('name') ?? '';
  return {
    ms: Date.parse(time),
    time,
    namespace: labels['namespace'] ?? '',
    workload,
    version: isNew ? versionOf(image) : '',
    container: fields.get('container') ?? '',
    text: oneLine(fields.get('message') ?? `${workload} changed`),
  };
}

function fieldsIn(line: string): ReturnType<typeof fieldsOf> {
  try {
    const value = parseWritten(line);
    return typeof value === 'object' && value !== null ? fieldsOf(value) : [];
  } catch {
    return [];
  }
}

/** The tag, or the beginning of the digest. */
function versionOf(image: string): string {
  const [named = '', digest = ''] = image.split('@');
  return /:([^/:]+)$/.exec(named)?.[1] ?? digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Whether a workload may have written the lines that a search is about. */
function concerns({ workload, container }: Change, text: string): boolean {
  const pods = includedValues(text, 'pod');
  if (pods.length > 0) return pods.some((pod) => pod.startsWith(`${workload}-`));
  const names = [...includedValues(text, 'container'), ...includedValues(text, 'app')];
  return names.length === 0 || names.some((name) => name === container || name === workload);
}

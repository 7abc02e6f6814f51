/** The values beside the lines, with counts. A name's own selection does not narrow its own counts. */
import type { AggregateAnswer, FieldsAnswer, FieldValues } from '../../shared/client/answers.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { without } from '../search/edit.ts';
import { isLogql } from '../search/is-logql.ts';
import { connection } from './session.ts';
import { stored } from './stored.ts';

export interface Facets {
  readonly byName: ReadonlyMap<string, FieldValues>;
  /** Containers and their pods. */
  readonly apps: readonly App[];
}

export interface App {
  readonly name: string;
  readonly rows: number;
  readonly pods: readonly { readonly namespace: string; readonly name: string; readonly rows: number }[];
}

/** Names that are always beside the lines. */
export const PINNED: readonly string[] = ['level', 'namespace', 'status', 'method', 'path.shape'];
const VALUES_MAX = 100;
const PODS_MAX = 200;

/** Names that the reader has added. */
export const addedNames = stored<readonly string[]>('facets', []);

export function facetNames(): readonly string[] {
  return [...PINNED, ...addedNames.value.filter((name) => !PINNED.includes(name))];
}

export async function askFacets(filters: Parameters, ended: AbortSignal): Promise<Facets> {
  const text = String(filters['search'] ?? '');
  const [fields, apps] = await Promise.all([
    askFields(facetNames(), { ...filters, own: false }, ended),
    askApps({ ...filters, search: without(without(text, 'container'), 'pod') }, ended),
  ]);
  return { byName: new Map(fields.map((field) => [field.name, field])), apps };
}

export async function askFields(
  names: readonly string[],
  filters: Parameters,
  ended?: AbortSignal,
  top = VALUES_MAX,
): Promise<readonly FieldValues[]> {
  // Values are counted for search texts alone.
  if (isLogql(String(filters['search'] ?? ''))) return [];
  const answer = await askJson<FieldsAnswer>(connection(), '/fields', { ...filters, name: names, top }, ended);
  return answer.fields;
}

async function askApps(filters: Parameters, ended: AbortSignal): Promise<App[]> {
  const by = ['container', 'namespace', 'pod'];
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    { ...filters, by, limit: PODS_MAX, order: 'rows' },
    ended,
  );
  return appsOf(answer.groups);
}

function appsOf(groups: AggregateAnswer['groups']): App[] {
  const apps = new Map<string, { name: string; rows: number; pods: App['pods'][number][] }>();
  for (const { by, rows } of groups) {
    const { container = '', namespace = '', pod = '' } = by;
    if (container === '') continue;
    let app = apps.get(container);
    if (app === undefined) apps.set(container, (app = { name: container, rows: 0, pods: [] }));
    app.rows += rows;
    if (pod !== '') app.pods.push({ namespace, name: pod, rows });
  }
  return [...apps.values()].toSorted((a, b) => b.rows - a.rows);
}

/**
 * The same question to each container, pod, stream or value of a label: `per=container&limit=20` gives the last 20 lines of each.
 * One search for each, as a scan finds the lines of a stream without reading those of others.
 */
import { ParameterError, QueryTooLargeError } from '../../shared/errors.ts';
import { type Labels, labelOf } from '../../shared/labels.ts';
import { didYouMean } from '../../shared/nearest.ts';
import { PER_GROUPS_MAX } from '../limits.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, leafOf, normalised, not, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import type { Plan } from '../store/search-plan.ts';
import type { TextSink } from '../store/sink.ts';

/** Groups that are more than one label. */
const NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['container', ['namespace', 'pod', 'container']],
  ['pod', ['namespace', 'pod']],
]);

/**
 * Yields the lines of one group after the other, in the order of their labels; in each as the plan says.
 * @param per  `container`, `pod`, `stream` for all labels, or a label
 * @throws ParameterError  there is no such label
 * @throws QueryTooLargeError
 */
export async function* searchPer(
  view: LogView,
  query: Query,
  { plan, per, sink }: { readonly plan: Plan; readonly per: string; readonly sink: TextSink },
): AsyncGenerator<Uint8Array> {
  const groups = new Map<string, Where>();
  const streams = await view.streams(plan, query);
  const names = per === 'stream' ? labelNames(streams) : (NAMES.get(per) ?? [per]);
  assertLabel(per, names, streams);
  for (const labels of streams) {
    const key = JSON.stringify(names.map((name) => [name, labelOf(labels, name) ?? '']));
    if (groups.has(key)) continue;
    if (groups.size === PER_GROUPS_MAX) throw tooMany(per);
    groups.set(key, allOf(names.map((name) => sameLabel(labels, name))));
  }
  for (const [, where] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    yield* view.search({ ...plan, where: normalised(allOf([plan.where, where])) }, sink, query);
  }
}

function tooMany(per: string): QueryTooLargeError {
  const message = `per: more than ${PER_GROUPS_MAX} groups by ${per}; narrow the filters, such as to one namespace`;
  return new QueryTooLargeError(message);
}

/** All lines would be one group. @throws ParameterError */
function assertLabel(per: string, names: readonly string[], streams: readonly Labels[]): void {
  if (streams.length === 0 || streams.some((labels) => names.some((name) => labelOf(labels, name) !== undefined)))
    return;
  const known = labelNames(streams);
  const problem = `no line of the answer has a label "${per}"${didYouMean(per, known)}`;
  throw new ParameterError('per', problem, [...new Set(['stream', ...known])].join(', '), 'per=container&limit=20');
}

function labelNames(streams: readonly Labels[]): string[] {
  return [...new Set(streams.flatMap((labels) => Object.keys(labels)))].toSorted();
}

function sameLabel(labels: Labels, name: string): Where {
  const value = labelOf(labels, name);
  if (value === undefined) return not(leafOf(`label.${name}`, [{ kind: 'exists' }]));
  return leafOf(`label.${name}`, [{ kind: 'equals', text: Buffer.from(value) }]);
}

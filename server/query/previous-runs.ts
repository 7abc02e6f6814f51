/**
 * `previous=true`: of each container, the run before its newest known one, as kubectl's `-p` means it. Which run that is depends
 * on all lines of a container and not only on those that match, so it is looked up before the question is asked, in the same
 * view. A run that has begun is known although it has not printed anything. A container is one of one pod: two pods of a StatefulSet that have the same name are two.
 */
import { QueryTooLargeError } from '../../shared/errors.ts';
import { PREVIOUS_CONTAINERS_MAX } from '../limits.ts';
import type { BegunRuns } from './begun-runs.ts';
import type { Measure } from '../store/aggregate-plan.ts';
import { LINE_CONTAINER, LINE_RUN, RESTART } from '../store/asked-name.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, anyOf, leafOf, leavesOf, normalised, not, type Predicate, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import type { PieceOf, Sink } from '../store/sink.ts';
import type { Plan } from '../store/search-plan.ts';

/** Labels that all lines of a container have: conditions by them can leave out whole containers. */
const CONTAINER_LABELS: readonly string[] = ['namespace', 'pod', 'container', 'node'];

const NEWEST_RUN: Measure = { kind: 'numbers', of: RESTART, quantiles: [] };
const RESTARTED = leafOf(RESTART, [{ kind: 'compare', operator: '>=', operand: { kind: 'number', value: 1 } }]);

/** Returns the view, which also answers questions about previous runs. */
export function withPreviousRuns(view: LogView, begunRuns: () => BegunRuns): LogView {
  const resolve = async <P extends Predicate>(asked: P, query: Query): Promise<P> => {
    if (!isOfPreviousRun(asked.where)) return asked;
    const runs = await previousRuns(view, begunRuns(), asked.where, query);
    return { ...asked, where: normalised(replaced(asked.where, runs)) };
  };
  return {
    search: (plan, sink, query) =>
      isOfPreviousRun(plan.where)
        ? searchOnce(view, resolve(plan, query), sink, query)
        : view.search(plan, sink, query),
    aggregate: async (plan, query) => {
      const measures = await Promise.all(
        plan.measures.map(async (measure) => {
          if (measure.where === undefined || !isOfPreviousRun(measure.where)) return measure;
          const { where } = await resolve({ ...plan, where: allOf([plan.where, measure.where]) }, query);
          return { ...measure, where };
        }),
      );
      return view.aggregate({ ...(await resolve(plan, query)), measures }, query);
    },
    facets: async (predicate, names, query) => view.facets(await resolve(predicate, query), names, query),
    facetsOfSides: async (sides, values, query) => {
      const resolved = await Promise.all(sides.map((side) => resolve(side, query)));
      return view.facetsOfSides(resolved, values, query);
    },
    rowValues: async (predicate, asked, query) => view.rowValues(await resolve(predicate, query), asked, query),
    nameRows: async (predicate, query) => view.nameRows(await resolve(predicate, query), query),
    streams: async (predicate, query) => view.streams(await resolve(predicate, query), query),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

export function isOfPreviousRun(where: Where): boolean {
  return leavesOf(where).some((leaf) => leaf.kind === 'value' && leaf.ofRun === 'previous');
}

async function* searchOnce<S extends Sink>(
  view: LogView,
  plan: Promise<Plan>,
  sink: S,
  query: Query,
): AsyncGenerator<PieceOf<S>> {
  yield* view.search(await plan, sink, query);
}

/**
 * Returns the condition that a line is of the previous run of its container.
 * @throws QueryTooLargeError
 */
async function previousRuns(view: LogView, begun: BegunRuns, where: Where, query: Query): Promise<Where> {
  const plan = { from: undefined, to: undefined, where: normalised(allOf([ofContainers(where), RESTARTED])) };
  const { cells, groupCount } = await view.aggregate(
    { ...plan, by: [LINE_CONTAINER], measures: [NEWEST_RUN], stepNs: undefined, limit: PREVIOUS_CONTAINERS_MAX },
    query,
  );
  if (groupCount > PREVIOUS_CONTAINERS_MAX) {
    throw new QueryTooLargeError(
      `previous=true: more than ${PREVIOUS_CONTAINERS_MAX} containers have been restarted; name a namespace, pod, container or node`,
    );
  }
  const newest = new Map(begun.entries().flatMap(([container, count]) => (count > 1 ? [[container, count - 1]] : [])));
  for (const {
    by: [container = ''],
    measures: [numbers],
  } of cells) {
    if (numbers?.kind === 'numbers') newest.set(container, Math.max(numbers.max, newest.get(container) ?? 0));
  }
  const tests = Array.from(newest, ([container, run]) => {
    return { kind: 'equals' as const, text: Buffer.from(`${container}/${run - 1}`) };
  });
  return leafOf(LINE_RUN, tests);
}

/** Returns the conditions by which whole containers are left out. */
function ofContainers(where: Where): Where {
  const conditions = where.kind === 'all' ? where.of : [where];
  const isOfContainer = (condition: Where): boolean =>
    leavesOf(condition).every(
      (leaf) => leaf.kind === 'value' && leaf.fieldOnly !== true && CONTAINER_LABELS.includes(leaf.name),
    );
  return allOf(conditions.filter(isOfContainer));
}

function replaced(where: Where, by: Where): Where {
  switch (where.kind) {
    case 'all':
      return allOf(where.of.map((each) => replaced(each, by)));
    case 'any':
      return anyOf(where.of.map((each) => replaced(each, by)));
    case 'not':
      return not(replaced(where.of, by));
    case 'text':
    case 'regexp':
    case 'json':
    case 'value':
      return isOfPreviousRun(where) ? by : where;
  }
}

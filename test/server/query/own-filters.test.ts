/** Facets whose own filters do not narrow them, against a look at every line. */
import { expect, test } from 'vitest';
import { FACET_SIDES_AT_ONCE } from '../../../server/limits.ts';
import { facetsWithoutOwn } from '../../../server/query/own-filters.ts';
import { allOf, anyOf, EVERYTHING, not, textLeaf, valueLeaf, type Where } from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import type { LogView } from '../../../server/store/log-store.ts';
import { newStatistics, type Query } from '../../../server/store/query.ts';
import { Random } from '../../corpus/random.ts';
import { naiveFacets, naiveSides } from '../store/naive-facets.ts';
import { randomLines } from '../store/random-predicates.ts';

const LINES = randomLines(new Random(5), 300, 0).map(({ text, labels = {} }) => ({ text, labels, instant: 0n }));
const is = (name: string, ...values: readonly string[]): Where => valueLeaf(name, values.map(parsePattern));
const LEVEL = is('level', 'error');
const PODS = not(is('pod', 'api-1'));
const STATUS = anyOf([is('status', '500'), is('status', '503')]);
const TEXT = textLeaf('e');
const RANGE = { from: undefined, to: undefined };
const view = {
  facetsOfSides: async (...[sides, values]: Parameters<LogView['facetsOfSides']>) => naiveSides(LINES, sides, values),
};
const query = { statistics: newStatistics() } as Query;

test.each<[string, Where, Record<string, Where>]>([
  ['no filter', EVERYTHING, { level: EVERYTHING, pod: EVERYTHING }],
  ['one filter', LEVEL, { level: EVERYTHING, pod: LEVEL, status: LEVEL }],
  [
    'several',
    allOf([LEVEL, PODS, STATUS]),
    {
      level: allOf([PODS, STATUS]),
      pod: allOf([LEVEL, STATUS]),
      status: allOf([LEVEL, PODS]),
      app: allOf([LEVEL, PODS, STATUS]),
    },
  ],
  [
    'a filter on two names narrows both',
    anyOf([LEVEL, PODS]),
    { level: anyOf([LEVEL, PODS]), pod: anyOf([LEVEL, PODS]) },
  ],
  ['text narrows all', allOf([LEVEL, TEXT]), { level: TEXT, pod: allOf([LEVEL, TEXT]) }],
])('%s', async (_, filters, wanted) => {
  const visible = is('namespace', 'shop');
  const counted = async (names: readonly string[] | undefined): Promise<Map<string, unknown>> => {
    const { facets } = await facetsWithoutOwn({ ...RANGE, visible, filters }, names, view, query);
    return new Map(facets.map(({ name, values }) => [name, values]));
  };
  const [some, all] = [await counted(Object.keys(wanted)), await counted(undefined)];
  for (const [name, where] of Object.entries(wanted)) {
    const want = naiveFacets(LINES, { ...RANGE, where: allOf([visible, where]) }, [name]).facets[0]?.values;
    expect(some.get(name), name).toEqual(want);
    expect(all.get(name), name).toEqual(want);
  }
});

test('a few names with filters are counted in one visit, and more in few', async () => {
  const visits: number[] = [];
  const counting = {
    facetsOfSides: async (...question: Parameters<LogView['facetsOfSides']>) => {
      visits.push(question[0].length);
      return await view.facetsOfSides(...question);
    },
  };
  const ask = async (count: number): Promise<string[]> => {
    visits.length = 0;
    const names = Array.from({ length: count }, (_, i) => (i === 0 ? 'level' : `missing${i}`));
    const filters = allOf(names.map((name) => not(is(name, 'x'))));
    const asked = { ...RANGE, visible: EVERYTHING, filters };
    const { facets } = await facetsWithoutOwn(asked, [...names, 'pod'], counting, query);
    return facets.map(({ name }) => name).toSorted();
  };
  expect(await ask(FACET_SIDES_AT_ONCE - 1)).toEqual(['level', 'pod']);
  expect(visits).toEqual([FACET_SIDES_AT_ONCE]);
  expect(await ask(FACET_SIDES_AT_ONCE)).toEqual(['level', 'pod']);
  expect(visits).toEqual([FACET_SIDES_AT_ONCE, 1]);
});

/** What every LogStore promises of counts: aggregations, facets and streams of random trees, against a look at every line. */
import { expect, test } from 'vitest';
import type { AggregatePlan, Having, Measure } from '../../../server/store/aggregate-plan.ts';
import type { FacetCounts } from '../../../server/store/facets.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { labelsKey } from '../../../shared/labels.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { TODAY } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, ask } from './asking.ts';
import { expectCells } from './expect-cells.ts';
import { naiveAggregate } from './naive-aggregate.ts';
import { naiveFieldOf } from './naive-block.ts';
import { naiveFacets, naiveSides } from './naive-facets.ts';
import { isWanted } from './naive-search.ts';
import { randomWhere } from './random-predicates.ts';
import { openRandom } from './random-store.ts';

const SEEDS = 4;
const QUESTIONS = 12;
const NAMES = [
  'level',
  'status',
  'path',
  'path.shape',
  'line.pattern',
  'restart',
  'line.container',
  'latency_ms.log10',
  'user.log10',
  'user',
  'app',
  'pod',
  'absent',
  'field.app',
  'label.app',
  'field.level',
  'label.level',
  'label.pod.shape',
  'field.path.shape',
  '\\pod',
];
const VALUES_ASKED = new Map([
  ['status', ['500', '200', 'x']],
  ['user', ['1', '2', '3']],
  ['app', ['web']],
]);
const MEASURES: readonly Measure[] = [
  { kind: 'numbers', of: 'latency_ms', quantiles: [0, 0.5, 1], stddev: true, ends: true },
  { kind: 'numbers', of: 'took', quantiles: [0, 1] },
  { kind: 'numbers', of: 'size', quantiles: [0.5] },
  { kind: 'numbers', of: 'restart', quantiles: [1] },
  { kind: 'distinct', of: 'line.run' },
  { kind: 'distinct', of: 'path' },
  { kind: 'distinct', of: 'field.app' },
  { kind: 'bytes' },
  { kind: 'rows' },
];

export function describeCounts(open: () => Promise<LogStore>): void {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

  test.each(seeds)('aggregate: random plans of seed %i', async (seed) => {
    const random = new Random(2000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let question = 0; question < QUESTIONS; question++) {
      const plan = randomAggregate(random);
      const want = naiveAggregate(lines, plan);
      const { cells, groupCount } = await ask(store, (view, query) => view.aggregate(plan, query));
      expect(groupCount).toBe(want.length);
      expectCells(cells, want, plan);
    }
    await store.close();
  });

  test.each(seeds)('facets: random trees of seed %i', async (seed) => {
    const random = new Random(3000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let question = 0; question < QUESTIONS; question++) {
      const plan = planOf({ where: randomWhere(random) });
      const names = random.below(2) === 0 ? undefined : NAMES;
      const want = naiveFacets(lines, plan, names);
      const got = await ask(store, (view, query) => view.facets(plan, names, query));
      expect(byName(got)).toEqual(byName(want));
      expect(got.isCut).toBe(false);
    }
    await store.close();
  });

  test.each(seeds)('facets of sides: random trees of seed %i', async (seed) => {
    const random = new Random(6000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let question = 0; question < QUESTIONS; question++) {
      const areNamed = random.below(2) === 0;
      const some = NAMES.filter((name) => !VALUES_ASKED.has(name));
      const namesOf = [some, some.filter(() => random.below(2) === 0), some];
      // Names that are asked for on one side are not counted on the others.
      const sides = [planOf({ where: randomWhere(random) }), planOf({ where: randomWhere(random) }), planOf()].map(
        (side, i) => ({ ...side, names: areNamed || random.below(2) === 0 ? namesOf[i] : undefined }),
      );
      const values = areNamed ? [...VALUES_ASKED].map(([name, own]) => ({ name, values: own })) : [];
      const want = naiveSides(lines, sides, values);
      const got = await ask(store, (view, query) => view.facetsOfSides(sides, values, query));
      expect(got.map(byName)).toEqual(want.map(byName));
    }
    await store.close();
  });

  test.each(seeds)('names: random trees of seed %i', async (seed) => {
    const random = new Random(5000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let question = 0; question < QUESTIONS; question++) {
      const plan = planOf({ where: randomWhere(random) });
      const wanted = lines.filter((line) => isWanted(line, plan));
      const got = await ask(store, (view, query) => view.nameRows(plan, query));
      // Lines with an empty value may count.
      const least = naiveFacets(lines, plan, undefined).facets;
      for (const { name, rows } of least) expect(got.get(name), name).toBeGreaterThanOrEqual(rows);
      for (const [name, rows] of got) {
        const having = wanted.filter((line) => naiveFieldOf(line, name) !== undefined);
        expect(rows, name).toBeLessThanOrEqual(having.length);
      }
    }
    await store.close();
  });

  test.each(seeds)('streams: of random ranges of seed %i', async (seed) => {
    const random = new Random(4000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let question = 0; question < QUESTIONS; question++) {
      const from = random.below(120);
      const range = { from: instantOf(TODAY, from * 1e6), to: instantOf(TODAY, (from + 1 + random.below(4)) * 1e6) };
      const want = new Set(
        lines.filter((line) => isWanted(line, planOf(range))).map(({ labels }) => labelsKey(labels)),
      );
      const got = await ask(store, (view, query) => view.streams(planOf(range), query));
      expect(new Set(got.map(labelsKey))).toEqual(want);
      expect(got.length).toBe(want.size);
    }
    await store.close();
  });

  test('all questions of one query are of one instant', async () => {
    const store = await open();
    await append(store, [{ text: '{"n":1}' }]);
    const counted = { ...planOf(), by: [], measures: [], stepNs: undefined, limit: undefined };
    const counts = await ask(store, async (view, query) => {
      const { cells: before } = await view.aggregate(counted, query);
      await append(store, [{ text: '{"n":2}' }]);
      const { cells: after } = await view.aggregate(counted, query);
      return [before[0]!.rows, after[0]!.rows];
    });
    expect(counts).toEqual([1, 1]);
    const { cells } = await ask(store, (view, query) => view.aggregate(counted, query));
    expect(cells[0]!.rows).toBe(2);
    await store.close();
  });
}

function byName({ facets }: FacetCounts): Map<string, unknown> {
  return new Map(facets.map(({ name, rows, values }) => [name, { rows, values }]));
}

function randomAggregate(random: Random): AggregatePlan {
  const measures = MEASURES.filter(() => random.below(2) === 0).map((measure): Measure => {
    return { ...measure, where: random.below(2) === 0 ? undefined : randomWhere(random) };
  });
  const stepNs = random.below(2) === 0 ? undefined : BigInt(1 + random.below(30)) * 1_000_000n;
  const isOrdered = measures.length > 0 && random.below(2) === 0;
  const measure = random.below(Math.max(1, measures.length));
  return {
    ...planOf({ where: randomWhere(random) }),
    by: [...NAMES, '*'].filter(() => random.below(4) === 0),
    measures,
    stepNs,
    offsetNs: BigInt(random.below(5)) * 1_000_000n,
    windowSteps: stepNs === undefined ? 1 : 1 + random.below(3),
    windowEvery: stepNs === undefined ? 1 : 1 + random.below(2),
    orderBy: isOrdered ? { measure, by: orderOf(measures[measure]!) } : undefined,
    having: random.below(3) === 0 ? randomHaving(random, measures) : undefined,
    limit: random.below(3) === 0 ? 3 : undefined,
  };
}

function randomHaving(random: Random, measures: readonly Measure[]): Having[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    const measure = random.below(measures.length + 1);
    const operator = (['>', '>=', '<', '<=', '=', '!='] as const)[random.below(6)]!;
    const ranked = measure === measures.length ? undefined : { measure, by: orderOf(measures[measure]!) };
    return { ranked, operator, bound: random.below(4) === 0 ? 300 : 1 + random.below(4) };
  });
}

function orderOf(measure: Measure): 'avg' | 'distinct' | 'bytes' | 'rows' {
  return measure.kind === 'numbers' ? 'avg' : measure.kind;
}

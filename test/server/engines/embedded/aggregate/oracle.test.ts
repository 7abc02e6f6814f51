/**
 * Aggregations of random lines, by random plans, agree with a look at every line. The seed is in the name of the test;
 * `SEED=… npx vitest run` runs it again.
 */
import fc, { SEED } from '../../../../fast-check.ts';
import { expect, it } from 'vitest';
import type { Labels } from '../../../../../shared/labels.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../../shared/time.ts';
import type { AggregatePlan, Measure, OrderBy } from '../../../../../server/store/aggregate-plan.ts';
import { allOf, EVERYTHING, not, textLeaf, valueLeaf, type Where } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { planOf } from '../query-context.ts';
import { rowGroupOf, TODAY } from '../batches.ts';
import { expectCells } from '../../../store/expect-cells.ts';
import { naiveAggregate } from '../../../store/naive-aggregate.ts';
import type { NaiveLine } from '../../../store/naive-search.ts';
import { aggregateInMemory } from './in-memory.ts';

const RUNS = 400;

const uuid = fc.nat(40).map((n) => `0b5cdef0-77aa-4aaa-8bbb-${(n * 7_654_321).toString(16).padStart(12, 'c')}`);
const id = fc.oneof(fc.nat(30), fc.nat(2 ** 33), fc.constantFrom('007', '0', 'deadbeef01', 'cafe', '9'), uuid);
const path = fc.oneof(
  id.map((n) => `/users/${n}`),
  fc.tuple(id, id).map(([a, b]) => `/users/${a}/orders/${b}`),
  fc.constantFrom('/', '/login', '/v2/é"x', '', 'x-1'),
);
const scalar = fc.oneof(
  fc.integer({ min: -9, max: 40 }),
  fc.constantFrom<string | number | boolean | null>('info', 'WARN', 'e', '7', '', null, true, 0.25, 12.5, 1e3, 1e12),
);
const fields = fc.oneof(
  { weight: 4, arbitrary: fc.record({ level: fc.constantFrom('info', 'warn', 'E'), path, n: scalar, id: uuid }) },
  fc.record({ path, n: scalar, id: fc.oneof(uuid, scalar), level: scalar }, { requiredKeys: [] }),
);
/** All have two of them, which make fewer combinations than there are streams. */
const labels = fc.constantFrom<Labels>(
  { pod: 'a-1', zone: 'x', app: 'a' },
  { pod: 'b-22', zone: 'x', app: 'b' },
  { pod: 'c', zone: 'y' },
  { pod: 'c', zone: 'y', app: 'c' },
);
const line = fc.record({
  labels,
  timeNs: fc.nat(900).map((tenth) => tenth * 1e8),
  text: fc.oneof({ weight: 9, arbitrary: fields.map((each) => JSON.stringify(each)) }, fc.constantFrom('plain', '')),
});
/** Few lines are in a group, or as many as columns have other encodings for, which repeat some. */
const group = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 40, size: 'max' }), fc.constantFrom(1, 1, 8))
  .map(([some, times]) =>
    Array.from({ length: some.length * times }, (_, i) => ({
      ...some[i % some.length]!,
      timeNs: some[(i * 7) % some.length]!.timeNs,
    })),
  );

const numbers = fc.record({
  kind: fc.constant('numbers' as const),
  of: fc.constantFrom('n', 'path', 'id'),
  quantiles: fc.constantFrom<number[]>([], [0, 0.5, 1]),
  stddev: fc.constant(true as const),
  ends: fc.constant(true as const),
});
const distinct = fc.record({
  kind: fc.constant('distinct' as const),
  of: fc.constantFrom('n', 'path', 'id', 'pod', 'path.shape', '*'),
});
const condition = fc.constantFrom<(Where | undefined)[]>(
  undefined,
  undefined,
  EVERYTHING,
  valueLeaf('level', [parsePattern('info')]),
  valueLeaf('n', [{ kind: 'compare', operator: '>=', operand: { kind: 'number', value: 7 } }]),
  valueLeaf('pod', [parsePattern('a-*'), parsePattern('c')]),
  not(valueLeaf('app', [parsePattern('a')])),
  textLeaf('users/1'),
  allOf([valueLeaf('path', [parsePattern('/users/*')]), not(textLeaf('"n":'))]),
  valueLeaf('absent', [parsePattern('*')]),
);
const kinds = fc.oneof<fc.Arbitrary<Measure>[]>(
  numbers,
  distinct,
  fc.constant({ kind: 'bytes' as const }),
  fc.constant({ kind: 'rows' as const }),
);
const measure = fc.tuple(kinds, condition).map(([kind, where]): Measure => ({ ...kind, where }));

const plan = fc
  .record({
    by: fc.subarray(['level', 'path', 'path.shape', 'n', 'id', 'pod', 'zone', 'app', 'absent', '*'], { maxLength: 3 }),
    measures: fc.array(measure, { maxLength: 3 }),
    stepSeconds: fc.constantFrom(undefined, undefined, 1, 7, 60, 3600),
    offsetSeconds: fc.constantFrom(0, 3),
    windowSteps: fc.constantFrom(1, 1, 3),
    windowEvery: fc.constantFrom(1, 1, 2),
    level: fc.constantFrom(undefined, undefined, 'info', 'warn'),
    from: fc.constantFrom(undefined, 20),
    to: fc.constantFrom(undefined, 61),
    limit: fc.constantFrom(undefined, 1, 4, 10_000),
    orderAt: fc.option(fc.nat(), { nil: undefined }),
    ordersAt: fc.nat(),
  })
  .map(
    ({
      by,
      measures,
      stepSeconds,
      offsetSeconds,
      windowSteps,
      windowEvery,
      level,
      from,
      to,
      limit,
      orderAt,
      ordersAt,
    }): AggregatePlan => ({
      ...planOf({ values: level === undefined ? [] : [{ name: 'level', any: [parsePattern(level)], none: [] }] }),
      by,
      measures,
      stepNs: stepSeconds === undefined ? undefined : BigInt(stepSeconds * 1e9),
      offsetNs: BigInt(offsetSeconds * 1e9),
      windowSteps: stepSeconds === undefined ? 1 : windowSteps,
      windowEvery: stepSeconds === undefined ? 1 : windowEvery,
      from: from === undefined ? undefined : instantOf(TODAY, from * 1e9),
      to: to === undefined ? undefined : instantOf(TODAY, to * 1e9),
      limit,
      orderBy:
        orderAt === undefined || measures.length === 0
          ? undefined
          : orderOf(measures, orderAt % measures.length, ordersAt),
    }),
  );

function orderOf(measures: readonly Measure[], index: number, at: number): OrderBy {
  const asked = measures[index]!;
  if (asked.kind !== 'numbers') return { measure: index, by: asked.kind };
  const orders = ['count', 'sum', 'min', 'max', 'avg', 'stddev', 'first', 'last'] as const;
  return { measure: index, by: orders[at % orders.length]! };
}

it(`aggregations agree with a look at every line, seed ${SEED}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 4 }), plan, async (groups, asked) => {
      const lines = groups.flat().map((each): NaiveLine => ({ ...each, instant: instantOf(TODAY, each.timeNs) }));
      const want = naiveAggregate(lines, asked);
      const { cells, groupCount } = await aggregateInMemory(
        groups.map((each) => new RowGroup(rowGroupOf(each))),
        asked,
      );
      expect(groupCount).toBe(want.length);
      expectCells(cells, want, asked);
    }),
    { numRuns: RUNS },
  );
});

/** Aggregations on columns say what a plain count over parsed lines says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { type Labels, labelOf } from '../../../../shared/labels.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../shared/time.ts';
import { AGGREGATE_GROUPS_MAX } from '../../../../server/limits.ts';
import { aggregateGroup, type AggregatePlan, AggregateTable } from '../../../../server/store/aggregate/aggregate.ts';
import { facetsOf, FacetTable } from '../../../../server/store/aggregate/facets.ts';
import { addToSketch, quantileOf, type Sketch } from '../../../../server/store/aggregate/sketch.ts';
import { parsePattern } from '../../../../server/store/scan/pattern.ts';
import { planOf } from '../../query/query-context.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';

type Fields = Record<string, string | number | null>;

interface Row {
  readonly labels: Labels;
  readonly second: number;
  readonly fields: Fields | undefined;
}

const fields = fc.dictionary(
  fc.constantFrom('level', 'n', 'app'),
  fc.oneof(
    fc.constantFrom<string | number | null>('info', 'é"x', '7', '', null),
    fc.integer({ min: -5, max: 20 }),
    fc.constantFrom(0.25, 12.5, 1e3),
  ),
  { maxKeys: 3 },
);
const row = fc.record<Row>({
  labels: fc.constantFrom<Labels>({ app: 'a' }, { app: 'b' }, { pod: 'p' }),
  second: fc.nat(200),
  fields: fc.option(fields, { nil: undefined }),
});
const rows = fc.array(fc.array(row, { minLength: 1, maxLength: 15 }), { minLength: 1, maxLength: 4 });

function groupOf(each: readonly Row[]): RowGroup {
  const lines = each.map(({ labels, second, fields: values }): Line => ({
    text: values === undefined ? 'plain' : JSON.stringify(values),
    timeNs: second * 1e9,
    labels,
  }));
  return new RowGroup(rowGroupOf(lines));
}

function valueOf({ labels, fields: values }: Row, name: string): string {
  const label = labelOf(labels, name);
  if (label !== undefined) return label;
  return values !== undefined && Object.hasOwn(values, name) ? String(values[name]) : '';
}

function numberOf({ fields: values }: Row, name: string): number {
  const value = values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN;
}

describe('aggregate', () => {
  it('agrees with a count over parsed lines', () => {
    const plans = fc.record({
      by: fc.constantFrom<string[]>([], ['level'], ['app'], ['n'], ['app', 'level'], ['level', 'n', 'absent']),
      of: fc.constantFrom(undefined, 'n'),
      stepSeconds: fc.constantFrom(undefined, 1, 60),
      level: fc.option(fc.constantFrom('info', 'é"x', '7'), { nil: undefined }),
    });
    fc.assert(
      fc.property(rows, plans, (batches, { by, of, stepSeconds, level }) => {
        const values = level === undefined ? [] : [{ name: 'level', any: [parsePattern(level)], none: [] }];
        const plan: AggregatePlan = {
          ...planOf({ values }),
          by,
          of,
          stepNs: stepSeconds === undefined ? undefined : BigInt(stepSeconds) * 1_000_000_000n,
        };
        const table = new AggregateTable();
        for (const batch of batches) table.add(aggregateGroup(groupOf(batch), plan));
        const want = new Map<string, { rows: number; count: number; sum: number }>();
        for (const each of batches.flat()) {
          if (level !== undefined && valueOf(each, 'level') !== level) continue;
          const bucket =
            stepSeconds === undefined ? 0 : Number(instantOf(TODAY, each.second * 1e9) / BigInt(stepSeconds * 1e9));
          const key = JSON.stringify([bucket, ...by.map((name) => valueOf(each, name))]);
          const cell = want.get(key) ?? { rows: 0, count: 0, sum: 0 };
          const number = of === undefined ? NaN : numberOf(each, of);
          want.set(key, {
            rows: cell.rows + 1,
            count: cell.count + (Number.isNaN(number) ? 0 : 1),
            sum: cell.sum + (Number.isNaN(number) ? 0 : number),
          });
        }
        const got = new Map(
          table
            .cells()
            .map((cell) => [
              JSON.stringify([cell.bucket, ...cell.by]),
              { rows: cell.rows, count: cell.count, sum: cell.sum },
            ]),
        );
        expect(got).toEqual(want);
      }),
      { numRuns: 1500 },
    );
  });

  it('refuses more groups than the limit, and says what to do', () => {
    const table = new AggregateTable();
    for (let n = 0; n < AGGREGATE_GROUPS_MAX; n++) table.cell(n, []);
    expect(() => table.cell(-1, [])).toThrow(QueryTooLargeError);
    expect(() => table.cell(-1, [])).toThrow(/use a longer step/);
    expect(table.cell(5, []).bucket).toBe(5);
  });
});

describe('facets', () => {
  it('count the lines of each label and field, by value', () => {
    fc.assert(
      fc.property(rows, (batches) => {
        const table = new FacetTable();
        for (const batch of batches) table.add(facetsOf(groupOf(batch), planOf(), undefined, new Set()));
        for (const { name, rows: count, values } of table.facets()) {
          const want = new Map<string, number>();
          for (const each of batches.flat()) {
            const value = valueOf(each, name);
            if (value !== '') want.set(value, (want.get(value) ?? 0) + 1);
          }
          expect(values).toEqual(want);
          expect(count).toBe([...want.values()].reduce((sum, n) => sum + n, 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of an id have no values, but tell how often it occurs', () => {
    const lines = Array.from({ length: 1500 }, (_, i): Line => ({ text: `{"id":"id-${i}"}` }));
    expect(facetsOf(new RowGroup(rowGroupOf(lines)), planOf(), undefined, new Set())).toContainEqual({
      name: 'id',
      rows: 1500,
      values: undefined,
    });
  });
});

describe('sketch', () => {
  it('gives quantiles within half a percent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (numbers, quantile) => {
          const sketch: Sketch = new Map();
          for (const number of numbers) addToSketch(sketch, number);
          const exact = numbers.toSorted((a, b) => a - b)[Math.floor(quantile * (numbers.length - 1))]!;
          const got = quantileOf(sketch, quantile);
          expect(Math.abs(got - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0051 + 1e-8);
        },
      ),
    );
  });
});

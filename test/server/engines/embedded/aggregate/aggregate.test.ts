/** Aggregations on columns say what a plain count over parsed lines says. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it, vi } from 'vitest';
import { QueryTooLargeError } from '../../../../../shared/errors.ts';
import { type Labels, labelOf } from '../../../../../shared/labels.ts';
import { LEVEL } from '../../../../../shared/levels.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../../shared/time.ts';
import {
  AGGREGATE_HELD_BYTES_MAX,
  AGGREGATE_LIMIT_MAX,
  AGGREGATE_MEASURED_AT_ONCE_MAX,
} from '../../../../../server/limits.ts';
import type { AggregatePlan, Cell, Measured } from '../../../../../server/store/aggregate-plan.ts';
import { FacetTable } from '../../../../../server/engines/embedded/aggregate/facet-table.ts';
import { facetsOf } from '../../../../../server/engines/embedded/aggregate/facets.ts';
import { valueLeaf } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { naiveCanonical } from '../../../store/naive-level.ts';
import { planOf } from '../query-context.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';
import { aggregateInMemory } from './in-memory.ts';

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
  const value = values !== undefined && Object.hasOwn(values, name) ? String(values[name]) : '';
  return name === LEVEL ? naiveCanonical(value) : value;
}

function numberOf({ fields: values }: Row, name: string): number {
  const value = values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN;
}

describe('aggregate', () => {
  it('agrees with a count over parsed lines', async () => {
    const plans = fc.record({
      by: fc.constantFrom<string[]>([], ['level'], ['app'], ['n'], ['app', 'level'], ['level', 'n', 'absent']),
      of: fc.constantFrom(undefined, 'n'),
      stepSeconds: fc.constantFrom(undefined, 1, 60),
      level: fc.option(fc.constantFrom('info', 'é"x', '7'), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(rows, plans, async (batches, { by, of, stepSeconds, level }) => {
        const values = level === undefined ? [] : [{ name: 'level', any: [parsePattern(level)], none: [] }];
        const plan: AggregatePlan = {
          ...planOf({ values }),
          by,
          measures: of === undefined ? [] : [{ kind: 'numbers', of, quantiles: [0, 1] }],
          limit: undefined,
          stepNs: stepSeconds === undefined ? undefined : BigInt(stepSeconds) * 1_000_000_000n,
        };
        const { cells, groupCount } = await aggregateInMemory(batches.map(groupOf), plan);
        const want = new Map<string, { rows: number; count: number; sum: number; min: number; max: number }>();
        for (const each of batches.flat()) {
          if (level !== undefined && valueOf(each, 'level') !== level) continue;
          const bucket =
            stepSeconds === undefined ? 0 : Number(instantOf(TODAY, each.second * 1e9) / BigInt(stepSeconds * 1e9));
          const key = JSON.stringify([bucket, ...by.map((name) => valueOf(each, name))]);
          const cell = want.get(key) ?? { rows: 0, count: 0, sum: 0, min: Infinity, max: -Infinity };
          const number = of === undefined ? NaN : numberOf(each, of);
          want.set(key, Number.isNaN(number) ? { ...cell, rows: cell.rows + 1 } : withNumber(cell, number));
        }
        const got = new Map(
          cells.map((cell) => {
            const { count, sum, min, max } = numbersOf(cell);
            return [JSON.stringify([cell.bucket, ...cell.by]), { rows: cell.rows, count, sum, min, max }];
          }),
        );
        expect(got).toEqual(want);
        expect(groupCount).toBe(want.size);
        expect(cells.map((cell) => cell.rows)).toEqual(cells.map((cell) => cell.rows).toSorted((a, b) => b - a));
        for (const cell of cells) {
          const {
            count,
            min,
            max,
            quantiles: [least, most],
          } = numbersOf(cell);
          expect(least === undefined).toBe(count === 0);
          if (least === undefined || most === undefined) continue;
          expect(Math.abs(least - min)).toBeLessThanOrEqual(Math.abs(min) * 0.0051);
          expect(Math.abs(most - max)).toBeLessThanOrEqual(Math.abs(max) * 0.0051);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('finds the largest of more groups than it holds, and measures them', async () => {
    const batches = Array.from({ length: 4 }, (_, batch) =>
      Array.from({ length: BATCH_LINES }, (__, i): Line => {
        const id = i % 10 === 0 ? `hot-${i % 70}` : idOf(batch, i);
        return { text: `{"id":"${id}","ms":${i % 100}}` };
      }),
    );
    const groups = batches.map((lines) => new RowGroup(rowGroupOf(lines)));
    const { cells, groupCount, groupCountError } = await aggregateInMemory(groups, {
      ...COUNT,
      by: ['id'],
      measures: [{ kind: 'numbers', of: 'ms', quantiles: [] }],
      limit: 5,
    });
    const idCount = new Set(batches.flat().map(({ text }) => (JSON.parse(text) as { id: string }).id)).size;
    expect(groupCountError).toBeGreaterThan(0);
    expect(Math.abs(groupCount - idCount)).toBeLessThan(idCount * groupCountError);
    const hot = batches.flat().filter(({ text }) => text.includes('hot-'));
    for (const cell of cells) {
      const { by, rows: rowCount } = cell;
      const { count, sum } = numbersOf(cell);
      const own = hot
        .filter(({ text }) => text.includes(`"${by[0]}"`))
        .map(({ text }) => JSON.parse(text) as { ms: number });
      expect([rowCount, count]).toEqual([own.length, own.length]);
      expect(sum).toBe(own.reduce((total, { ms }) => total + ms, 0));
    }
    expect(cells.map(({ by }) => by[0]!.slice(0, 4))).toEqual(['hot-', 'hot-', 'hot-', 'hot-', 'hot-']);
  });

  it('tells groups of as many rows apart even when they are too many to hold', async () => {
    const groups = Array.from({ length: 4 }, (_, batch) => {
      const lines = Array.from({ length: BATCH_LINES }, (__, i): Line => ({ text: `{"id":"${idOf(batch, i)}"}` }));
      return new RowGroup(rowGroupOf(lines));
    });
    const { cells } = await aggregateInMemory(groups, { ...COUNT, by: ['id'], limit: 7 });
    expect(cells.map(({ rows: rowCount }) => rowCount)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(new Set(cells.map(({ by }) => by[0])).size).toBe(7);
  });

  it('refuses more groups than an answer may have where all are wanted, and says what to do', async () => {
    const lines = Array.from({ length: AGGREGATE_LIMIT_MAX + 1 }, (_, i): Line => ({ text: `{"id":${i * 1000}}` }));
    const all = { ...COUNT, by: ['id'], limit: undefined };
    const group = new RowGroup(rowGroupOf(lines));
    await expect(aggregateInMemory([group], all)).rejects.toThrow(QueryTooLargeError);
    await expect(aggregateInMemory([group], all)).rejects.toThrow(/more than 10000 groups: use a longer step/);
    const { cells } = await aggregateInMemory([new RowGroup(rowGroupOf(lines.slice(1)))], all);
    expect(cells.length).toBe(AGGREGATE_LIMIT_MAX);
  });
});

/** Two such batches have more groups than a lane holds, and all four fit into a table: texts with two numbers are kept whole. */
const ID_BYTES = 100;
const BATCH_LINES = Math.ceil((AGGREGATE_HELD_BYTES_MAX / (ID_BYTES + 44)) * 0.563);

function idOf(batch: number, i: number): string {
  return `id-${batch}-${i}`.padEnd(ID_BYTES, 'x');
}

const COUNT: AggregatePlan = {
  ...planOf(),
  by: [],
  measures: [],
  stepNs: undefined,
  limit: undefined,
};

type NumbersOfGroup = Measured & { readonly kind: 'numbers' };

const NO_NUMBERS = { count: 0, sum: 0, min: Infinity, max: -Infinity, quantiles: [] };

function numbersOf({ measures: [first] }: Cell): Pick<NumbersOfGroup, keyof typeof NO_NUMBERS> {
  return first?.kind === 'numbers' ? first : NO_NUMBERS;
}

interface Expected {
  readonly rows: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

function withNumber({ rows: rowCount, count, sum, min, max }: Expected, number: number): Expected {
  return {
    rows: rowCount + 1,
    count: count + 1,
    sum: sum + number,
    min: Math.min(min, number),
    max: Math.max(max, number),
  };
}

describe('facets', () => {
  it('count the lines of each label and field, by value', () => {
    fc.assert(
      fc.property(rows, (batches) => {
        const table = new FacetTable();
        for (const batch of batches) table.add(facetsOf(groupOf(batch), planOf(), undefined, new Set()));
        for (const { name, rows: count, values } of table.counts().facets) {
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

  it('count a line once that has the field as a number and as a text', () => {
    const group = new RowGroup(rowGroupOf([{ text: '{"n":1,"n":"a"}' }, { text: '{"n":1}' }]));
    const [facet] = facetsOf(group, planOf(), ['n'], new Set()).facets;
    expect(facet).toEqual({
      name: 'n',
      rows: 2,
      values: new Map([
        ['a', 1],
        ['1', 1],
      ]),
    });
  });

  it('of an id have no values, but tell how often it occurs', () => {
    const lines = Array.from({ length: 1500 }, (_, i): Line => ({ text: `{"id":"id-${i}"}` }));
    expect(facetsOf(new RowGroup(rowGroupOf(lines)), planOf(), undefined, new Set()).facets).toContainEqual({
      name: 'id',
      rows: 1500,
      values: undefined,
    });
  });
});

describe('groups in the order of their only measure', () => {
  const groups = (): RowGroup[] => [
    groupOf(Array.from({ length: 40 }, (_, i) => ({ labels: {}, second: i, fields: { app: 'abcd'[i % 4]!, n: i } }))),
  ];

  it.each<[string, AggregatePlan['measures'][number], 'sum' | 'distinct', number]>([
    ['have it after one pass', { kind: 'numbers', of: 'n', quantiles: [] }, 'sum', 1],
    ['are counted once where values are counted exactly', { kind: 'distinct', of: 'n' }, 'distinct', 1],
    ['have quantiles beside it', { kind: 'numbers', of: 'n', quantiles: [0.5] }, 'sum', 2],
  ])('%s', async (_, measure, by, passes) => {
    const [group] = groups();
    const column = group!.columnsOf('n')[0]!;
    const decode = vi.spyOn(group!, 'values');
    const plan = { ...planOf({}), by: ['app'], measures: [measure], stepNs: undefined, limit: 2 };
    const { cells } = await aggregateInMemory([group!], { ...plan, orderBy: { measure: 0, by } });
    expect(cells).toHaveLength(2);
    expect(decode.mock.calls.filter(([index]) => index === column)).toHaveLength(passes);
  });

  it('have all other measures at once, where they are few', async () => {
    const measures: AggregatePlan['measures'] = [
      { kind: 'rows', where: valueLeaf('n', [parsePattern('7')]) },
      { kind: 'numbers', of: 'n', quantiles: [0.5] },
    ];
    const readsOf = async (orderBy: AggregatePlan['orderBy']): Promise<number> => {
      const [group] = groups();
      const column = group!.columnsOf('app')[0]!;
      const read = vi.spyOn(group!, 'countedTexts');
      await aggregateInMemory([group!], { ...planOf({}), by: ['app'], measures, stepNs: undefined, limit: 2, orderBy });
      return read.mock.calls.filter(([index]) => index === column).length;
    };
    const inOnePass = await readsOf(undefined);
    expect(inOnePass).toBeGreaterThan(0);
    expect(await readsOf({ measure: 0, by: 'rows' })).toBe(inOnePass);
  });

  it('have the others in a pass of their own, where there are more than are measured at once', async () => {
    const few = AGGREGATE_MEASURED_AT_ONCE_MAX - 1;
    const many = AGGREGATE_MEASURED_AT_ONCE_MAX + 500;
    const ofApps = (count: number): RowGroup =>
      groupOf(
        Array.from({ length: count }, (_, i) => ({ labels: {}, second: i % 200, fields: { app: `a${i}`, n: i } })),
      );
    const measures: AggregatePlan['measures'] = [
      { kind: 'numbers', of: 'n', quantiles: [0.5] },
      { kind: 'numbers', of: 'n', quantiles: [] },
      { kind: 'rows', where: valueLeaf('n', [parsePattern(String(many - 1))]) },
    ];
    // The first row group has few, the next one makes them many.
    const { cells, groupCount } = await aggregateInMemory([ofApps(few), ofApps(many), ofApps(few), ofApps(many)], {
      ...planOf({}),
      by: ['app'],
      measures,
      stepNs: undefined,
      limit: 2,
      orderBy: { measure: 1, by: 'sum' },
    });
    expect(groupCount).toBe(many);
    const largest = few - 1;
    expect(cells).toMatchObject([
      { by: [`a${largest}`], rows: 4, measures: [{ quantiles: [largest] }, { sum: 4 * largest }, { rows: 0 }] },
      {
        by: [`a${largest - 1}`],
        rows: 4,
        measures: [{ quantiles: [largest - 1] }, { sum: 4 * (largest - 1) }, { rows: 0 }],
      },
    ]);
  });
});

/** What rows are grouped by is the same text, however a column keeps it, and in whatever row group. */
import { expect, test } from 'vitest';
import { ENCODING_PATTERN } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { facetsOf } from '../../../../../server/engines/embedded/aggregate/facets.ts';
import { valueCodes } from '../../../../../server/engines/embedded/aggregate/value-codes.ts';
import { ValueText } from '../../../../../server/engines/embedded/aggregate/value-text.ts';
import { FACET_VALUES_MAX } from '../../../../../server/limits.ts';
import { planOf } from '../query-context.ts';
import { rowGroupOf } from '../batches.ts';
import { aggregateInMemory } from './in-memory.ts';

function groupOf(paths: readonly string[]): RowGroup {
  const group = new RowGroup(rowGroupOf(paths.map((path) => ({ text: `{"path":"${path}"}` }))));
  expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_PATTERN);
  return group;
}

test('texts with numbers in them have a code for each text', () => {
  const paths = Array.from({ length: 1200 }, (_, i) => `/${'ab'[i % 2]!}/${i % 600}/0${i % 3}`);
  const dimension = valueCodes(groupOf(paths), 'path');
  const [part] = dimension.parts;
  if (part?.kind !== 'each') throw new Error('one template, and different values');
  const textOf = (code: number): string => {
    const text = new ValueText();
    dimension.texts.write(code, text);
    return text.toString();
  };
  expect(paths.map((_, row) => textOf(part.base + part.codes[part.first + row]!))).toEqual(paths);
  // One for each text, and 0 for "none".
  expect(dimension.size).toBe(1 + new Set(paths).size);
});

test.each([
  ['too many to count', FACET_VALUES_MAX + 1, undefined],
  ['few enough to count', 100, 100],
])('a facet of %s', (_what, count, counted) => {
  const group = groupOf(Array.from({ length: count }, (_, i) => `/users/${i}`));
  const [facet] = facetsOf(group, planOf({}), ['path'], new Set()).facets;
  expect(facet).toMatchObject({ name: 'path', rows: count });
  expect(facet!.values?.size).toBe(counted);
});

const COUNT = 1200;

/** Values of one field, which a column of many keeps in another way than one of few. */
const KINDS: readonly [string, (i: number) => string][] = [
  ['integers close together', (i) => String(i % 500)],
  ['integers below zero', (i) => String((i % 500) - 250)],
  ['integers far apart', (i) => String((i % 500) * 1_000_003)],
  ['integers of more than 32 bits', (i) => String(1_700_000_000_000 + (i % 300) * 1_000)],
  ['quoted integers', (i) => `"${i % 500}"`],
  ['paths', (i) => `"/users/${i % 600}"`],
  ['paths with numbers far apart', (i) => `"/users/${(i % 600) * 999_983}"`],
  ['paths with large numbers', (i) => `"/at/${1_700_000_000_000 + (i % 600)}"`],
  ['paths with zeros in front', (i) => `"/users/${String(i % 600).padStart(5, '0')}"`],
  ['paths with two numbers', (i) => `"/users/${i % 40}/orders/${i % 30}"`],
  [
    'paths of all of these',
    (i) => `"/${['a', 'b/7', 'c', 'd/x'][i % 4]!}/${i % 4 === 3 ? 'none' : (i % 700) ** (1 + (i % 3))}"`,
  ],
  ['paths with escapes', (i) => String.raw`"\u00e9\/users\/${i % 600}"`],
  ['decimals', (i) => `${i % 50}.${i % 9}5`],
  ['texts', (i) => `"${'abcdefghij'[i % 10]!}${'xyz'[i % 3]!}"`],
  ['UUIDs', (i) => `"0b5c${String(i % 600).padStart(4, '0')}-7777-4aaa-8bbb-00000000cdef"`],
];

test.each(KINDS)('%s are the same groups in a column of many and in columns of one', async (_what, valueOf) => {
  const values = Array.from({ length: COUNT }, (_, i) => valueOf(i));
  const groupOfValues = (some: readonly string[]): RowGroup =>
    new RowGroup(rowGroupOf(some.map((value) => ({ text: `{"v":${value}}` }))));
  const groups = [
    groupOfValues(values),
    groupOfValues(values.toReversed()),
    ...values.slice(0, 40).map((one) => groupOfValues([one])),
  ];
  const plan = { ...planOf(), by: ['v'], measures: [], stepNs: undefined, limit: COUNT };
  const { cells, groupCount } = await aggregateInMemory(groups, plan);
  const want = new Map<string, number>();
  for (const value of [...values, ...values, ...values.slice(0, 40)]) {
    const text = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    want.set(text, (want.get(text) ?? 0) + 1);
  }
  expect(new Map(cells.map(({ by, rows }) => [by[0]!, rows]))).toEqual(want);
  expect(groupCount).toBe(want.size);
});

/** Measures as answers write them. */
import { expect, test } from 'vitest';
import { type AskedMeasures, measuredOf } from '../../../server/query/measures.ts';
import { sixDecimals } from '../../../server/query/rounding.ts';
import type { Measured } from '../../../server/store/aggregate-plan.ts';

type Shown = AskedMeasures['shown'][number];

const asked = (under: 'distinct' | 'of', name: string, measure = 0): Shown => ({ under, asked: name, measure });
const distinct = (count: number, error: number): Measured => ({ kind: 'distinct', distinct: count, error });

function written(shown: readonly Shown[], measures: readonly Measured[]): object {
  return measuredOf({ shown, measures: [], orderBy: undefined }, { bucket: 0, by: [], rows: 1, measures });
}

test.each<[string, readonly Measured[], object]>([
  ['exact', [distinct(7, 0), distinct(8, 0)], { distinct: { a: 7, b: 8 } }],
  [
    'estimated',
    [distinct(7, 0), distinct(1_759_000, 0.01625)],
    { distinct: { a: 7, b: 1_759_000 }, distinct_error: { b: 0.016 } },
  ],
])('different values are a number: %s', (_, measures, want) => {
  expect(written([asked('distinct', 'a'), asked('distinct', 'b', 1)], measures)).toEqual(want);
});

test('what is computed has six decimals, and what is in a line all of its own', () => {
  const numbers: Measured = {
    kind: 'numbers',
    count: 3,
    sum: 0.1 + 0.2,
    min: 0.123456789,
    max: 7.123456789,
    quantiles: [970.0899999999999, 1 / 3, 2 / 3000, 12345.678901234],
    stddev: NaN,
    first: NaN,
    last: NaN,
  };
  expect(written([asked('of', 'ms')], [numbers])).toEqual({
    count: 3,
    sum: 0.3,
    min: 0.123456789,
    max: 7.123456789,
    avg: 0.1,
    p50: 970.09,
    p90: 0.333333,
    p95: 0.000666667,
    p99: 12345.678901,
  });
});

test.each([
  [0, 0],
  [-1.0000004, -1],
  [1e21, 1e21],
  [123456789.1234567, 123456789.123457],
  [1.5e-9, 1.5e-9],
  [-2 / 3, -0.666667],
])('%d is written as %d', (number, want) => {
  expect(sixDecimals(number)).toBe(want);
});

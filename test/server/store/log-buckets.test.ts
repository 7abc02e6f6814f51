/** Buckets of numbers: edges that one can type, and each number between those of its bucket. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { bucketOfNumber, bucketText, edgesOf } from '../../../server/store/log-buckets.ts';
import { naiveBucket } from './naive-aggregate.ts';

test.each([
  [0, '0', { from: 0, to: 0 }],
  [-0, '0', { from: 0, to: 0 }],
  [1, '1', { from: 1, to: 1.25 }],
  [1.2499, '1', { from: 1, to: 1.25 }],
  [250, '250', { from: 250, to: 315 }],
  [999.9, '800', { from: 800, to: 1000 }],
  [1000, '1000', { from: 1000, to: 1250 }],
  [0.003, '0.0025', { from: 0.0025, to: 0.00315 }],
  [-3, '-2.5', { from: -3.15, to: -2.5 }],
  [-1000, '-1000', { from: -1250, to: -1000 }],
  [1e21, '1e+21', { from: 1e21, to: 1.25e21 }],
])('the bucket of %d', (number, text, edges) => {
  expect(bucketText(bucketOfNumber(number))).toBe(text);
  expect(edgesOf(text)).toEqual(edges);
});

test('a text without a number has none', () => expect(edgesOf('')).toBeUndefined());

test('each number lies between the edges of its bucket, and buckets are in the order of their numbers', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
    fc.integer(),
    fc
      .tuple(fc.constantFrom(1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8), fc.integer({ min: -20, max: 20 }))
      .map(([edge, exponent]) => Number(`${edge}e${exponent}`)),
  );
  fc.assert(
    fc.property(number, number, (a, b) => {
      fc.pre(a === 0 || Math.abs(a) > 1e-290);
      const text = bucketText(bucketOfNumber(a));
      const { from, to } = edgesOf(text)!;
      if (a > 0) expect(a >= from && a < to).toBe(true);
      else if (a < 0) expect(a > from && a <= to).toBe(true);
      expect(text).toBe(naiveBucket(String(a)));
      if (a < b) expect(bucketOfNumber(a)).toBeLessThanOrEqual(bucketOfNumber(b));
    }),
    { numRuns: 5000 },
  );
});

/** Numbers of a sketch are close to the sorted ones, for each group, and however the numbers were split. */
import fc from '../../../../fast-check.ts';
import { expect, it } from 'vitest';
import { QueryTooLargeError } from '../../../../../shared/errors.ts';
import { AGGREGATE_LIMIT_MAX, AGGREGATE_SKETCHES_MAX } from '../../../../../server/limits.ts';
import { bucketOf, Sketches } from '../../../../../server/engines/embedded/aggregate/sketch.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
/** By group: the numbers of all ranks. */
function numbersIn(sketches: Sketches): Map<number, number[]> {
  const found = new Map<number, number[]>();
  sketches.forEachGroup((group, count, numberAt) => {
    found.set(
      group,
      Array.from({ length: count }, (_, rank) => numberAt(rank)),
    );
  });
  return found;
}

it('the number of each rank is within half a percent', () => {
  fc.assert(
    fc.property(numbers, numbers, (first, last) => {
      const sketches = new Sketches();
      const others = new Sketches();
      for (const [i, number] of first.entries()) (i % 2 === 0 ? sketches : others).add(0, bucketOf(number));
      for (const number of last) others.add(AGGREGATE_SKETCHES_MAX - 1, bucketOf(number));
      sketches.addMoved(
        others.state(),
        Int32Array.from({ length: AGGREGATE_SKETCHES_MAX }, (_, group) => group),
      );
      const found = numbersIn(sketches);
      for (const [group, each] of [[0, first] as const, [AGGREGATE_SKETCHES_MAX - 1, last] as const]) {
        const sorted = each.toSorted((a, b) => a - b);
        expect(found.get(group)).toHaveLength(sorted.length);
        for (const [rank, exact] of sorted.entries()) {
          expect(Math.abs(found.get(group)![rank]! - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0051 + 1e-8);
        }
      }
    }),
  );
});

it('the smallest and the largest numbers have a place', () => {
  const sketches = new Sketches();
  for (const [group, number] of [5e-324, -1e308, 1e308, 1e-8, -0].entries()) {
    sketches.add(group, bucketOf(number));
  }
  const found = numbersIn(sketches);
  expect(found.get(0)).toEqual([0]);
  expect(found.get(1)![0]! / -1e308).toBeCloseTo(1, 2);
  expect(found.get(2)![0]! / 1e308).toBeCloseTo(1, 2);
  expect(found.get(3)![0]! / 1e-8).toBeCloseTo(1, 2);
  expect(found.get(4)).toEqual([0]);
});

it('too many buckets are refused', () => {
  const sketches = new Sketches();
  const fill = (): void => {
    for (let group = 0; group < AGGREGATE_SKETCHES_MAX; group++) {
      for (let bucket = 1; bucket <= 256; bucket++) sketches.add(group, bucket);
    }
  };
  expect(fill).toThrow(QueryTooLargeError);
  expect(fill).toThrow(
    /bytes: group by fields with fewer values, or order by rows and ask for fewer groups with `limit`/,
  );
  expect(numbersIn(sketches).get(0)).toBeDefined();
});

it('too many groups are refused: a limit of the answer does not help, another order does', () => {
  const sketches = new Sketches();
  sketches.add(AGGREGATE_SKETCHES_MAX - 1, 1);
  const message =
    /more than 16384 groups: order by rows or another measure than a quantile, or group by fields with fewer/;
  expect(() => sketches.add(AGGREGATE_SKETCHES_MAX, 1)).toThrow(message);
  const moved = new Int32Array(AGGREGATE_SKETCHES_MAX).fill(AGGREGATE_SKETCHES_MAX);
  expect(() => new Sketches().addMoved(sketches.state(), moved)).toThrow(message);
});

it('an answer has no more groups than can be measured', () => {
  expect(AGGREGATE_LIMIT_MAX).toBeLessThanOrEqual(AGGREGATE_SKETCHES_MAX);
});

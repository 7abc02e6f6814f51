/** Quantiles are linear between the neighbours: exactly of few numbers, and within half a percent of them of many. */
import fc from '../../../../fast-check.ts';
import { expect, it } from 'vitest';
import { AGGREGATE_SKETCHES_MAX, QUANTILE_NUMBERS_KEPT_MAX } from '../../../../../server/limits.ts';
import { Quantiles } from '../../../../../server/engines/embedded/aggregate/quantiles.ts';
import { naiveQuantile } from '../../../store/naive-aggregate.ts';

function added(numbers: readonly number[], group = 0): Quantiles {
  const quantiles = new Quantiles();
  quantiles.addAll(new Int32Array(numbers.length).fill(group), Float64Array.from(numbers), group + 1);
  return quantiles;
}

function quantilesOf(quantiles: Quantiles, asked: readonly number[], numbers: readonly number[], group = 0): number[] {
  const [mins, maxs] = [new Float64Array(group + 1), new Float64Array(group + 1)];
  mins[group] = Math.min(...numbers);
  maxs[group] = Math.max(...numbers);
  return quantiles.quantiles(asked, mins, maxs).get(group)!;
}

// Each as Prometheus' quantile_over_time has it.
it.each<[readonly number[], number, number]>([
  [[1, 2, 3, 1000], 0.99, 970.09],
  [[1, 2, 3, 1000], 0.5, 2.5],
  [[1000, 3, 1, 2], 0, 1],
  [[1000, 3, 1, 2], 1, 1000],
  [[7], 0.99, 7],
  [[0, 100], 0.25, 25],
  [[-10, 10], 0.5, 0],
])('of %j, quantile %d is %d', (numbers, quantile, want) => {
  expect(quantilesOf(added(numbers), [quantile], numbers)[0]).toBeCloseTo(want, 9);
});

const someNumbers = (max: number): fc.Arbitrary<number[]> =>
  fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: max });
const asked = fc.array(fc.oneof(fc.constantFrom(0, 0.5, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true })), {
  maxLength: 4,
});

it('they do not depend on how numbers were split, few or many', () => {
  const numbers = fc.oneof(someNumbers(QUANTILE_NUMBERS_KEPT_MAX / 2), someNumbers(QUANTILE_NUMBERS_KEPT_MAX * 3));
  fc.assert(
    fc.property(
      numbers,
      numbers,
      asked,
      fc.constantFrom(0, 5, AGGREGATE_SKETCHES_MAX - 1),
      (first, last, which, to) => {
        const quantiles = added(first, to);
        const moved = Int32Array.of(-1, to);
        quantiles.addMoved(added(last, 1).state(), moved, to + 1);
        const all = [...first, ...last];
        const sorted = all.toSorted((a, b) => a - b);
        const isExact = all.length <= QUANTILE_NUMBERS_KEPT_MAX;
        for (const [i, value] of quantilesOf(quantiles, which, all, to).entries()) {
          const place = which[i]! * (sorted.length - 1);
          const neighbours = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
          const size = Math.max(...neighbours.map(Math.abs));
          const off = Math.abs(value - naiveQuantile(sorted, which[i]!));
          expect(off).toBeLessThanOrEqual(size * (isExact ? 1e-12 : 0.0051) + 1e-8);
        }
      },
    ),
  );
});

it('the least and the greatest of many numbers are exact', () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => 1.00123 * (i + 7));
  expect(quantilesOf(added(numbers), [0, 1], numbers)).toEqual([numbers[0], numbers.at(-1)]);
});

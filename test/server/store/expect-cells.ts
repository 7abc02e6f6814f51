/** Compares the groups of an answer with those that a look at every line gives. */
import { expect } from 'vitest';
import { QUANTILE_NUMBERS_KEPT_MAX } from '../../../server/limits.ts';
import type { AggregatePlan, Cell } from '../../../server/store/aggregate-plan.ts';
import { rankOf } from './naive-aggregate.ts';

/** @param want  all groups in their order, however many are asked for */
export function expectCells(cells: readonly Cell[], want: readonly Cell[], asked: AggregatePlan): void {
  expect(cells.length).toBe(Math.min(want.length, asked.limit ?? Infinity));
  const wanted = new Map(want.map((cell) => [keyOf(cell), cell]));
  for (const cell of cells) expectCell(cell, wanted.get(keyOf(cell)));
  // Among equals, any may be in the answer: what it is compared by is the same for each place.
  for (const [i, cell] of cells.entries()) expectNear(rankOf(cell, asked), rankOf(want[i]!, asked));
}

function keyOf({ bucket, by }: Cell): string {
  return JSON.stringify([bucket, ...by]);
}

function expectCell(got: Cell, want: Cell | undefined): void {
  expect(got.rows).toBe(want?.rows);
  for (const [i, measured] of got.measures.entries()) {
    const wanted = want!.measures[i]!;
    if (measured.kind !== 'numbers' || wanted.kind !== 'numbers') {
      expect(measured).toEqual(wanted);
      continue;
    }
    const { quantiles, sum, stddev, ...exact } = measured;
    expect(exact).toEqual({
      kind: 'numbers',
      count: wanted.count,
      min: wanted.min,
      max: wanted.max,
      first: wanted.first,
      last: wanted.last,
    });
    expectNear(sum, wanted.sum);
    expectNear(stddev, wanted.stddev);
    expect(quantiles.length).toBe(wanted.quantiles.length);
    for (const [q, value] of quantiles.entries()) {
      // Neighbours of which one is below zero may be far from what is between them.
      const size = measured.min < 0 ? Math.max(-measured.min, measured.max) : Math.abs(wanted.quantiles[q]!);
      const share = measured.count <= QUANTILE_NUMBERS_KEPT_MAX ? 1e-9 : 0.005;
      expect(Math.abs(value - wanted.quantiles[q]!)).toBeLessThanOrEqual(size * share + 1e-9);
    }
  }
}

/** Sums of floats depend on their order. */
function expectNear(got: number, want: number): void {
  if (Number.isFinite(want)) expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(want)));
  else expect(got).toBe(want);
}

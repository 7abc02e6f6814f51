/** Different values by group: exactly, then within what is said, and however they were split. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { QueryTooLargeError } from '../../../../../shared/errors.ts';
import { hashBytes } from '../../../../../shared/byte-strings.ts';
import { DISTINCT_SKETCHES_BYTES_MAX, DISTINCT_VALUES_MAX } from '../../../../../server/limits.ts';
import { DistinctValues } from '../../../../../server/engines/embedded/aggregate/distinct-values.ts';

const bytes = Buffer.alloc(8);

/** Value i, which is a hash of its number. */
function add(values: DistinctValues, group: number, i: number): void {
  bytes.writeDoubleLE(i);
  values.add(group, hashBytes(bytes, 0, 8) | 0, hashBytes(bytes, 0, 6) ^ Math.imul(i, 0x9e3779b1));
}

function fill(values: DistinctValues, group: number, from: number, to: number, groupCount = group + 1): void {
  for (let i = from; i < to; i++) {
    if (i % 1000 === 0) values.reserve(groupCount);
    add(values, group, i);
  }
}

function pairsOf(groupMax: number) {
  return fc.array(fc.tuple(fc.nat(groupMax), fc.nat(300)), { maxLength: 2000, size: 'max' });
}

describe('different values', () => {
  it.each([0, 4])(
    'are counted exactly while they are few, and groups may have other numbers elsewhere: up to %i',
    (groupMax) => {
      fc.assert(
        fc.property(pairsOf(groupMax), pairsOf(groupMax), (first, last) => {
          const moved = Int32Array.of(2, -1, 0, 4, 3);
          const [one, other] = [new DistinctValues(), new DistinctValues()];
          const want = Array.from({ length: 5 }, () => new Set<number>());
          for (const [group, i] of first) {
            add(one, group, i);
            want[group]!.add(i);
          }
          for (const [group, i] of last) {
            add(other, group, i);
            if (moved[group]! >= 0) want[moved[group]!]!.add(i);
          }
          const values = new DistinctValues(structuredClone(one.state()));
          values.addAll(other.state(), moved, 5);
          expect(values.counts(5)).toEqual({ counts: Float64Array.from(want, ({ size }) => size), error: 0 });
        }),
        { numRuns: 50 },
      );
    },
  );

  it('are counted within what is said when they are many, in one place or in two', () => {
    const count = DISTINCT_VALUES_MAX * 1.2;
    const [whole, first, last] = [new DistinctValues(), new DistinctValues(), new DistinctValues()];
    fill(whole, 0, 0, count);
    fill(first, 0, 0, count * 0.6);
    fill(last, 0, count * 0.4, count);
    expect(first.counts(1).error).toBe(0);
    first.addAll(last.state(), Int32Array.of(0), 1);
    for (const values of [whole, first]) {
      const { counts, error } = values.counts(1);
      expect(error).toBeGreaterThan(0.01);
      expect(error).toBeLessThan(0.02);
      expect(Math.abs(counts[0]! - count)).toBeLessThanOrEqual(count * error * 1.5);
    }
    // Registers do not depend on who saw a value first.
    expect(first.counts(1)).toEqual(whole.counts(1));
  });

  it('of many groups have smaller sketches, to which larger ones are folded', () => {
    const groups = 3000;
    const values = new DistinctValues();
    fill(values, 0, 0, DISTINCT_VALUES_MAX + 2000);
    const { counts: before } = values.counts(1);
    const many = new DistinctValues();
    for (let group = 1; group < groups; group++) fill(many, group, 0, 401, groups);
    many.addAll(values.state(), Int32Array.of(0), groups);
    const { counts, error } = many.counts(groups);
    expect(error).toBeGreaterThan(0.02);
    expect(Math.abs(counts[0]! - before[0]!)).toBeLessThanOrEqual(before[0]! * error * 1.5);
    const off = counts.subarray(1).filter((count) => Math.abs(count - 401) > 401 * error);
    expect(off.length).toBeLessThan(groups * 0.1);
    expect(() => many.reserve(DISTINCT_SKETCHES_BYTES_MAX)).toThrow(QueryTooLargeError);
    expect(() => many.reserve(DISTINCT_SKETCHES_BYTES_MAX)).toThrow(/16384 groups: group by fields with fewer values/);
  });
});

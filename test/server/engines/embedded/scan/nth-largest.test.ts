import fc from '../../../../fast-check.ts';
import { expect, it } from 'vitest';
import { nthLargest } from '../../../../../server/engines/embedded/scan/nth-largest.ts';

it('the n-th largest is the n-th of the sorted', () => {
  const numbers = fc.array(fc.oneof(fc.nat(3), fc.double({ noNaN: true })), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(numbers, fc.oneof(fc.nat({ max: 20 }), fc.nat()), (some, at) => {
      const given = Float64Array.from(some);
      const n = 1 + (at % some.length);
      // Zeros have no order among each other.
      expect(nthLargest(given, n) + 0).toBe(given.toSorted()[some.length - n]! + 0);
      expect([...given]).toEqual(some);
    }),
  );
});

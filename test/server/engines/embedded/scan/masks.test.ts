import fc from '../../../../fast-check.ts';
import { expect, test } from 'vitest';
import { countMarked } from '../../../../../server/engines/embedded/scan/masks.ts';

test.each([0, 1, 4])('the ones of a mask that begins at byte %i of its memory are counted', (start) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1, 1), { maxLength: 5000, size: 'max' }), (ones) => {
      // The memory behind a mask may have anything.
      const memory = new Uint8Array(start + ones.length + 8).fill(255);
      const mask = memory.subarray(start, start + ones.length);
      mask.set(ones);
      expect(countMarked(mask)).toBe(ones.reduce((sum: number, one) => sum + one, 0));
    }),
    { numRuns: 50 },
  );
});

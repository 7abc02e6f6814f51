/** Codes are less than a limit exactly where each of them is. */
import { expect, test } from 'vitest';
import { areLess } from '../../../../shared/row-group/encodings/are-less.ts';
import { Random } from '../../../corpus/random.ts';

const LIMITS = [1, 2, 3, 16, 24, 127, 128];
const WIDE_LIMITS = [...LIMITS, 129, 255, 256, 257, 1000, 32_767, 32_768];

function codesBelow(random: Random, limit: number, length: number): number[] {
  return Array.from({ length }, () => random.below(limit));
}

test.each(LIMITS)('bytes less than %i', (limit) => {
  const random = new Random(limit);
  for (let length = 0; length < 21; length++) {
    const codes = Uint8Array.from(codesBelow(random, limit, length));
    expect(areLess(codes, limit)).toBe(true);
    for (let at = 0; at < length; at++) {
      for (const wrong of [limit, limit + 1, 128, 255].filter((each) => each >= limit && each < 256)) {
        expect(areLess(codes.with(at, wrong), limit)).toBe(false);
      }
    }
  }
});

test.each(WIDE_LIMITS)('codes of two bytes less than %i', (limit) => {
  const random = new Random(limit);
  for (let length = 0; length < 9; length++) {
    const codes = Uint16Array.from(codesBelow(random, limit, length));
    expect(areLess(codes, limit)).toBe(true);
    for (let at = 0; at < length; at++) {
      for (const wrong of [limit, limit + 1, 32_768, 65_535].filter((each) => each >= limit)) {
        expect(areLess(codes.with(at, wrong), limit)).toBe(false);
      }
    }
  }
});

test('where words do not tell, nothing is claimed', () => {
  expect(areLess(Uint8Array.of(1, 2, 3, 4), 129)).toBe(false);
  expect(areLess(Uint8Array.of(9, 1, 2, 3, 4).subarray(1), 16)).toBe(false);
});

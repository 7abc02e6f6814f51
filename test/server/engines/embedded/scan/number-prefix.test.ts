/** Numbers tell of a text's beginning what the text itself tells. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import {
  beginsWith,
  numbersOfPrefix,
  rangesOfPrefix,
} from '../../../../../server/engines/embedded/scan/number-prefix.ts';

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), maxLength: 4 });
const integer = fc.oneof(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -(10 ** 14), max: 10 ** 14 }));

it('finds the integers that begin with a prefix', () => {
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, integer, (sign, some, number) => {
      const prefix = sign + some;
      const ranges = rangesOfPrefix(Buffer.from(prefix))!;
      expect(ranges.some(([low, high]) => low <= number && number <= high)).toBe(String(number).startsWith(prefix));
    }),
    { numRuns: 3000 },
  );
  expect(rangesOfPrefix(Buffer.from('1a'))).toBeUndefined();
});

it('says whether a number begins with digits', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.integer({ min: 1, max: 300 }), (number, some) => {
      expect(beginsWith(number, some)).toBe(String(number).startsWith(String(some)));
    }),
  );
});

describe('numbersOfPrefix', () => {
  it.each<[string, string, ReturnType<typeof numbersOfPrefix>]>([
    ['/a/0/b', '/a', 'all'],
    ['/a/0/b', '/a/', 'all'],
    ['/a/0/b', '/b', 'none'],
    ['/a/0/b', '/a/12', { equal: [], digits: 12 }],
    ['/a/0/b', '/a/12/', { equal: [12], digits: undefined }],
    ['/a/0/b', '/a/12/b', { equal: [12], digits: undefined }],
    ['/a/0/b', '/a/12/bc', 'none'],
    ['/a/0/b', '/a/12/c', 'none'],
    ['/a/0/b', '/a/x', 'none'],
    ['/a/0/b', '/a/0', { equal: [0], digits: undefined }],
    ['/a/0/b', '/a/012', 'none'],
    ['/a/0/0', '/a/7/12', { equal: [7], digits: 12 }],
    ['/a/3', '/a/0', 'each'],
    ['00', '12', 'each'],
    ['/a', '/a/1', 'none'],
    ['/a', '/a', 'all'],
  ])('of %s and %s*: %j', (shape, prefix, want) => {
    expect(numbersOfPrefix(Buffer.from(shape), Buffer.from(prefix))).toEqual(want);
  });
});

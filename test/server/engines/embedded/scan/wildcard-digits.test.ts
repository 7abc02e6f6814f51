/** What the digits of numbers say of a wildcard is what their text says. */
import fc from '../../../../fast-check.ts';
import { expect, test } from 'vitest';
import {
  markIntegers,
  matchesShape,
  shapeBits,
  wildcardBits,
} from '../../../../../server/engines/embedded/scan/wildcard-digits.ts';
import { writeCutText } from '../../../../../shared/row-group/encodings/pattern.ts';
import { matchesWildcard, parseWildcard } from '../../../../../shared/wildcard.ts';

const wildcard = fc
  .array(fc.oneof(fc.constantFrom('*', '/', 'a', '-', '0', '1', '7', '77'), fc.nat(120).map(String)), { maxLength: 6 })
  .map((pieces) => parseWildcard(`${pieces.join('')}*`));
const exactEnd = fc
  .tuple(wildcard, fc.constantFrom('7', '/a', ''))
  .map(([parts, end]) => [...parts.slice(0, -1), Buffer.from(end)]);
const number = fc.oneof(fc.nat(120), fc.nat(2 ** 31), fc.nat(999_999_999_999_999));

test('of integers', () => {
  fc.assert(
    fc.property(fc.oneof(wildcard, exactEnd), fc.array(fc.tuple(number, fc.boolean())), (parts, some) => {
      const integers = some.map(([each, isNegative]) => (isNegative && each > 0 ? -each : each));
      const marks = new Uint8Array(integers.length);
      markIntegers(wildcardBits(parts)!, integers, marks);
      const wanted = integers.map((each) => {
        const text = Buffer.from(String(each));
        return matchesWildcard(parts, text, 0, text.length) ? 1 : 0;
      });
      expect([...marks]).toEqual(wanted);
    }),
  );
});

test('of texts with numbers, with zeros in front of them or not', () => {
  const piece = fc.constantFrom('/', 'a', '/a', '-', '');
  const place = fc.oneof(
    number.map((n) => ['0', n] as const),
    fc.nat(9).map((n) => ['3', n] as const),
  );
  fc.assert(
    fc.property(
      fc.oneof(wildcard, exactEnd),
      piece,
      fc.array(fc.tuple(place, piece), { maxLength: 3 }),
      (parts, head, rest) => {
        const shape = Buffer.from(head + rest.map(([[digit], behind]) => digit + behind).join(''));
        const numbers = Float64Array.from(rest, ([[, each]]) => each);
        const patterns = { bytes: shape, offsets: Uint32Array.of(0, shape.length) };
        const texts = {
          patterns,
          codes: Uint8Array.of(0),
          firsts: Uint32Array.of(0),
          strides: Uint32Array.of(1),
          numbers,
        };
        const text = Buffer.alloc(200);
        const end = writeCutText(texts, 0, text, 0);
        const bits = wildcardBits(parts)!;
        const found = shapeBits(bits, shape);
        const got = found.always ?? matchesShape(bits, found, numbers, 0, 1);
        expect(got, `${parts.join('*')} of ${text.toString('latin1', 0, end)}`).toBe(
          matchesWildcard(parts, text, 0, end),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('a wildcard with more bytes than there are bits is left to its text', () => {
  expect(wildcardBits(parseWildcard(`*${'a'.repeat(30)}`))).toBeDefined();
  expect(wildcardBits(parseWildcard(`${'a'.repeat(16)}*${'b'.repeat(15)}`))).toBeUndefined();
});

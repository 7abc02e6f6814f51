/** Whole numbers, however they are read: all at once, or some at a time. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { decodeIntegers, encodeIntegers, visitIntegers } from '../../../../shared/row-group/encodings/integer.ts';
import { type PageReader, PageWriter } from '../../../../shared/row-group/pages/page.ts';

function pagesOf(stored: Buffer): PageReader {
  let at = 0;
  const page = (sizeBytes: number): Buffer => stored.subarray(at, (at += sizeBytes));
  return { page, passing: page, parts: () => expect.fail('no parts of a page are read') };
}

/** Numbers that rise, with a fall here and there, or that come as they like. */
const numbers = fc
  .record({
    start: fc.maxSafeInteger().map((n) => n % 2 ** 50),
    steps: fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 3000, size: 'max' }),
    falls: fc.array(fc.nat(2999), { maxLength: 8 }),
    rising: fc.boolean(),
  })
  .map(({ start, steps, falls, rising }) => {
    let number = start;
    return steps.map((step, i) => {
      if (rising) number += falls.includes(i) ? -step * 50 : step;
      else number = start + ((step * 7919) % 100_003);
      return number;
    });
  });

it('are the same in turn as at once', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const parameters = new ByteWriter();
      const pages = new PageWriter();
      encodeIntegers(Float64Array.from(values), values.length, parameters, pages);
      const stored = parameters.finish();
      const planes = Buffer.concat(pages.rawPages());
      expect([...decodeIntegers(new ByteReader(stored), pagesOf(planes), values.length).values]).toEqual(values);
      const seen: number[] = [];
      visitIntegers(new ByteReader(stored), pagesOf(planes), values.length, (some, first) => {
        expect(first).toBe(seen.length);
        seen.push(...some);
      });
      expect(seen).toEqual(values);
    }),
    { numRuns: 100 },
  );
});

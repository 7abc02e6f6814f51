/** Whole numbers, however they are read: all at once, or some at a time. */
import fc from '../../../fast-check.ts';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import {
  decodeIntegers,
  decodeSmallIntegers,
  encodeIntegers,
  passingSmallIntegers,
  visitIntegers,
} from '../../../../shared/row-group/encodings/integer.ts';
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

/** Codes of few things or of many, in runs or mixed, of which there may be none below a number. */
const codes = fc
  .record({
    least: fc.constantFrom(0, 1, 300),
    most: fc.constantFrom(0, 1, 23, 255, 256, 65_535),
    steps: fc.array(fc.nat(65_535), { minLength: 1, maxLength: 600, size: 'max' }),
    areSorted: fc.boolean(),
  })
  .map(({ least, most, steps, areSorted }) => {
    const some = steps.map((step) => least + (step % (Math.max(0, most - least) + 1)));
    return areSorted ? some.toSorted((a, b) => a - b) : some;
  });

it('are the same codes in memory that the next ones overwrite', () => {
  fc.assert(
    fc.property(codes, (values) => {
      const parameters = new ByteWriter();
      const pages = new PageWriter();
      encodeIntegers(Float64Array.from(values), values.length, parameters, pages);
      const stored = parameters.finish();
      const planes = Buffer.concat(pages.rawPages());
      const read = (): ArrayLike<number> =>
        passingSmallIntegers(new ByteReader(stored), pagesOf(planes), values.length);
      expect(Array.from(read())).toEqual(values);
      const out = new Uint16Array(values.length);
      expect([...decodeSmallIntegers(new ByteReader(stored), pagesOf(planes), out)]).toEqual(values);
    }),
    { numRuns: 200 },
  );
});

/** Buckets of columns of numbers, which are found without a logarithm or a search for each. */
import { expect, test } from 'vitest';
import { bucketCodesOf } from '../../../../../server/engines/embedded/aggregate/log-codes.ts';
import { Texts } from '../../../../../server/engines/embedded/aggregate/texts.ts';
import { ValueText } from '../../../../../server/engines/embedded/aggregate/value-text.ts';
import { bucketOfNumber, bucketText } from '../../../../../server/store/log-buckets.ts';
import { Random } from '../../../../corpus/random.ts';

const COUNT = 3000;

function textsOf(mantissas: Int32Array | Float64Array, scale: number): string[] {
  const numbers = Array.from(mantissas, (mantissa) => mantissa / 10 ** scale);
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  const texts = new Texts();
  const found = bucketCodesOf(
    { kind: 'decimal', mantissas, scale, isShortest: false, min, max },
    texts,
    (size) => new Uint32Array(size),
  )!;
  const text = new ValueText();
  return numbers.map((_, i) => {
    texts.write(found.base + (found.codes?.()[i] ?? 0), text);
    return text.toString();
  });
}

test.each([0, 1, 3, 9].flatMap((scale) => [0, 7, 100, 2 ** 20, 2 ** 31 - 1].map((top) => [scale, top] as const)))(
  'numbers with %i decimals, up to %i',
  (scale, top) => {
    const random = new Random(scale + top);
    // All small ones, edges and their neighbours, and some that are spread over all sizes.
    const edges = Array.from({ length: 100 }, (_, i) => Number(bucketText(i + 3001)) * 10 ** scale);
    const near = edges.flatMap((edge) => [Math.floor(edge), Math.ceil(edge) - 1, Math.ceil(edge) + 1]);
    const spread = Array.from({ length: COUNT }, () => 2 ** random.below(32) + random.below(1000));
    const small = Array.from({ length: COUNT }, (_, i) => i);
    const mantissas = [...small, ...near, ...spread].map((number) => Math.min(top, Math.max(0, number)));
    const want = mantissas.map((mantissa) => bucketText(bucketOfNumber(mantissa / 10 ** scale)));
    expect(textsOf(Int32Array.from(mantissas), scale)).toEqual(want);
    expect(textsOf(Float64Array.from(mantissas), scale)).toEqual(want);
  },
);

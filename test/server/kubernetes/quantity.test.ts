import { expect, test } from 'vitest';
import { amountOf } from '../../../server/kubernetes/quantity.ts';

test.each<[text: string | undefined, want: number | undefined]>([
  ['1', 1],
  ['250m', 0.25],
  ['123456789n', 0.123456789],
  ['12u', 0.000012],
  ['1.5', 1.5],
  ['.5Gi', 2 ** 29],
  ['128Mi', 134_217_728],
  ['128974848', 128_974_848],
  ['129e6', 129_000_000],
  ['129M', 129_000_000],
  ['2k', 2_000],
  ['0', 0],
  ['', undefined],
  ['1 Gi', undefined],
  ['Gi', undefined],
  ['1gi', undefined],
  ['lots', undefined],
  [undefined, undefined],
])('%s is %s', (text, want) => {
  if (want === undefined) expect(amountOf(text)).toBeUndefined();
  else expect(amountOf(text)).toBeCloseTo(want, 9);
});

import { expect, test } from 'vitest';
import { goFloat, plainFloat } from '../../../../../server/query/logql/syntax/go-float.ts';

test.each([
  [0, '0', '0'],
  [-0, '-0', '-0'],
  [1.5, '1.5', '1.5'],
  [1e21, '1e+21', '1000000000000000000000'],
  [1.5e-7, '1.5e-07', '0.00000015'],
  [123_456_789_012_345_680_000, '1.2345678901234568e+20', '123456789012345680000'],
  [999_999.5, '999999.5', '999999.5'],
  [1e6, '1e+06', '1000000'],
  [-1.25e22, '-1.25e+22', '-12500000000000000000000'],
  [5e-324, '5e-324', `0.${'0'.repeat(323)}5`],
  [NaN, 'NaN', 'NaN'],
  [Infinity, '+Inf', '+Inf'],
  [-Infinity, '-Inf', '-Inf'],
])('%d', (value, short, plain) => {
  expect(goFloat(value)).toBe(short);
  expect(plainFloat(value)).toBe(plain);
});

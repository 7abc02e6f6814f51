import { expect, test } from 'vitest';
import { goPow } from '../../../../../server/query/logql/syntax/go-pow.ts';

// Results of Go 1.25.
test.each([
  [3, 100, 5.153775207320114e47],
  [2, 10, 1024],
  [-2, 3, -8],
  [10, -3, 0.001],
  [7, -45, 9.345191372337951e-39],
  [2, -1074, 5e-324],
  [2, -1080, 0],
  [5e-324, 2, 0],
  [1e-310, -1, Infinity],
  [10, 308, 1.0000000000000006e308],
  [10, 400, Infinity],
  [-8, 1 / 3, NaN],
  [2, 0.5, Math.SQRT2],
  [4, -0.5, 0.5],
  [1, NaN, 1],
  [NaN, 0, 1],
  [-1, Infinity, 1],
  [0, -1, Infinity],
  [-0, 3, -0],
  [2, Infinity, Infinity],
])('%d ^ %d is %d', (x, y, result) => {
  expect(goPow(x, y)).toBe(result);
});

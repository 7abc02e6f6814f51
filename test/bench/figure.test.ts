import { expect, test } from 'vitest';
import { type Figure, figureTable, formatNumber, meetsTarget, quantile } from './figure.ts';

test.each([
  [0, '0'],
  [0.01234, '0.0123'],
  [23.94, '23.9'],
  [99.96, '100'],
  [748_189.4, '748,189'],
])('%d is shown as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [0.5, 2],
  [0.99, 4],
  [0.25, 1],
  [0, 1],
  [1, 4],
])('quantile %d is a sample by nearest rank', (share, want) => {
  expect(quantile([3, 1, 4, 2], share)).toBe(want);
});

test('the table marks what meets its target and what does not', () => {
  const figures: Figure[] = [
    { name: 'speed', value: 1000, unit: 'MB/s', target: { kind: 'min', value: 500 } },
    { name: 'size of a line', value: 26, unit: 'bytes', target: { kind: 'max', value: 24 } },
    { name: 'lines', value: 7, unit: '' },
  ];
  expect(figures.map(meetsTarget)).toEqual([true, false, undefined]);
  expect(figureTable(figures).split('\n')).toEqual([
    'speed           1,000  MB/s   ≥ 500  ✓',
    'size of a line     26  bytes   ≤ 24  ✗',
    'lines               7',
  ]);
});

/** What decoding a row group takes in memory is known from its header, and is never more than that says. */
import { describe, expect, test } from 'vitest';
import { memoryBytesOf } from '../../../shared/row-group/column.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { rowGroupOf } from '../../server/engines/embedded/batches.ts';

const ROWS = 4000;

const KINDS: Readonly<Record<string, (row: number) => string>> = {
  'lines that are all alike': () => '{"a":1}',
  'empty lines': () => '',
  'few texts': (row) => `{"a":"${'xyz'[row % 3]}"}`,
  'many texts': (row) => `{"a":"${(row * 7919) % 1000}th"}`,
  'texts of their own': (row) => `{"a":"${'q'.repeat(row % 50)}\\n${String.fromCodePoint(97 + (row % 26))}"}`,
  'small numbers': (row) => `{"a":${row % 100}}`,
  'large numbers': (row) => `{"a":${row * 1_000_003_457}}`,
  decimals: (row) => `{"a":${(row / 7).toFixed(row % 5)}}`,
  'patterns of one number': (row) => `{"p":"/users/${row}"}`,
  'patterns of 32 numbers': (row) => Array.from({ length: 32 }, (_, i) => (row * i) % 10).join(' '),
  'patterns whose numbers are all alike': (row) => `${'1 '.repeat(31)}${row % 2 === 0 ? 'a' : 'b'}`,
  'more patterns than a header has': (row) => `{"p":"${'long pattern '.repeat(9)}${'abcdefghij'[row % 10]}${row}"}`,
  'hexadecimal ids': (row) => `{"a":"${(row * 2_654_435_761).toString(16).padStart(16, '0')}"}`,
  UUIDs: (row) =>
    `{"a":"${(row * 2_654_435_761).toString(16).padStart(12, '0').slice(0, 8)}-0000-4000-8000-000000000000"}`,
  'repeated UUIDs': (row) => `{"a":"0000000${row % 9}-0000-4000-8000-${String(row % 700).padStart(12, '0')}"}`,
  timestamps: (row) => `{"t":"${new Date(1_795_392_000_000 + row * 977).toISOString()}"}`,
  'rows of a hundred values': (row) =>
    `{${Array.from({ length: 100 }, (_, i) => `"f${i}":${(row * i) % 997}`).join()}}`,
  'shapes of their own': (row) => `{"f${row % 800}":${row},"g${row % 800}":"x"}`,
};

describe.each(Object.entries(KINDS))('%s', (_, lineOf) => {
  const group = new RowGroup(rowGroupOf(Array.from({ length: ROWS }, (__, row) => ({ text: lineOf(row) }))));
  const { allBytes, leastBytes } = group.decodedSize();
  const columns = group.columns.map((__, column) => memoryBytesOf(group.values(column)));

  test('all of it', () => {
    expect(columns.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(allBytes);
    // Rows count, however little they are compressed to.
    expect(allBytes).toBeGreaterThan(ROWS * 40);
    expect(allBytes).toBeLessThan(ROWS * 3000);
  });

  test('a column at a time', () => {
    expect(Math.max(...columns)).toBeLessThanOrEqual(leastBytes);
    expect(leastBytes).toBeLessThanOrEqual(allBytes);
  });
});

/** A reader reads no page twice: neither for several values of it, nor for what is decoded already; and none that it has given changes. */
import { expect, test } from 'vitest';
import { byteStringAt } from '../../../shared/byte-strings.ts';
import { ENCODING_DICTIONARY, ENCODING_HEX, ENCODING_PATTERN } from '../../../shared/row-group/format.ts';
import { memorySource } from '../../../shared/row-group/header.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { rowGroupOf } from '../../server/engines/embedded/batches.ts';

/** Too many for a row group that is compressed as a whole. */
const ROWS = 65_536;

/** Opens a row group, and counts the reads by offset. */
function openCounted(textOf: (row: number) => string): { group: RowGroup; reads: Map<number, number> } {
  const lines = Array.from({ length: ROWS }, (_, row) => ({
    text: textOf(row),
    // Not as far from each other, or no page has to be read for them.
    timeNs: row * 1e6 + ((row * 7919) % 1000),
  }));
  const source = memorySource(rowGroupOf(lines));
  const reads = new Map<number, number>();
  const read = (offset: number, sizeBytes: number): Buffer => {
    reads.set(offset, (reads.get(offset) ?? 0) + 1);
    return source.read(offset, sizeBytes);
  };
  const group = new RowGroup({ ...source, read, peek: read });
  reads.clear();
  return { group, reads };
}

test('a compressed page is read once for all values that are picked from it', () => {
  const idOf = (row: number): string =>
    'abcd'.repeat(16) + ((row * 0x9e3779b1) % 2 ** 32).toString(16).padStart(8, '0');
  const { group, reads } = openCounted((row) => `{"id":"${idOf(row)}"}`);
  expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_HEX);
  const rows = [7, 70, 700, 60_000];
  const lines = group.lines(rows);
  expect(rows.map((_, i) => byteStringAt(lines, i).toString())).toEqual(rows.map((row) => `{"id":"${idOf(row)}"}`));
  expect(reads.size).toBeGreaterThan(0);
  expect([...reads.values()].every((count) => count === 1)).toBe(true);
});

test('times that are known are not read again for timestamps of a few lines, in whatever order these are wanted', () => {
  const timeOf = (row: number): string => new Date(Date.UTC(2026, 10, 23) + row * 1001).toISOString();
  const textOf = (row: number): string => `{"time":"${timeOf(row)}"${row % 3 === 0 ? ',"a":1' : ''},"n":${row}}`;
  const { group, reads } = openCounted(textOf);
  const rows = [60_000, 7, 700, 69, 65_535, 700];
  const wanted = rows.map(textOf);
  const textsOf = (timesNs?: Float64Array): string[] => {
    const lines = group.lines(rows, { ...(timesNs !== undefined && { timesNs }) });
    return rows.map((_, i) => byteStringAt(lines, i).toString());
  };
  const timesNs = Float64Array.from(rows, (row) => group.timesAt([row])[0]!);
  const ofTimes = [...reads.keys()];
  expect(ofTimes.length).toBeGreaterThan(0);
  reads.clear();
  expect(textsOf(timesNs)).toEqual(wanted);
  expect(ofTimes.some((offset) => reads.has(offset))).toBe(false);
  expect(textsOf()).toEqual(wanted);
  expect(ofTimes.some((offset) => reads.has(offset))).toBe(true);
});

test.each([
  [
    'a dictionary',
    ENCODING_DICTIONARY,
    (row: number) => `${'abcdefgh'[(row * row) % 7]!.repeat(400)}${'xyz'[row % 3]!}`,
  ],
  ['patterns', ENCODING_PATTERN, (row: number) => `/${'ghijklmn'[row % 7]!.repeat(400)}/${row}`],
])('the texts of %s that is decoded are not read again', (_, encoding, valueOf) => {
  const { group, reads } = openCounted((row) => `{"v":"${valueOf(row)}"}`);
  expect(group.columns[0]!.chunk.encoding).toBe(encoding);
  const textsOf = (): string[] => {
    const texts = group.distinctTexts(0)!;
    return Array.from({ length: texts.offsets.length - 1 }, (__, i) => byteStringAt(texts, i).toString());
  };
  const fresh = textsOf();
  expect(reads.size).toBeGreaterThan(0);
  group.values(0);
  reads.clear();
  expect(textsOf()).toEqual(fresh);
  expect(reads.size).toBe(0);
});

test.each<[string, (n: number) => string]>([
  ['numbers', (n) => String(n % 70_000)],
  ['decimals', (n) => `${n % 900}.${n % 10}`],
  ['decimals with different numbers of digits', (n) => `${n % 900}.${'0'.repeat(1 + (n % 4))}`],
  ['a few texts', (n) => `"${'abc'[n % 3]!}"`],
  ['texts', (n) => `"${'x'.repeat(n % 7)}-${n % 5000}"`],
  ['times', (n) => `"2026-11-23T00:00:${String(n % 60).padStart(2, '0')}Z"`],
  ['ids', (n) => `"${(n * 7919).toString(16).padStart(32, '0')}"`],
])('%s stay what they are while other columns are read', (_, valueOf) => {
  const lineOf = (row: number): string =>
    `{"a":${valueOf(row)},"b":${valueOf(3 * row + 1)},"c":${valueOf(7 * row + 2)}}`;
  const { group } = openCounted(lineOf);
  const rows = Array.from({ length: ROWS }, (__, row) => row);
  const lines = group.lines(rows);
  expect(rows.every((row) => byteStringAt(lines, row).toString() === lineOf(row))).toBe(true);
});

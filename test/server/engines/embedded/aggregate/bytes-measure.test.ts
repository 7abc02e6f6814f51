/** Bytes of lines are those of their texts, whichever encodings their values have. */
import { expect, test } from 'vitest';
import { ENCODING_TIMESTAMP, ENCODING_UUID } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { rowGroupOf } from '../batches.ts';
import { planOf } from '../query-context.ts';
import { aggregateInMemory } from './in-memory.ts';

const uuidOf = (i: number): string => `4f387661-43e8-42e3-b34e-${String(i * 7919).padStart(12, '0')}`;
const timeOf = (i: number, fraction: string, zone: string): string =>
  `2026-11-23T10:${String(i % 60).padStart(2, '0')}:07${fraction}${zone}`;

test.each<[string, (i: number) => string]>([
  ['seconds', (i) => timeOf(i, '', 'Z')],
  ['milliseconds in a zone', (i) => timeOf(i, `.${String(i).padStart(3, '0')}`, '+01:00')],
  ['fractions without trailing zeros', (i) => timeOf(i, i % 10 === 0 ? '' : `.00${i % 10}`, 'Z')],
])('UUIDs and times: %s', async (_, time) => {
  const lines = Array.from({ length: 200 }, (__, i) =>
    JSON.stringify({ id: uuidOf(i), n: i, time: time(i), took: i / 4, path: `/users/${i}` }),
  );
  const timeNs = 10 * 3600e9;
  const group = new RowGroup(rowGroupOf(lines.map((text, i) => ({ text, timeNs: timeNs + i * 1e9 }))));
  const encodings = group.columns.map(({ chunk }) => chunk.encoding);
  expect(encodings).toContain(ENCODING_UUID);
  expect(encodings).toContain(ENCODING_TIMESTAMP);
  const plan = { ...planOf(), by: [], measures: [{ kind: 'bytes' } as const], stepNs: undefined, limit: undefined };
  const { cells } = await aggregateInMemory([group], plan);
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  expect(cells).toMatchObject([{ rows: 200, measures: [{ kind: 'bytes', bytes }] }]);
});

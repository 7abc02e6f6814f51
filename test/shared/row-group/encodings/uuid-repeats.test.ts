/** Ids that several lines mention come back as they were, and are stored once. */
import fc from '../../../fast-check.ts';
import { expect, it } from 'vitest';
import { mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { ENCODING_UUID } from '../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { DAY, encode, expectSegment, type Row } from '../rows.ts';

function rowsOf(ids: readonly string[]): Row[] {
  return ids.map((id, i) => ({
    stream: 'ab'[i % 2]!,
    day: DAY,
    timeNs: i * 1e6,
    flags: 0,
    line: JSON.stringify({ request_id: id, ...(i % 3 === 0 && { level: 'debug' }) }),
  }));
}

/** Encodes the rows as two batches and merges them, as a flush does. */
function merged(rows: readonly Row[]): Buffer[] {
  const middle = rows.length >> 1;
  const batches = [rows.slice(0, middle), rows.slice(middle)].filter((each) => each.length > 0);
  return [...mergeRowGroups(batches.map(encode), { day: DAY, level: 3 })];
}

it('gives every id back, of one version or of several, with few or many repeats', () => {
  const pools = fc.array(fc.uuid(), { minLength: 1, maxLength: 30 }).map((ids) => ids.map((id) => id.toLowerCase()));
  const sameVersion = fc.array(fc.uuid({ version: 4 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      fc.oneof(pools, sameVersion),
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }),
      (pool, picks) => {
        const rows = rowsOf(picks.map((pick) => pool[pick % pool.length]!));
        expectSegment(
          merged(rows).map((bytes) => new RowGroup(bytes)),
          rows,
        );
      },
    ),
    { numRuns: 200 },
  );
});

it('gives a few of many back', () => {
  const pool = fc.sample(fc.uuid({ version: 4 }), { numRuns: 90, seed: 1 });
  const [bytes] = merged(rowsOf(Array.from({ length: 300 }, (_, i) => pool[(i * 7) % 90]!)));
  const all = linesOf(
    bytes!,
    Array.from({ length: 300 }, (_, row) => row),
  );
  for (let row = 0; row + 9 < 300; row++) {
    expect(linesOf(bytes!, [row + 9, row, row + 4])).toEqual([all[row + 9], all[row], all[row + 4]]);
  }
});

it('finds several ids at once, each at all its rows', () => {
  const pool = fc.sample(fc.uuid({ version: 4 }), { numRuns: 160, seed: 2 });
  const ids = Array.from({ length: 200 }, (_, i) => pool[(i * 7) % 150]!);
  const [bytes] = merged(rowsOf(ids));
  const group = new RowGroup(bytes!);
  const column = group.columns.findIndex(({ chunk }) => chunk.encoding === ENCODING_UUID);
  const rowsWith = (wanted: readonly string[]): number[] => {
    const rows: number[] = [];
    const uuids = wanted.map((id) => Uint8Array.from(Buffer.from(id.replaceAll('-', ''), 'hex')));
    group.findUuids(column, uuids, (row) => rows.push(row));
    return rows.toSorted((a, b) => a - b);
  };
  // In a row group rows are sorted by stream, and values of a column by template.
  const counts = new Map(pool.map((id) => [id, rowsWith([id]).length]));
  expect(counts).toEqual(new Map(pool.map((id) => [id, ids.filter((each) => each === id).length])));
  for (let n = 0; n < 160; n++) {
    const wanted = [pool[n]!, pool[(n + 3) % 160]!, pool[(n * 5 + 1) % 160]!];
    const apart = new Set(wanted.flatMap((id) => rowsWith([id])));
    expect(rowsWith([...new Set(wanted)])).toEqual([...apart].toSorted((a, b) => a - b));
  }
});

function linesOf(group: Buffer, rows: readonly number[]): string[] {
  const { bytes, offsets } = new RowGroup(group).lines(rows);
  return rows.map((_, i) => bytes.toString('utf8', offsets[i], offsets[i + 1]));
}

it('stores an id once', () => {
  const ids = Array.from({ length: 4000 }, (_, i) => {
    const hex = (n: number, digits: number): string =>
      (Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').slice(-digits);
    return `${hex(i, 8)}-${hex(i * 3, 4)}-4${hex(i * 5, 3)}-a${hex(i * 7, 3)}-${hex(i * 11, 8)}${hex(i * 13, 4)}`;
  });
  const sizeOf = (rows: readonly Row[]): number => Buffer.concat(merged(rows)).length;
  const once = sizeOf(rowsOf(ids));
  const half = sizeOf(rowsOf(ids.map((_, i) => ids[i >> 1]!)));
  expect(once).toBeGreaterThan(4000 * 15);
  expect(half).toBeLessThan(2000 * 15 + 4000 * 4);
});

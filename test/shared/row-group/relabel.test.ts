/** Other labels, the same rows: in both layouts, whatever the rows are. */
import fc from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { CorruptionError } from '../../../shared/errors.ts';
import type { Labels } from '../../../shared/labels.ts';
import { LAYOUT_PACKED, LAYOUT_PAGED, PREFIX_BYTES } from '../../../shared/row-group/format.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../shared/row-group/verify.ts';
import { relabelStreams } from '../../../shared/row-group/relabel.ts';
import { DAY, decode, encodeBytes, row, type Row } from './rows.ts';

const withOwner = (labels: Labels): Labels => ({ ...labels, owner: `Deployment/${labels['app']}`, für: '🐈' });

/** Enough of them that each column is a page of its own. */
function manyRows(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    stream: 'abc'[i % 3]!,
    day: DAY,
    timeNs: i * 1e6,
    flags: i % 8,
    line:
      i % 5 === 0
        ? `plain text ${i * 7919}`
        : `{"n":${i},"id":"${(i * 2_654_435_761) % 2 ** 32}","path":"/p/${i % 9}"}`,
  }));
}

function expectSameRows(before: Buffer, after: Uint8Array): void {
  const [old, now] = [new RowGroup(before), new RowGroup(after)];
  const { streams: oldStreams, sizeBytes: _, ...oldInfo } = old.info;
  const { streams, sizeBytes, ...info } = now.info;
  expect(info).toEqual(oldInfo);
  expect(sizeBytes).toBe(after.length);
  expect(streams).toEqual(oldStreams.map(withOwner));
  expect(decode(now)).toEqual(decode(old));
  expect(now.columns.map(({ slot, count }) => ({ slot, count }))).toEqual(
    old.columns.map(({ slot, count }) => ({ slot, count })),
  );
  for (const column of old.columns.keys()) expect(now.values(column)).toEqual(old.values(column));
  verifyRowGroup(after);
}

test('rows of any kind stay as they are', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const before = encodeBytes(rows);
      expectSameRows(before, relabelStreams(before, withOwner));
    }),
  );
});

describe.each([
  ['packed', LAYOUT_PACKED, 100],
  ['paged', LAYOUT_PAGED, 20_000],
])('%s', (_name, layout, count) => {
  const before = encodeBytes(manyRows(count));

  test('rows stay as they are, and so does the layout', () => {
    const after = relabelStreams(before, withOwner);
    expect(before[4]).toBe(layout);
    expect(after[4]).toBe(layout);
    expectSameRows(before, after);
  });

  test('twice is the same as once', () => {
    const after = relabelStreams(before, withOwner);
    expect(relabelStreams(after, withOwner)).toEqual(after);
    expect(relabelStreams(after, (labels) => labels)).toBe(after);
  });

  test('nothing to change: the same bytes, not a copy', () => {
    expect(relabelStreams(before, (labels) => labels)).toBe(before);
  });

  test('one stream of three', () => {
    const after = relabelStreams(before, (labels) => (labels['app'] === 'b' ? { app: 'z' } : labels));
    const names = (bytes: Uint8Array): unknown[] => new RowGroup(bytes).info.streams.map((labels) => labels['app']);
    expect(names(after)).toEqual(names(before).map((name) => (name === 'b' ? 'z' : name)));
  });

  test('a broken header is refused', () => {
    for (const at of [0, 4, 5, 9, PREFIX_BYTES, PREFIX_BYTES + 20]) {
      const broken = Buffer.from(before);
      broken[at]! ^= 0x55;
      expect(() => relabelStreams(broken, withOwner)).toThrow(CorruptionError);
    }
    expect(() => relabelStreams(before.subarray(0, 30), withOwner)).toThrow(CorruptionError);
  });

  test('a broken page stays one that its checksum tells', () => {
    const broken = Buffer.from(before);
    broken[broken.length - 3]! ^= 0x55;
    const stored = (): unknown => verifyRowGroup(relabelStreams(broken, withOwner));
    expect(stored).toThrow(CorruptionError);
  });
});

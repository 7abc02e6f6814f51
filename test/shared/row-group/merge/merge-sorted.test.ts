/** A merge of sorted inputs gives what a sort of all of their rows gives, in groups that keep their limits. */
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { CorruptionError, MergeTooLargeError } from '../../../../shared/errors.ts';
import { mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { mergeSorted } from '../../../../shared/row-group/merge/merge-sorted.ts';
import type { SortedInput, SortedMergeOptions } from '../../../../shared/row-group/merge/merge-sorted.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { DAY, decode, encode, encodeBytes, expectSegment, row, type Row } from '../rows.ts';

const OPTIONS: SortedMergeOptions = { day: DAY, level: 1, decodedBytesMax: 1 << 20 };

/** The row groups of a segment with these rows. */
function segment(rows: readonly Row[], rowsPerGroup: number): Buffer[] {
  if (rows.length === 0) return [];
  return [...mergeRowGroups([encode(rows)], { day: DAY, level: 1, rowsPerGroup })];
}

function inputOf(groups: readonly Buffer[]): SortedInput {
  const rest = [...groups];
  const streams = groups.flatMap((bytes) => new RowGroup(bytes).info.streams);
  return { streams, next: () => Promise.resolve(rest.shift()) };
}

async function merge(segments: readonly Buffer[][], options: Partial<SortedMergeOptions>): Promise<RowGroup[]> {
  const groups: RowGroup[] = [];
  for await (const bytes of mergeSorted(segments.map(inputOf), { ...OPTIONS, ...options })) {
    groups.push(new RowGroup(bytes));
  }
  return groups;
}

const rowsOfDay = fc.array(
  row.map((each) => ({ ...each, day: DAY })),
  { maxLength: 14 },
);

describe('merge of sorted inputs', () => {
  it('is a stable sort by time and stream, whatever the sizes of groups and the budget', async () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowsOfDay, { maxLength: 5 }),
        sizes,
        sizes,
        fc.nat(300),
        async (inputs, a, b, budget) => {
          const segments = inputs.map((rows) => segment(rows, a));
          const groups = await merge(segments, { rowsPerGroup: b, decodedBytesMax: budget });
          expectSegment(groups, inputs.flat());
          for (const group of groups) expect(group.info.rowCount).toBeLessThanOrEqual(b);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('refuses several inputs that take too much memory together, and never one', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      stream: 'a',
      day: DAY,
      timeNs: i,
      flags: 0,
      line: `{"n":${i}}`,
    }));
    const inputs = [segment(rows, 10), segment(rows, 10)];
    const [group] = inputs[0]!;
    const { leastBytes } = new RowGroup(group!).decodedSize();
    // Of each input one that has ended and one that has begun.
    expect((await merge(inputs, { openBytesMax: leastBytes * 5, rowsPerGroup: 1 })).length).toBe(200);
    await expect(merge(inputs, { openBytesMax: leastBytes * 1.5 })).rejects.toThrow(MergeTooLargeError);
    expect((await merge(inputs.slice(0, 1), { openBytesMax: 1 })).length).toBe(1);
  });

  it('leaves out what is not kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowsOfDay, { maxLength: 4 }), fc.integer({ min: 1, max: 9 }), async (inputs, size) => {
        const keep = (group: RowGroup): Uint8Array => Uint8Array.from(group.flags(), (flags) => flags & 1);
        const groups = await merge(
          inputs.map((rows) => segment(rows, size)),
          { keep },
        );
        const want = inputs.flat().filter(({ flags }) => flags % 2 === 1);
        expectSegment(groups, want);
      }),
      { numRuns: 200 },
    );
  });

  it('ends a group of long lines early', async () => {
    const rows = Array.from({ length: 100 }, (_, i): Row => ({
      stream: 'a',
      day: DAY,
      timeNs: i,
      flags: 0,
      line: `${i}`.repeat(500),
    }));
    const groups = await merge([segment(rows, 7)], { lineBytesPerGroup: 4000 });
    expect(groups.flatMap(decode)).toEqual(rows);
    for (const { info } of groups) expect(info.lineBytes).toBeLessThanOrEqual(4000);
  });

  it('cuts groups where shapes would be too many', async () => {
    const rows = Array.from({ length: 2700 }, (_, i): Row => ({
      stream: 'a',
      day: DAY,
      timeNs: i,
      flags: 0,
      line: `{"k${i}":{"x":1}}`,
    }));
    const parts = Array.from({ length: 54 }, (_, i) => segment(rows.slice(i * 50, i * 50 + 50), 20));
    const groups = await merge(parts, {});
    expect(groups.flatMap(decode)).toEqual(rows);
    expect(groups.map(({ info }) => info.rowCount)).toEqual([1024, 1024, 652]);
  });

  it('notices an input that is not sorted, and one of another day', async () => {
    const unsorted = encodeBytes([
      { stream: 'a', day: DAY, timeNs: 2, flags: 0, line: 'x' },
      { stream: 'a', day: DAY, timeNs: 1, flags: 0, line: 'y' },
    ]);
    await expect(merge([[unsorted]], {})).rejects.toThrow(CorruptionError);
    const [late, early] = [3, 1].map((timeNs) => encodeBytes([{ stream: 'a', day: DAY, timeNs, flags: 0, line: 'x' }]));
    await expect(merge([[late!, early!]], {})).rejects.toThrow(CorruptionError);
    const sortedRows = segment([{ stream: 'a', day: DAY, timeNs: 2, flags: 0, line: 'x' }], 1);
    await expect(merge([sortedRows], { day: DAY + 1 })).rejects.toThrow(CorruptionError);
  });
});

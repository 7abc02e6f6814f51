/** A merge is a stable sort of the rows of its inputs: nothing lost, doubled or changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysOf, mergeRowGroups } from '../../../shared/row-group/merge.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../../corpus/corpus.ts';
import { DAY, decode, encode, expectSegment, row, type Row } from './rows.ts';

function merge(groups: readonly RowGroup[], day: number, rowsPerGroup: number): RowGroup[] {
  return [...mergeRowGroups(groups, { day, level: 1, rowsPerGroup })].map((bytes) => new RowGroup(bytes));
}

describe('merge', () => {
  it('leaves out what is not kept', () => {
    const rows = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(rows, (inputs) => {
        const keep = (group: RowGroup, index: number): Uint8Array | undefined =>
          index === 0 ? undefined : Uint8Array.from(group.flags(), (flags) => flags & 1);
        const want = inputs.flatMap((each, g) => each.filter(({ flags }) => g === 0 || flags % 2 === 1));
        const merged = [...mergeRowGroups(inputs.map(encode), { day: DAY, level: 1, keep })];
        expectSegment(
          merged.map((bytes) => new RowGroup(bytes)),
          want.filter(({ day }) => day === DAY),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is a stable sort by time and stream, a day at a time', () => {
    const groups = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 20 }), (inputs, rowsPerGroup) => {
        const encoded = inputs.map(encode);
        expect(new Set(encoded.flatMap(daysOf))).toEqual(new Set(inputs.flat().map(({ day }) => day)));
        for (const day of [DAY, DAY + 1]) {
          const want = inputs.flat().filter((r) => r.day === day);
          expectSegment(merge(encoded, day, rowsPerGroup), want);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('merges large groups of real lines, and what it merged', () => {
    const corpus = new Corpus({ seed: 3 });
    const line = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
    const inputs = [3000, 1, 2500, 40, 6000].map((size) =>
      Array.from({ length: size }, (): Row => {
        const end = corpus.nextLine(line, 0);
        return {
          stream: String(corpus.stream),
          day: corpus.day,
          timeNs: corpus.timeNs,
          flags: 0,
          line: line.toString('utf8', 0, end),
        };
      }),
    );
    const day = inputs[0]![0]!.day;
    const groups = inputs.map(encode);
    const once = [...mergeRowGroups(groups, { day, level: 3, rowsPerGroup: 4096 })].map((bytes) => new RowGroup(bytes));
    expectSegment(once, inputs.flat());
    expectSegment(merge(once, day, 65_536), inputs.flat());
  });

  it('cuts groups where shapes would be too many', () => {
    const rows = Array.from({ length: 2700 }, (_, i): Row => ({
      stream: 'a',
      day: DAY,
      timeNs: i,
      flags: 0,
      line: `{"k${i}":{"x":1}}`,
    }));
    const groups = Array.from({ length: 54 }, (_, i) => encode(rows.slice(i * 50, i * 50 + 50)));
    const merged = [...mergeRowGroups(groups, { day: DAY, level: 1 })].map((bytes) => new RowGroup(bytes));
    expect(merged.length).toBe(3);
    expect(merged.flatMap(decode)).toEqual(rows);
  });
});

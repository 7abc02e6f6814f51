/** A merge is a stable sort of the rows of its inputs: nothing lost, doubled or changed. */
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { ENCODING_DICTIONARY, ENCODING_PATTERN } from '../../../../shared/row-group/format.ts';
import { daysOf, mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../../../corpus/corpus.ts';
import { DAY, decode, encode, expectSegment, row, type Row } from '../rows.ts';

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

  it('moves texts with numbers, whatever other groups have instead', () => {
    const texts: readonly ((i: number, g: number) => string)[] = [
      (i, g) => `/api/${'ab'[i % 2]!}/${i * 7919 + g}/${String(i % 500).padStart(3, '0')}`,
      (i, g) => `other ${i + g} of ${i % 3}`,
      (i) => `user ${i % 3}`,
      () => 'always 1',
      () => 'always',
      (i) => String(i),
      (i) => (i * 7919 + 1e6).toString(36),
    ];
    const group = fc.record({ text: fc.nat(texts.length - 1), size: fc.integer({ min: 1, max: 150 }) });
    const groups = fc.array(group, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(groups, fc.constantFrom(40, 200, 65_536), (inputs, rowsPerGroup) => {
        const rows = inputs.map(({ text, size }, g) =>
          Array.from({ length: size }, (_, i): Row => {
            const line = `{"v":"${texts[text]!(i, g)}"}`;
            return { stream: 'abc'[i % 3]!, day: DAY, timeNs: (i * 31) % 97, flags: 0, line };
          }),
        );
        const once = [...mergeRowGroups(rows.map(encode), { day: DAY, level: 1, rowsPerGroup })];
        const groupsOnce = once.map((bytes) => new RowGroup(bytes));
        expectSegment(groupsOnce, rows.flat());
        expectSegment(merge(groupsOnce, DAY, 65_536), rows.flat());
      }),
      { numRuns: 150 },
    );
  });

  it('chooses patterns for a group whose inputs were too small for them', () => {
    // 300 distinct texts among 600, as 12 dictionaries of 25.
    const groups = Array.from({ length: 12 }, (_, g) =>
      encode(
        Array.from({ length: 50 }, (_row, i): Row => {
          const line = `{"v":"user:${g * 25 + (i % 25)}"}`;
          return { stream: 'a', day: DAY, timeNs: g * 50 + i, flags: 0, line };
        }),
      ),
    );
    expect(new Set(groups.map(({ columns }) => columns[0]!.chunk.encoding))).toEqual(new Set([ENCODING_DICTIONARY]));
    const [merged] = mergeRowGroups(groups, { day: DAY, level: 1 });
    const group = new RowGroup(merged!);
    expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_PATTERN);
    expect(decode(group)).toEqual(groups.flatMap(decode));
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

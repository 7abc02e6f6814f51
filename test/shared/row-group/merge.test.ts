/** A merge is a stable sort of the rows of its inputs: nothing lost, doubled or changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelsKey } from '../../../shared/labels.ts';
import { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { daysOf, mergeRowGroups } from '../../../shared/row-group/merge.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { NS_PER_DAY } from '../../../shared/time.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../../corpus/corpus.ts';

const DAY = 20_780;

interface Row {
  readonly stream: string;
  readonly day: number;
  readonly timeNs: number;
  readonly flags: number;
  readonly line: string;
}

function encode(rows: readonly Row[]): RowGroup {
  const builder = new RowGroupBuilder();
  const codes = new Map<string, number>();
  for (const { stream, day, timeNs, flags, line } of rows) {
    if (!codes.has(stream)) codes.set(stream, builder.stream({ app: stream }));
    const bytes = Buffer.from(line);
    const at = builder.append(bytes, 0, bytes.length);
    builder.add(codes.get(stream)!, day, timeNs, flags, at, at + bytes.length);
  }
  return new RowGroup(builder.finish());
}

function decode(group: RowGroup): Row[] {
  const { info } = group;
  const { bytes, offsets } = group.lines(Array.from({ length: info.rowCount }, (_, row) => row));
  return Array.from({ length: info.rowCount }, (_, row) => {
    const timeNs = group.timesNs()[row]!;
    const day = Math.floor(timeNs / NS_PER_DAY);
    return {
      stream: info.streams[group.streamCodes()[row]!]!['app']!,
      day: info.baseDay + day,
      timeNs: timeNs - day * NS_PER_DAY,
      flags: group.flags()[row]!,
      line: bytes.toString('utf8', offsets[row], offsets[row + 1]),
    };
  });
}

function sorted(rows: readonly Row[]): Row[] {
  return rows.toSorted(
    (a, b) => compare(labelsKey({ app: a.stream }), labelsKey({ app: b.stream })) || a.timeNs - b.timeNs,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function merge(groups: readonly RowGroup[], day: number, rowsPerGroup: number): Row[] {
  const merged = [...mergeRowGroups(groups, { day, level: 1, rowsPerGroup })].map((bytes) => new RowGroup(bytes));
  return merged.flatMap(decode);
}

const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.uuid({ version: 4 }),
  fc.constantFrom('a', 'b', '7', '2026-11-23T15:01:12Z', '2026-11-23T15:01:12.25Z', 'deadbeefdeadbeef', '12.5'),
  fc.string(),
);
const row = fc.record<Row>({
  stream: fc.constantFrom('a', 'b', 'c'),
  day: fc.constantFrom(DAY, DAY, DAY + 1),
  timeNs: fc.nat(30).map((n) => n * 1e9),
  flags: fc.nat(7),
  line: fc.oneof(
    value.map((v) => JSON.stringify({ v })),
    fc.tuple(value, value).map(([v, w]) => JSON.stringify({ w, v })),
    fc.string(),
  ),
});

describe('merge', () => {
  it('is a stable sort by stream and time, a day at a time', () => {
    const groups = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 20 }), (inputs, rowsPerGroup) => {
        const encoded = inputs.map(encode);
        expect(new Set(encoded.flatMap(daysOf))).toEqual(new Set(inputs.flat().map(({ day }) => day)));
        for (const day of [DAY, DAY + 1]) {
          const want = sorted(inputs.flat().filter((r) => r.day === day));
          expect(merge(encoded, day, rowsPerGroup)).toEqual(want);
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
    const want = sorted(inputs.flat());
    const groups = inputs.map(encode);
    const once = [...mergeRowGroups(groups, { day, level: 3, rowsPerGroup: 4096 })].map((bytes) => new RowGroup(bytes));
    expect(once.flatMap(decode)).toEqual(want);
    expect(merge(once, day, 65_536)).toEqual(want);
  });

  it('cuts groups where shapes would be too many', () => {
    const rows = Array.from({ length: 700 }, (_, i): Row => ({
      stream: 'a',
      day: DAY,
      timeNs: i,
      flags: 0,
      line: `{"k${i}":{"x":1}}`,
    }));
    const groups = Array.from({ length: 14 }, (_, i) => encode(rows.slice(i * 50, i * 50 + 50)));
    const merged = [...mergeRowGroups(groups, { day: DAY, level: 1 })].map((bytes) => new RowGroup(bytes));
    expect(merged.length).toBe(3);
    expect(merged.flatMap(decode)).toEqual(rows);
  });
});

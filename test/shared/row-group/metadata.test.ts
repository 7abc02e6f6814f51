/** Structured metadata in row groups: it comes back as it was added, and lines are what they are without it. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import type { Labels } from '../../../shared/labels.ts';
import { answerTo, fieldsOfTemplate } from '../../../shared/row-group/answer.ts';
import { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { encodeColumn } from '../../../shared/row-group/column.ts';
import { KIND_METADATA, KIND_PLAIN, METADATA_MAX, SLOTS_MAX, TEMPLATES_MAX } from '../../../shared/row-group/format.ts';
import { mergeRowGroups } from '../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { type Template, withMetadata } from '../../../shared/row-group/template.ts';
import { planGroup, RowGroupWriter } from '../../../shared/row-group/writer.ts';
import { appendMetadata, metadataOf } from './metadata.ts';

const DAY = 20_780;

interface Line {
  readonly text: string;
  readonly metadata: Labels;
}

function encode(lines: readonly Line[]): RowGroup {
  const builder = new RowGroupBuilder();
  const stream = builder.stream({ app: 'shop' });
  for (const [row, { text, metadata }] of lines.entries()) {
    expect(builder.isCrowded).toBe(false);
    const bytes = Buffer.from(text);
    const start = builder.append(bytes, 0, bytes.length);
    builder.shred(start, start + bytes.length);
    builder.addShredded(stream, DAY, row, 0, appendMetadata(builder, metadata));
  }
  return new RowGroup(builder.finish());
}

function decode(group: RowGroup): Line[] {
  const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
  const { bytes, offsets } = group.lines(rows);
  const metadata = metadataOf(group);
  return rows.map((row) => ({
    text: bytes.toString('utf8', offsets[row], offsets[row + 1]),
    metadata: metadata[row]!,
  }));
}

const line = fc.record({
  text: fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom('', '{"level":"info","n":1}', 'level=info n=2 msg="x"', '{"n":1,"trace_id":"a"}'),
  ),
  metadata: fc.dictionary(
    fc.constantFrom('trace_id', 'n', 'level', 'user_id', 'a_b'),
    fc.oneof(fc.string(), fc.constantFrom('', 'é', '7', '0.5', '4bf92f3577b34da6a3ce929d0e0e4736')),
    { noNullPrototype: true },
  ),
});

test('comes back after encoding and merging', () => {
  fc.assert(
    fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }), (inputs) => {
      const groups = inputs.map(encode);
      for (const [i, group] of groups.entries()) {
        expect(decode(group)).toEqual(inputs[i]);
        expect(group.hasMetadata).toBe(inputs[i]!.some(({ metadata }) => Object.keys(metadata).length > 0));
        group.verifyPages();
      }
      const merged = [...mergeRowGroups(groups, { day: DAY, level: 1, rowsPerGroup: 30 })];
      const found = merged.flatMap((bytes) => decode(new RowGroup(bytes)));
      // Equal times keep the order of the groups.
      const want = inputs.flatMap((lines, g) => lines.map((each, row) => ({ each, row, g })));
      expect(found).toEqual(want.toSorted((a, b) => a.row - b.row || a.g - b.g).map(({ each }) => each));
    }),
    { numRuns: 150 },
  );
});

test('a few rows are read as all are', () => {
  const lines = Array.from({ length: 2000 }, (_, i) => ({
    text: `{"n":${i},"user":"u-${i % 40}"}`,
    metadata: (i % 3 === 0 ? {} : { trace_id: `t-${i}`, n: String(-i) }) as Labels,
  }));
  const group = encode(lines);
  const rows = [1999, 3, 1, 700];
  const { bytes, offsets, firstValues, valueStarts, valueEnds } = group.cutLines(rows);
  for (const [i, row] of rows.entries()) {
    expect(bytes.toString('utf8', offsets[i], offsets[i + 1])).toBe(lines[row]!.text);
    const values = Array.from({ length: firstValues[i + 1]! - firstValues[i]! }, (_, n) =>
      bytes.toString('utf8', valueStarts[firstValues[i]! + n], valueEnds[firstValues[i]! + n]),
    );
    expect(values).toEqual([String(row), `u-${row % 40}`, ...Object.values(lines[row]!.metadata)]);
  }
});

test('a group is crowded before a row may not fit', () => {
  const builder = new RowGroupBuilder();
  const stream = builder.stream({ app: 'shop' });
  let rows = 0;
  for (; !builder.isCrowded; rows++) {
    const at = builder.append(Buffer.from('x'), 0, 1);
    builder.shred(at, at + 1);
    builder.addShredded(stream, DAY, rows, 0, appendMetadata(builder, { [`name_${rows}`]: 'x' }));
  }
  expect(rows).toBeGreaterThan(TEMPLATES_MAX / 2);
  const group = new RowGroup(builder.finish());
  expect(group.info.rowCount).toBe(rows);
  expect(group.info.lineBytes).toBe(2 * rows);
  expect(builder.isCrowded).toBe(false);
});

test('as many values as a line may have, and as many besides', () => {
  const members = Array.from({ length: SLOTS_MAX }, (_, i) => `"k${i}":${i}`).join();
  const metadata = Object.fromEntries(Array.from({ length: METADATA_MAX }, (_, i) => [`m${i}`, `v${i}`]));
  const lines = [{ text: `{${members}}`, metadata }];
  expect(decode(encode(lines))).toEqual(lines);
});

/** Encodes one row of a template, whatever that is. @param texts  of its slots */
function encodeRow(template: Template, texts: readonly string[]): Buffer {
  const writer = new RowGroupWriter();
  const rows = {
    rowCount: 1,
    baseDay: DAY,
    timesNs: new Float64Array(1),
    streamCodes: [0],
    templateCodes: new Uint16Array(1),
    flags: new Uint8Array(1),
    streams: [{ app: 'shop' }],
    templates: [template],
    lineBytes: 1,
  };
  const plan = planGroup([template], rows.templateCodes, 1);
  writer.begin(rows, plan);
  for (const [i, { slot }] of plan.columns.entries()) {
    const bytes = Buffer.from(texts[i]!);
    const values = { bytes, starts: new Int32Array([0]), ends: new Int32Array([bytes.length]), count: 1 };
    const times = { baseDay: DAY, timesNs: () => new Float64Array(1) };
    writer.column((header, parameters, pages) =>
      encodeColumn(values, slot.kind, times, writer.encoder, header, parameters, pages),
    );
  }
  return writer.finish(1);
}

test('metadata within a line, and a line that goes on after it, are damage', () => {
  const [inLine, metadata] = [
    { field: 'a', kind: KIND_PLAIN, ordinal: 0 },
    { field: 'b', kind: KIND_METADATA, ordinal: 0 },
  ] as const;
  const [nothing, some] = [Buffer.alloc(0), Buffer.from('x')];
  const good = { slots: [inLine, metadata], literals: [some, some, nothing] };
  expect(decode(new RowGroup(encodeRow(good, ['1', '2'])))).toEqual([{ text: 'x1x', metadata: { b: '2' } }]);
  const within = { slots: [metadata, inLine], literals: [nothing, nothing, nothing] };
  expect(() => new RowGroup(encodeRow(within, ['1', '2']))).toThrow('metadata within a line');
  const after = { slots: [inLine, metadata], literals: [some, some, some] };
  expect(() => new RowGroup(encodeRow(after, ['1', '2']))).toThrow('a literal after the end of a line');
});

test('answers a name before the line does', () => {
  const template = encode([{ text: '{"level":"info","user":"a"}', metadata: { user: 'b', severity_text: 'WARN' } }])
    .templates[0]!;
  const fields = fieldsOfTemplate(template);
  expect(fields.kinds[3]).toBe(KIND_METADATA);
  expect(answerTo('user', fields)).toEqual({ kind: 'value', slot: 2, path: '' });
  expect(answerTo('level', fields)).toEqual({ kind: 'value', slot: 3, path: '' });
  expect(answerTo('none', fields)).toBeUndefined();
  const other = fieldsOfTemplate(withMetadata(template, ['x']));
  expect(answerTo('x', other)).toEqual({ kind: 'value', slot: 4, path: '' });
});

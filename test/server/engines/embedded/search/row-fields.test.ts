/** Values that are read from lines are those of the columns, whatever the format of a line, and whoever has cut it. */
import { expect, test } from 'vitest';
import { rowFields } from '../../../../../server/engines/embedded/search/row-fields.ts';
import { RowGroupBuilder } from '../../../../../shared/row-group/builder.ts';
import { TEMPLATES_MAX } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { PARSERS } from '../../../../../shared/row-group/line-formats/cut-text.ts';
import { PLAIN_LINES, TEXT_LINES } from '../../../../shared/row-group/line-formats/lines.ts';
import { Random } from '../../../../corpus/random.ts';
import { randomLines } from '../../../store/random-predicates.ts';
import { TODAY } from '../batches.ts';

/** More shapes than have templates: the last ones are kept whole. */
const SHAPES = Array.from(
  { length: TEMPLATES_MAX + 200 },
  (_, n) => `{"level":"WARN","shape_${n}":${n},"n":{"m":"\\u00e9${n}"}}`,
);
const LINES = [
  ...randomLines(new Random(3), 2000, 0).map(({ text }) => text),
  ...TEXT_LINES.map(([line]) => line),
  ...PLAIN_LINES,
  '{"level":"info","level":"ERROR","a":{"b":1},"a.b":2,"items":[{"id":3}],"empty":""}',
  '{"@t":"2026-11-23T15:01:12Z","@mt":"hi"}',
  '',
  ...SHAPES,
];
const LABELS = [
  { namespace: 'shop', pod: 'api-1' },
  { namespace: 'shop', pod: 'api-2', level: 'WARNING', app: 'web', status: '200' },
];

function encode(): RowGroup {
  const builder = new RowGroupBuilder();
  const streams = LABELS.map((labels) => builder.stream(labels));
  for (const [n, line] of LINES.entries()) {
    const bytes = Buffer.from(line);
    const start = builder.append(bytes, 0, bytes.length);
    builder.add(streams[n % 2]!, TODAY, n, 0, start, start + bytes.length, PARSERS[n % 7]);
  }
  return new RowGroup(builder.finish());
}

test('a value of a line is that of its column', () => {
  const group = encode();
  const known = group.templates.flatMap(({ slots }) => slots.flatMap(({ field }) => field ?? []));
  const names = [...new Set([...known.slice(0, 400), 'level', 'pod', 'items.id', 'shape_1100', 'n.m', 'absent', 'a'])];
  const rows = Array.from(LINES.keys());
  const { bytes, offsets } = group.lines(rows);
  const [columns, lines] = [rows.length, 1].map((rowCount) => rowFields(group, names, rowCount));
  let present = 0;
  for (const row of rows) {
    for (const fields of [columns!, lines!]) fields.moveTo(row, bytes, offsets[row]!, offsets[row + 1]!);
    const read = (fields: typeof columns): unknown[] =>
      names.map((_, field) => {
        const isPresent = fields!.read(field);
        return [isPresent, isPresent ? fields!.text.toString() : fields!.text.end - fields!.text.start];
      });
    const got = read(lines);
    expect(got, LINES[row]).toEqual(read(columns));
    present += got.filter((value) => (value as [boolean])[0]).length;
  }
  expect(present).toBeGreaterThan(10_000);
});

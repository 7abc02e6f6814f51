/** Rows as text, whatever the lines are: objects are JSON, and what they say is what the line says. */
import fc from '../../../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { textOf } from '../../../../../server/engines/embedded/search/render.ts';
import { openSinkGroup } from '../../../../../server/engines/embedded/search/sink-group.ts';
import type { TextSink } from '../../../../../server/store/sink.ts';
import { RowGroupBuilder } from '../../../../../shared/row-group/builder.ts';
import { TEMPLATES_MAX } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { TEXT_LINES, textLine } from '../../../../shared/row-group/line-formats/lines.ts';
import { cutFields } from '../../../../shared/readable-line/cut-fields.ts';
import { TODAY } from '../batches.ts';

const LABELS = { namespace: 'shop', pod: 'api-6b8f9c7d5-2mjqt', container: 'api' };
const NOON_NS = 43_200e9;

function rendered(lines: readonly (string | Uint8Array)[], sink: Omit<TextSink, 'kind'>, labels = LABELS): string[] {
  const builder = new RowGroupBuilder();
  const stream = builder.stream(labels);
  for (const [n, line] of lines.entries()) {
    const bytes = Buffer.from(line as string);
    const start = builder.append(bytes, 0, bytes.length);
    builder.add(stream, TODAY, NOON_NS + n, 0, start, start + bytes.length);
  }
  const rows = Uint32Array.from(lines.keys());
  const text = { kind: 'text', ...sink } as const;
  const timesNs = Float64Array.from(rows, (row) => NOON_NS + row);
  const group = openSinkGroup(new RowGroup(builder.finish()), { order: 7 }, { rows, timesNs }, 2 ** 30, text);
  const all = Buffer.from(textOf([group], { groupOf: new Uint32Array(rows.length), rows, timesNs }, text).text);
  return all.toString().split('\n').slice(0, -1);
}

interface Row {
  readonly line: string;
  readonly level?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const objectsOf = (lines: readonly (string | Uint8Array)[]): Row[] =>
  rendered(lines, { format: 'ndjson' }).map((text) => JSON.parse(text) as Row);
const fieldsText = (line: string): string =>
  /,"fields":(.*),"cursor":"[\w-]+"\}$/.exec(rendered([line], { format: 'ndjson' })[0]!)![1]!;

describe('fields of an object', () => {
  test.each([
    // As they are in the line.
    ['{"a":12345678901234567890,"b":1.10,"c":1e5,"d":-0.0,"e":true,"f":null}', undefined],
    ['{"level":"info", "text":"caf\\u00e9 \\"x\\"","list":[1, {"a":2}]}', undefined],
    ['{}', undefined],
    // Flattened, the last of each name.
    ['{"a":{"b":1.10,"c":{"d":[1]}},"e":{}}', '{"a.b":1.10,"a.c.d":[1]}'],
    ['{"n":1,"m":2,"n":3}', '{"m":2,"n":3}'],
    ['{"a":{"b":1},"a.b":2}', '{"a.b":2}'],
    ['{"":1}', '{"":1}'],
    // What is not JSON is a text.
    ['{"a":NaN,"b":01,"c":+5,"d":1.,"e":-,"f":1-2}', '{"a":"NaN","b":"01","c":"+5","d":"1.","e":"-","f":"1-2"}'],
    ['{"a":"\\x41","b":"tab\there"}', '{"a":"\\\\x41","b":"tab\\there"}'],
    ['{"a":[1,],"b":[NaN]}', '{"a":"[1,]","b":"[NaN]"}'],
    ['{"a":1,"b":"cut', '{"a":1,"b":"cut"}'],
    ['{"a":\n1}', '{"a":1}'],
    // Numbers of text are numbers, where they certainly are.
    [
      'status=502 took=1.5s id=0012 big=12345678901234567890 exp=1e5 n=-1.10 ok=true',
      '{"status":502,"took":"1.5s","id":"0012","big":"12345678901234567890","exp":"1e5","n":-1.10,"ok":"true"}',
    ],
    ['plain text', '{}'],
    ['', '{}'],
  ])('%s', (line, want) => {
    expect(fieldsText(line)).toBe(want ?? line);
  });

  test('bytes that are not UTF-8 are replaced, in the line and in its fields', () => {
    const line = Buffer.concat([Buffer.from('{"a":"x'), Buffer.from([0xff, 0xc3]), Buffer.from('y","n":1.10}')]);
    const [text] = rendered([line], { format: 'ndjson' });
    expect(JSON.parse(text!)).toMatchObject({
      line: '{"a":"x\ufffd\ufffdy","n":1.10}',
      fields: { a: 'x\ufffd\ufffdy' },
    });
    expect(text).toContain('"n":1.10');
  });

  test('lines that are kept whole have fields, too', () => {
    const lines = Array.from({ length: TEMPLATES_MAX + 20 }, (_, n) => `{"shape_${n}":${n},"a":{"b":1}}`);
    for (const [n, { fields }] of objectsOf(lines).entries()) expect(fields).toEqual({ [`shape_${n}`]: n, 'a.b': 1 });
  });
});

const anyLine = fc.oneof(
  textLine,
  fc.string({ unit: 'binary' }),
  fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((each) => JSON.stringify(each)),
  fc.json().map((json) => `{"a":${json},"b":{"c":${json}}}`),
);

test('an object is JSON, with the line to the byte and each field as the store finds it', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { minLength: 1, maxLength: 20 }), (lines) => {
      const wellFormed = lines.map((line) => line.toWellFormed());
      for (const [i, { line, fields }] of objectsOf(wellFormed).entries()) {
        expect(line).toBe(wellFormed[i]);
        const want = new Map(cutFields(line).map(({ name, value }) => [name, value]));
        expect(new Set(Object.keys(fields))).toEqual(new Set(want.keys()));
        for (const [name, value] of Object.entries(fields)) {
          if (typeof value === 'string') expect(value).toBe(want.get(name));
          else expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(want.get(name)!)));
        }
      }
    }),
  );
});

test('levels are those of all answers', () => {
  const levels = objectsOf(['{"level":40}', 'lvl=WARN x=1', '{"level":"audit"}', '{"a":1}', '<3>x']).map(
    ({ level }) => level,
  );
  expect(levels).toEqual(['warn', 'warn', 'audit', undefined, 'error']);
  const [row] = rendered(['{"level":"info"}'], { format: 'ndjson' }, { ...LABELS, level: 'WARNING' } as typeof LABELS);
  expect(JSON.parse(row!)).toMatchObject({ level: 'warn', fields: { level: 'info' } });
});

const LINE =
  '{"level":"WARN","msg":"too, slow","status":502,"id":12345678901234567890,"a":{"b":1.10},"pod":"x","path":"/users/17","at":"=1+1"}';
const COLUMNS = [
  'time',
  'pod',
  'field.pod',
  'level',
  'field.level',
  'message',
  'status',
  'id',
  'a.b',
  'path.shape',
  'label.absent',
  'at',
];

test('columns: values as they are written, labels before fields, empty where there are none', () => {
  expect(rendered([LINE], { format: 'csv', columns: COLUMNS })).toEqual([
    `2026-11-23T12:00:00.000000000Z,api-6b8f9c7d5-2mjqt,x,warn,WARN,"too, slow",502,12345678901234567890,1.10,/users/{id},,'=1+1`,
  ]);
  expect(rendered([LINE], { format: 'csv-exact', columns: ['at', 'status'] })).toEqual(['=1+1,502']);
  expect(rendered([LINE], { format: 'ndjson', columns: COLUMNS })).toEqual([
    '{"time":"2026-11-23T12:00:00.000000000Z","pod":"api-6b8f9c7d5-2mjqt","field.pod":"x","level":"warn","field.level":"WARN","message":"too, slow","status":502,"id":12345678901234567890,"a.b":1.10,"path.shape":"/users/{id}","label.absent":null,"at":"=1+1"}',
  ]);
  expect(rendered([LINE], { format: 'text', columns: ['pod', 'absent', 'message'] })).toEqual([
    'api-6b8f9c7d5-2mjqt\t-\ttoo, slow',
  ]);
});

test('columns: the row itself', () => {
  const [text] = rendered([LINE], { format: 'ndjson', columns: ['time', 'labels', 'line', 'fields', 'cursor'] });
  const row = JSON.parse(text!) as Row;
  expect(row).toMatchObject({
    labels: LABELS,
    line: LINE,
    fields: { 'a.b': 1.1, status: 502 },
    cursor: expect.any(String),
  });
  expect(rendered([LINE], { format: 'csv', columns: ['labels'] })).toEqual([
    'namespace=shop pod=api-6b8f9c7d5-2mjqt container=api',
  ]);
});

test('the message is found whatever its logger calls it', () => {
  const lines = TEXT_LINES.map(([line]) => line);
  const cells = rendered([...lines, '{"@m":"x"}', 'plain', '{"n":1}'], { format: 'ndjson', columns: ['message'] }).map(
    (text) => (JSON.parse(text) as { message: string | null }).message,
  );
  expect(cells.slice(-3)).toEqual(['x', 'plain', null]);
  expect(cells).toContain('java.io.IOException: no route');
  expect(cells).toContain('checkpoint complete');
});

const READABLE = { isColored: false, withNamespace: false, today: TODAY };

test('text: as a person reads it, with the date of other days', () => {
  const line = '{"level":"error","error":{"kind":"timeout"},"message":"charge failed"}';
  expect(rendered([line], { format: 'text', readable: READABLE })).toEqual([
    '12:00:00.000 error api·2mjqt charge failed error.kind=timeout',
  ]);
  expect(
    rendered([line], { format: 'text', readable: { ...READABLE, today: TODAY + 1, withNamespace: true } }),
  ).toEqual(['2026-11-23 12:00:00.000 error shop/api·2mjqt charge failed error.kind=timeout']);
  expect(rendered(['a\nb\u001b[2J'], { format: 'text', readable: READABLE })).toEqual([
    '12:00:00.000 -     api·2mjqt a ▸ 1 more line',
  ]);
  expect(rendered([line], { format: 'text', readable: { ...READABLE, isColored: true } })[0]).toContain(
    '\u001b[31merror\u001b[0m',
  );
});

test.each([
  ['UTC', '2026-11-23T12:00:00.000000000Z', '12:00:00.000'],
  ['Europe/Berlin', '2026-11-23T13:00:00.000000000+01:00', '13:00:00.000'],
  ['America/St_Johns', '2026-11-23T08:30:00.000000000-03:30', '08:30:00.000'],
  ['+05:45', '2026-11-23T17:45:00.000000000+05:45', '17:45:00.000'],
  ['+13:00', '2026-11-24T01:00:00.000000000+13:00', '2026-11-24 01:00:00.000'],
])('times in %s', (zone, time, clock) => {
  expect(rendered(['x'], { format: 'csv', columns: ['time'], zone })).toEqual([time]);
  expect(JSON.parse(rendered(['x'], { format: 'ndjson', zone })[0]!)).toMatchObject({ time });
  expect(rendered(['x'], { format: 'csv', zone })[0]).toMatch(time);
  expect(rendered(['x'], { format: 'text', zone, readable: READABLE })).toEqual([`${clock} -     api·2mjqt x`]);
});

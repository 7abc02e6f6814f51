import { expect, test } from 'vitest';
import type { LogRow } from '../../shared/client/answers.ts';
import { rowView } from '../../web/state/row-view.ts';
import { cellOf, columnsOf, suggestedColumns } from '../../web/state/table-cells.ts';

function row(fields: object, labels: Readonly<Record<string, string>> = { pod: 'api-0' }, level = 'info'): LogRow {
  const line = JSON.stringify(fields);
  return { time: '2026-11-27T15:12:06.897Z', labels, level, line, json: `{"fields":${line}}` };
}

test('columns are suggested where a tenth of the lines has them, with the message last', () => {
  const access = row({ method: 'GET', path: '/a', status: 200, took: '5ms', message: 'request' });
  expect(suggestedColumns([access, row({ message: 'a' })])).toEqual([
    'method',
    'path',
    'status',
    expect.any(String),
    'message',
  ]);
  expect(suggestedColumns([row({ message: 'a' })])).toEqual(['message']);
  expect(suggestedColumns([])).toEqual(['message']);
});

test.each<[name: string, want: string | undefined]>([
  ['id', '12345678901234567890'],
  ['a.b', '1.10'],
  ['pod', 'api-0'],
  ['field.pod', 'of the line'],
  ['label.id', undefined],
  ['level', 'info'],
  ['text', 'two⏎lines ⟨U+202E⟩'],
  ['message', 'hello'],
  ['url.path', '/users/17?x=1'],
  ['url.path.shape', '/users/{id}'],
  ['path.shape', undefined],
  ['constructor', undefined],
])('the cell of %s is %j', (name, want) => {
  const line = `{"id":12345678901234567890,"a":{"b":1.10},"url":{"path":"/users/17?x=1"},"pod":"of the line","text":"two\\nlines \u202e","message":"hello"}`;
  expect(cellOf({ ...row({}), line, json: `{"fields":${line}}` }, name)).toBe(want);
});

test('a column is as wide as its longest cell, within limits, and the last one takes the rest', () => {
  const rows = [row({ n: 1, t: 'x'.repeat(100), m: 'm' }), row({ n: 1000 })];
  expect(columnsOf(['n', 't', 'm'], rows)).toEqual([
    { name: 'n', width: 4, isNumber: true },
    { name: 't', width: 40, isNumber: false },
    { name: 'm', width: 24, isNumber: false },
  ]);
});

test.each<[line: string, json: string, fields: readonly string[]]>([
  ['{"a":1.10,"b":{"c":"x"}}', '', ['a=1.10', 'b.c=x']],
  ['{"a":1} and more', '', []],
  ['I0101 text a=1', '{"line":"I0101 text a=1","fields":{"a":1e5}}', ['a=1e5']],
  ['text', '', []],
])('the fields of the line %j, sent as %j, are %j', (line, json, fields) => {
  const view = rowView({ time: '2026-11-27T15:12:06.897Z', labels: { pod: 'api-0' }, line, json });
  expect(view.fields.map(({ name, value }) => `${name}=${value}`)).toEqual(fields);
});

test('metadata of a line is shown with its fields, and has its cells', () => {
  const withMetadata: LogRow = { ...row({ message: 'paid' }), metadata: { trace_id: 't-1', order: 'o-1' } };
  const { fields, segments } = rowView(withMetadata);
  expect(fields.map(({ name }) => name)).toEqual(['message', 'trace_id', 'order']);
  expect(segments.map(({ text }) => text)).toEqual(['paid', 'o-1', 't-1']);
  expect(cellOf(withMetadata, 'order')).toEqual(cellOf(row({ order: 'o-1' }), 'order'));
});

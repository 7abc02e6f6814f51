/** What a query asks the store for: which conditions of its pipeline every line satisfies that it can use. */
import { expect, test } from 'vitest';
import { predicateOf } from '../../../../server/query/logql/select.ts';
import { parseQuery } from '../../../../server/query/logql/syntax/parser.ts';
import { EVERYTHING, leavesOf } from '../../../../server/store/predicate.ts';

const DISCOVERY = { serviceName: false, logLevels: false, fields: false };
const VISIBLE = { from: undefined, to: undefined, where: EVERYTHING };

/** The leaves, each as its kind and name. */
function asked(query: string, fields = false): string[] {
  const expr = parseQuery(query);
  if (expr.kind !== 'log') throw new Error('BUG: not a log query');
  const { where } = predicateOf(expr, VISIBLE, { ...DISCOVERY, fields });
  return leavesOf(where).map((leaf) => {
    if (leaf.kind !== 'value') return leaf.kind;
    return `${leaf.labelOnly === true ? 'label.' : leaf.fieldOnly === true ? 'field.' : ''}${leaf.name}`;
  });
}

test.each([
  ['{app="a"} | trace_id="t"', ['label.app', 'label.trace_id', 'field.trace_id']],
  ['{app="a"} | json | trace_id="t"', ['label.app', 'label.trace_id', 'field.trace_id', 'text', 'text']],
  [
    '{app="a"} | trace_id="t" | json | n="5"',
    ['label.app', 'label.trace_id', 'field.trace_id', 'label.n', 'field.n', 'text', 'text'],
  ],
  ['{app="a"} | x_extracted="t"', ['label.app', 'label.x_extracted', 'field.x_extracted', 'field.x']],
  ['{app="a"} | trace_id!="t"', ['label.app']],
  ['{app="a"} | line_format "x" | trace_id="t"', ['label.app']],
])('%s', (query, want) => {
  expect(asked(query)).toEqual(want);
});

test('a filter before any parser may use the index of a field', () => {
  expect(asked('{app="a"} | trace_id="t"', true)).toEqual(['label.app', 'trace_id', 'field.trace_id']);
  expect(asked('{app="a"} | logfmt | trace_id="t"', true)).toEqual([
    'label.app',
    'label.trace_id',
    'field.trace_id',
    'text',
    'text',
  ]);
});

/** LogQL in the page: how it is known, edits by click, places of mistakes, lines and plots. */
import { describe, expect, test } from 'vitest';
import { AnswerError } from '../../shared/client/client.ts';
import { located } from '../../web/search/logql-place.ts';
import { pathOf, scaleOf } from '../../web/logql/plot-layout.ts';
import { rowOf } from '../../web/state/logql-row.ts';
import { logqlTokens } from '../../web/search/logql-tokens.ts';
import { colorOf } from '../../web/state/series.ts';
import { logqlContextAt } from '../../web/search/logql-context.ts';
import { searchedTexts } from '../../web/search/logql-text.ts';
import { append, exclude, include, selectionOf } from '../../web/search/edit.ts';
import { isLogql, isOfLines, mayBeLogql } from '../../web/search/is-logql.ts';

test.each<[text: string, want: boolean]>([
  ['{app="api"}', true],
  [' \n{app="api"}', true],
  ['# errors of api\n{app="api"}', true],
  ['({app="api"} | json)', true],
  ['rate({app="api"}[5m])', true],
  ['sum by (path, status) (rate({app="api"}[5m]))', true],
  ['sum(rate({app="api"}[5m])) by (path)', true],
  ['sum without(pod) (count_over_time({app="api"}[1h]))', true],
  ['topk(5, sum by (path) (rate({app="api"}[5m])))', true],
  ['quantile_over_time(0.99, {app="api"} | json | unwrap latency_ms [5m])', true],
  ['100 * sum(rate({app="api"}[5m])) / sum(rate({app="web"}[5m]))', true],
  ['vector(1) or on(app) rate({app="api"}[5m])', true],
  ['variants(rate({app="api"}[5m])) of ({app="api"}[5m])', true],
  ['', false],
  ['timeout', false],
  ['rate', false],
  ['sum(rate(', false],
  ['timeout {app="api"}', false],
  ['level:error {', false],
  ['rated {app="api"}', false],
  ['sum by path {app="api"}', false],
  ['"{app}"', false],
])('%j is LogQL: %j', (text, want) => {
  expect(isLogql(text)).toBe(want);
});

test.each<[text: string, want: boolean]>([
  ['sum(', true],
  ['sum by', true],
  ['sum by (pa', true],
  ['sum by (path) (ra', true],
  ['topk(5, su', true],
  ['rate({', true],
  ['sum', false],
  ['rate(limit) exceeded', false],
  ['count(x', true],
  ['count(x y', false],
])('%j may become LogQL: %j', (text, want) => {
  expect(mayBeLogql(text)).toBe(want);
});

test('a text is known fast, however long it is', () => {
  for (const text of [
    'sum by (',
    'sum '.repeat(20_000),
    '('.repeat(80_000),
    'by (a, '.repeat(10_000),
    '# '.repeat(40_000),
  ]) {
    // A slow expression would take longer than any test may.
    expect(isLogql(text)).toBe(false);
    mayBeLogql(text);
  }
});

describe('edits by click', () => {
  const QUERY = '{app="api"} | json';

  test.each<[query: string, want: string]>([
    [QUERY, `${QUERY} | status="500"`],
    [`${QUERY} | status="500"`, QUERY],
    [`${QUERY} | status="404"`, String.raw`${QUERY} | status=~"404|500"`],
    [`${QUERY} | status=~"404|500"`, `${QUERY} | status="404"`],
    [`${QUERY} | status!="500"`, `${QUERY} | status="500"`],
    [`${QUERY} | status!~"404|500"`, `${QUERY} | status!="404" | status="500"`],
    [`${QUERY} | status>=500`, `${QUERY} | status>=500 | status="500"`],
  ])('%s includes a status: %s', (query, want) => {
    expect(include(query, 'status', '500')).toBe(want);
  });

  test('a field is brought out of the line first, and with its filter goes what did that', () => {
    const query = '{app="api"} |= "x"';
    expect(include(query, 'status', '500')).toBe(`${query} | podlog | status="500"`);
    expect(include(`${query} | podlog | status="500"`, 'status', '500')).toBe(query);
    expect(exclude(`${query} | podlog | status="500"`, 'path', '/')).toBe(
      `${query} | podlog | status="500" | path!="/"`,
    );
    expect(include(query, 'pod', 'api-1')).toBe(`${query} | pod="api-1"`);
    expect(include(query, 'level', 'warn')).toBe(`${query} | detected_level="warn"`);
  });

  test('values are quoted, names are those of labels, a level is the one that was detected', () => {
    expect(exclude(QUERY, 'error.kind', 'a "b"\\c')).toBe(String.raw`${QUERY} | error_kind!="a \"b\"\\c"`);
    expect(include(QUERY, 'level', 'error')).toBe(`${QUERY} | detected_level="error"`);
    const both = include(include(QUERY, 'path', '/a.b|c'), 'path', '/d');
    expect(both).toBe(String.raw`${QUERY} | path=~"/a\\.b\\|c|/d"`);
    expect(selectionOf(both, 'path', '/a.b|c')).toBe('included');
    expect(include(both, 'path', '/a.b|c')).toBe(`${QUERY} | path="/d"`);
  });

  test('texts are line filters', () => {
    expect(append(QUERY, '"time out"')).toBe(`${QUERY} |= "time out"`);
    expect(append(QUERY, '-"time out"')).toBe(`${QUERY} != "time out"`);
  });
});

test.each<[message: string, query: string, want: string, said: string]>([
  ['parse error at line 1, col 6: syntax error: unexpected }', '{app=}', '}', 'syntax error: unexpected }'],
  ['parse error at line 2, col 3: x', '{a="b"}\n| nope', 'nope', 'x'],
  ['parse error at line 1, col 9: x', '{a="😀"} |= json', '|', 'x'],
  [
    'parse error at line 1, col 13: syntax error: unexpected $end',
    '{a="b"} | x ',
    'x',
    'syntax error: unexpected end of the query',
  ],
  ['parse error at line 0, col 9: x', 'rate({}[5y])', '5y', 'x'],
  ['parse error at line 0, col 9: x', 'rate({}\n[5y])', 'rate({}\n[5y])', 'x'],
  ['parse error : no matcher', '{}', '{}', 'no matcher'],
])('%s: at %j', (message, query, want, said) => {
  const { position, length, message: found } = located(new AnswerError(400, { message }, undefined), query);
  expect(query.slice(position! - 1, position! - 1 + length!)).toBe(want);
  expect(found).toBe(said);
});

test('tokens are the whole text, with colours for words and operators, also after a mistake', () => {
  const text = 'sum by (path) (rate({app="api"} |= `x` | json | status >= 500 [5m])) # note';
  const tokens = logqlTokens(text);
  expect(tokens.map((token) => token.text).join('')).toBe(text);
  const ofKind = (kind: string) => tokens.filter((token) => token.kind === kind).map((token) => token.text);
  expect(ofKind('operator')).toEqual(['sum', 'by', 'rate', '=', '|=', '|', 'json', '|', '>=']);
  expect(ofKind('name')).toEqual(['path', 'app', 'status', '# note']);
  for (const broken of ['{', '{app=', '{app="x', 'sum(rate({a="b"}[', '| | {{', '']) {
    expect(
      logqlTokens(broken)
        .map((token) => token.text)
        .join(''),
    ).toBe(broken);
  }
});

test('a query says what it is of, and which texts it looks for', () => {
  expect(['{a="b"}', '({a="b"})', '# x\n{a="b"}', 'rate({a="b"}[1m])', '1 + 1'].map(isOfLines)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(searchedTexts('{a="b"} |= "Time\\"out" != "no" |= `C:\\x`')).toEqual(['time"out', 'c:\\x']);
});

test('a line of Loki is a row, whose made labels are kept', () => {
  const line = '{"error":{"kind":"timeout"},"status":500}';
  const row = rowOf(
    1_700_000_000_123_456_789n,
    line,
    { app: 'api' },
    {
      structuredMetadata: { detected_level: 'critical', trace_id: 'x' },
      parsed: { error_kind: 'timeout', status: '500', made: '1' },
    },
  );
  expect(row).toEqual({
    time: '2023-11-14T22:13:20.123456789Z',
    labels: { app: 'api' },
    level: 'fatal',
    line,
    metadata: { trace_id: 'x', made: '1' },
    json: '',
  });
  expect(rowOf(0n, 'x', {}, { structuredMetadata: { detected_level: 'unknown' } })).not.toHaveProperty('level');
});

describe('plots', () => {
  const series = (...values: (number | undefined)[]) => ({ labels: {}, values });

  test.each<[values: (number | undefined)[], ticks: number[]]>([
    [[], [0, 1]],
    [
      [0, 0],
      [0, 1],
    ],
    [[3.5], [0, 1, 2, 3, 4]],
    [
      [0.07, undefined, NaN, Infinity],
      [0, 0.02, 0.04, 0.06, 0.08],
    ],
    [
      [-3, 5],
      [-4, -2, 0, 2, 4, 6],
    ],
    [[1_234_567], [0, 500_000, 1_000_000, 1_500_000]],
  ])('%j has ticks %j', (values, ticks) => {
    const scale = scaleOf([series(...values)], 4);
    expect(scale.ticks).toEqual(values.length === 0 || values[0] === 0 ? expect.arrayContaining(ticks) : ticks);
  });

  test('a gap is a gap, and a point alone is seen', () => {
    const scale = { least: 0, most: 10, ticks: [] };
    const size = { width: 60, height: 100 };
    expect(pathOf(series(0, 10, undefined, 5, NaN, 10), scale, size)).toBe(
      'M5.0 100.0L15.0 0.0M33.0 50.0h4M53.0 0.0h4',
    );
  });

  test('a level has its colour, other series have hues by their places', () => {
    expect(colorOf({ labels: { detected_level: 'critical' }, values: [] }, 3)).toBe('series-fatal');
    expect(colorOf({ labels: { level: 'none of these' }, values: [] }, 3)).toBe('pod-3-0');
    expect(colorOf({ labels: { path: '/' }, values: [] }, 10)).toBe('pod-2-1');
  });
});

describe('what may be typed next', () => {
  const API = '{app="api"}';

  test.each<[before: string, want: object | undefined]>([
    ['{', { kind: 'label', selector: '', start: 1, part: '' }],
    ['{ap', { kind: 'label', selector: '', start: 1, part: 'ap' }],
    ['{app="', { kind: 'label-value', name: 'app', selector: '', start: 6, part: '' }],
    ['{app=~`a.', { kind: 'label-value', name: 'app', selector: '', start: 7, part: 'a.' }],
    ['{app="api", po', { kind: 'label', selector: API, start: 12, part: 'po' }],
    ['{app="a,b}", pod="x', { kind: 'label-value', name: 'pod', selector: '{app="a,b}"}', start: 18, part: 'x' }],
    [API, undefined],
    [`${API} | js`, { kind: 'field', query: API, withStages: true, start: 14, part: 'js' }],
    [
      `${API} |= "x|y" | json | `,
      { kind: 'field', query: `${API} |= "x|y" | json`, withStages: true, start: 30, part: '' },
    ],
    [
      `${API} | json | a > 5 and st`,
      { kind: 'field', query: `${API} | json`, withStages: false, start: 31, part: 'st' },
    ],
    [
      `${API} | json | status="5`,
      { kind: 'field-value', name: 'status', query: `${API} | json`, start: 29, part: '5' },
    ],
    [`${API} |= "te`, undefined],
    [`${API} # note`, undefined],
    ['sum by (pa', { kind: 'field', query: '{}', withStages: false, start: 8, part: 'pa' }],
    ['sum ', { kind: 'grouping', start: 4, part: '' }],
    ['sum by (path) (ra', { kind: 'function', start: 15, part: 'ra' }],
    [`rate(${API}[`, { kind: 'range', start: 17, part: '' }],
    [
      `rate(${API} | json | unwrap la`,
      { kind: 'field', query: `${API} | json`, withStages: false, start: 33, part: 'la' },
    ],
    [`rate(${API} | json [5m]) / su`, { kind: 'function', start: 32, part: 'su' }],
    [`rate(${API} | json [5m])`, undefined],
  ])('after %s', (before, want) => {
    expect(logqlContextAt(before, before.length)).toEqual(want);
  });

  test('labels of a grouping are those of the selector after it', () => {
    const text = 'sum by (pa) (rate({app="api"}[5m]))';
    expect(logqlContextAt(text, 'sum by (pa'.length)).toMatchObject({ kind: 'field', query: API });
  });
});

import { posix } from 'node:path';
import fc from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { fieldsOf, parseWritten } from '../../../shared/readable-line/json-fields.ts';
import { podName } from '../../../shared/readable-line/pod-name.ts';
import { readableLine, type ReadableRow } from '../../../shared/readable-line/readable-line.ts';
import type { Field, Segment } from '../../../shared/readable-line/segment.ts';
import { toAnsi, toText } from '../../../shared/readable-line/to-text.ts';
import { importsOf, readRepository } from '../../tidy/sources.ts';
import { textLine } from '../row-group/line-formats/lines.ts';
import { cutFields } from './cut-fields.ts';
import { ROWS } from './lines.ts';

const HEAD = { time: '15:12:06.897', level: 'error', pod: 'api·2mjqt' };
const HEAD_TEXT = '15:12:06.897 error api·2mjqt';

const rowOf = (line: string, fields: readonly Field[] = cutFields(line)): ReadableRow => ({
  labels: {},
  level: 'error',
  fields,
  line,
});
const shown = (line: string): Segment[] => readableLine(rowOf(line));

describe.each(Object.entries(ROWS))('%s', (_, cases) => {
  test.each(cases)('$line', ({ line, row, labels = {}, flags }) => {
    const segments = readableLine({ labels, level: 'error', fields: cutFields(line), line, flags });
    expect(toText(HEAD, segments)).toBe(row === '' ? HEAD_TEXT : `${HEAD_TEXT} ${row}`);
    const colored = toAnsi(HEAD, segments);
    // oxlint-disable-next-line no-control-regex -- the colours
    expect(colored.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(toText(HEAD, segments));
  });
});

test('metadata is shown as fields are, without making an object of a text', () => {
  const metadata = [
    { name: 'order', value: 'o-1' },
    { name: 'trace_id', value: '4bf92f3577b34da6a3ce929d0e0e4736' },
  ];
  expect(toText(HEAD, readableLine({ ...rowOf('paid', []), metadata }))).toBe(
    `${HEAD_TEXT} paid order=o-1 trace_id=4bf92f35`,
  );
  const line = '{"message":"paid","order":"o-2"}';
  expect(toText(HEAD, readableLine({ ...rowOf(line), metadata }))).toBe(
    `${HEAD_TEXT} paid order=o-1 trace_id=4bf92f35`,
  );
});

const JSON_LINES = Object.values(ROWS)
  .flat()
  .map(({ line }) => line)
  .filter((line) => isJson(line));

function isJson(line: string): boolean {
  try {
    return line.startsWith('{') && typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

test('fields are the same from the store and from JSON: the last of each name, as it was written', () => {
  expect(JSON_LINES.length).toBeGreaterThan(50);
  const last = (fields: readonly Field[]): [string, string][] => [
    ...new Map(fields.map(({ name, value }) => [name, value])),
  ];
  for (const line of JSON_LINES) {
    // Empty objects have no values, and arrays are written without spaces.
    const fromJson = last(fieldsOf(parseWritten(line) as object));
    expect(new Map(fromJson), line).toEqual(new Map(last(cutFields(line))));
  }
});

test('every segment of a value has its field, and its value as it was written', () => {
  expect(
    shown(
      '{"level":"error","method":"GET","path":"/a?b=1","status":503,"latency_ms":1523.40,"error":"x","n":1.10,"user_id":7,"request_id":"f14cb053-088b","msg":"no"}',
    ),
  ).toEqual([
    { kind: 'method', text: 'GET', name: 'method', value: 'GET' },
    { kind: 'path', text: '/a', name: 'path', value: '/a?b=1' },
    { kind: 'status', text: '503', name: 'status', value: '503', tone: 'error' },
    { kind: 'duration', text: '1.52 s', name: 'latency_ms', value: '1523.40', tone: 'warn' },
    { kind: 'message', text: 'no', name: 'msg' },
    { kind: 'error', key: 'error=', text: 'x', name: 'error', value: 'x', tone: 'error' },
    { kind: 'field', key: 'query=', text: 'b=1', name: 'query', value: 'b=1' },
    { kind: 'field', key: 'n=', text: '1.10', name: 'n', value: '1.10' },
    { kind: 'id', key: 'user_id=', text: '7', name: 'user_id', value: '7' },
    {
      kind: 'id',
      key: 'request_id=',
      text: 'f14cb053',
      full: 'f14cb053-088b',
      name: 'request_id',
      value: 'f14cb053-088b',
    },
  ]);
});

test('what is cut has its whole text, on one line', () => {
  const text = `a\n${'b'.repeat(60)}`;
  const [, field] = shown(JSON.stringify({ message: 'm', text }));
  expect(field).toMatchObject({
    kind: 'field',
    text: `a⏎${'b'.repeat(37)}…`,
    full: `a⏎${'b'.repeat(60)}`,
    value: text,
  });
});

test('colours of a program are kept as numbers, its other escapes are dropped', () => {
  expect(shown('\u001b[31mred\u001b[0m and \u001b[1;94mblue\u001b[39m\u001b[2J')).toEqual([
    {
      kind: 'message',
      text: 'red and blue',
      runs: [
        { text: 'red', color: 1 },
        { text: ' and ', color: undefined },
        { text: 'blue', color: 12 },
      ],
    },
  ]);
  expect(toAnsi(HEAD, shown('\u001b[31mred\u001b[0m'))).toContain('\u001b[31mred\u001b[0m');
});

test('levels and thresholds have a tone', () => {
  const tones = (line: string, level: string, slowMs?: number): string[] =>
    readableLine({ ...rowOf(line), level }, slowMs === undefined ? {} : { slowMs }).map(
      ({ kind, tone }) => `${kind} ${tone}`,
    );
  const line = '{"method":"GET","path":"/","status":404,"latency_ms":600,"error":"x"}';
  expect(tones(line, 'error')).toEqual([
    'method undefined',
    'path undefined',
    'status warn',
    'duration warn',
    'error error',
  ]);
  expect(tones(line, 'warn', 1000)).toEqual([
    'method undefined',
    'path undefined',
    'status warn',
    'duration undefined',
    'error undefined',
  ]);
  expect(readableLine({ ...rowOf('container a ended: exit code 0, restart 1'), labels: { stream: 'podlog' } })).toEqual(
    [{ kind: 'podlog', text: 'container a ended: exit code 0, restart 1' }],
  );
  expect(readableLine({ ...rowOf('podlog: lines of 0.log were lost: x'), labels: { stream: 'podlog' } })).toMatchObject(
    [{ tone: 'warn' }],
  );
});

test.each([
  [{ namespace: 'shop', pod: 'api-6b8f9c7d5-2mjqt', container: 'api' }, 'api·2mjqt', 'shop/api·2mjqt'],
  [{ namespace: 'shop', pod: 'redis-0', container: 'redis' }, 'redis·0', 'shop/redis·0'],
  [
    { namespace: 'shop', pod: 'api-6b8f9c7d5-2mjqt', container: 'istio-proxy' },
    'api/istio-proxy·2mjqt',
    'shop/api/istio-proxy·2mjqt',
  ],
  [
    { namespace: 'shop', pod: 'podlog-agent-x7k2p', container: 'agent' },
    'podlog-agent·x7k2p',
    'shop/podlog-agent·x7k2p',
  ],
  [{ pod: 'backup-28374650-x7k2p', container: 'backup' }, 'backup·x7k2p', 'backup·x7k2p'],
  [{ pod: 'kube-apiserver-node1', container: 'kube-apiserver' }, 'kube-apiserver-node1', 'kube-apiserver-node1'],
  [{ pod: 'my-frontend-proxy' }, 'my-frontend-proxy', 'my-frontend-proxy'],
  [{ app: 'backup', host: 'nas' }, 'backup', 'backup'],
  [{ zone: 'eu' }, 'eu', 'eu'],
  [{}, '-', '-'],
  [{ pod: 'x\u001b[31m' }, 'x␛[31m', 'x␛[31m'],
])('the pod of %o', (labels, name, withNamespace) => {
  expect(podName(labels, false)).toBe(name);
  expect(podName(labels, true)).toBe(withNamespace);
});

const anyLine = fc.oneof(
  textLine,
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((each) => JSON.stringify(each)),
);

test('whatever a line is, its row is one line without control and direction characters', () => {
  fc.assert(
    fc.property(
      anyLine,
      fc.constantFrom({}, { source: 'events' }, { source: 'metrics' }, { source: 'probes' }, { stream: 'podlog' }),
      (line, labels) => {
        const segments = readableLine({ ...rowOf(line), labels: { ...labels, pod: line } });
        const text = toText({ ...HEAD, pod: podName({ pod: line }, false) }, segments);
        expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        for (const segment of segments) expect(segment.text.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 2000 },
  );
});

/** What a browser lacks. */
const NODE_GLOBALS = /\b(?:Buffer|process|require)\b/;

test('it runs in browsers: nothing that it imports is of Node.js', () => {
  const files = readRepository();
  const todo = [...files.keys()].filter((path) => path.startsWith('shared/readable-line/'));
  const seen = new Set<string>(todo);
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const text = files.get(path)!;
    for (const { target, isPackage } of importsOf(path, text)) {
      expect(isPackage, `${path} imports ${target}`).toBe(false);
      if (!seen.has(target)) todo.push(target);
      seen.add(target);
    }
    // The size of labels is computed on the server only.
    if (path !== posix.join('shared', 'labels.ts'))
      expect(text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ''), path).not.toMatch(NODE_GLOBALS);
  }
  expect(seen.size).toBeGreaterThan(10);
});

import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { LineTimeParser } from '../../../server/ingest/line-time.ts';
import { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { formatTime } from '../../../shared/time.ts';

const parser = new LineTimeParser();
const builder = new RowGroupBuilder();

function timeOf(line: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(line);
  const at = builder.append(bytes, 0, bytes.length);
  const found = parser.parse(builder.shred(at, at + bytes.length));
  return found ? formatTime(parser.day, parser.timeNs) : undefined;
}

const T = '2026-11-23T15:01:12.904509480Z';

const LINES: readonly [string, string | undefined][] = [
  [`{"time":"${T}"}`, T],
  ['{"level":"info","ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"ts":1795446072.90450948}', T],
  ['{"ts":1795446072904}', '2026-11-23T15:01:12.904000000Z'],
  ['{"ts":1795446072904509}', '2026-11-23T15:01:12.904509000Z'],
  ['{"ts":1795446072904509480}', T],
  ['{"ts":"1795446072904509480"}', T],
  ['{ "@timestamp" : "2026-11-23T16:01:12.90450948+01:00" }', T],
  ['{"timestamp":"2026-11-23 15:01:12Z"}', '2026-11-23T15:01:12.000000000Z'],
  ['{"a":{"time":"2001-01-01T00:00:00Z"},"time":"2026-11-23T15:01:12Z"}', '2026-11-23T15:01:12.000000000Z'],
  ['{"a":["time","2001-01-01T00:00:00Z"],"b":"\\"time\\":1","ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"time":"soon","ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"msg":"time","ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"time":"1969-12-31T23:59:59.5Z"}', '1969-12-31T23:59:59.500000000Z'],
  // A field that is there twice, loggers with names of their own, and lines that are not all JSON.
  [`{"time":"2001-01-01T00:00:00Z","time":"${T}"}`, T],
  ['{"@t":"2026-11-23T15:01:12Z","@mt":"x"}', '2026-11-23T15:01:12.000000000Z'],
  ['{"t":{"$date":"2026-11-23T15:01:12.904+00:00"},"s":"I"}', '2026-11-23T15:01:12.904000000Z'],
  ['app | {"n":NaN,"ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"ts":1795446072,"n":17', '2026-11-23T15:01:12.000000000Z'],
  ['{"n":1,"ts":179544607', undefined],
  [`{${Array.from({ length: 200 }, (_, i) => `"k${i}":${i}`).join(',')},"time":"${T}"}`, T],
  // Deeper than the shredder goes: searched byte by byte.
  [`{"a":${'{"b":'.repeat(20)}1${'}'.repeat(20)},"ti":1,"time": "${T}"}`, T],
  [
    `{"a":${'{"time":1795446072,"b":'.repeat(20)}1${'}'.repeat(20)},"ts":1795446072.5}`,
    '2026-11-23T15:01:12.500000000Z',
  ],
  ['{"time":"2026-11-23T15:01:12.9045094801234Z"}', '2026-11-23T15:01:12.904509480Z'],
  ['10.42.0.7 - - [23/Nov/2026:15:01:12 +0000] "GET / HTTP/1.1" 200 5', '2026-11-23T15:01:12.000000000Z'],
  ['10.42.0.7 - ann [01/Mar/2026:00:30:59 +0130] "GET / HTTP/1.1" 200 5 "-" "x"', '2026-02-28T23:00:59.000000000Z'],
  ['{"time":"23/Nov/2026:10:01:12 -0500"}', '2026-11-23T15:01:12.000000000Z'],
  ['10.42.0.7 - - [23/Nox/2026:15:01:12 +0000] "GET / HTTP/1.1" 200 5', undefined],
  ['10.42.0.7 - - [41/Nov/2026:15:01:12 +0000] "GET / HTTP/1.1" 200 5', undefined],
  ['{"time":"23/Nov/2026:15:01:12"}', undefined],
  ['{"time":"23/Nov/2026:15:01:12 +00:0"}', undefined],
  ['2026/11/23 15:01:12 [error] 7#7: *1 open() failed', undefined],
  // Exponents.
  ['{"ts":1.795446072e9}', '2026-11-23T15:01:12.000000000Z'],
  ['{"ts":1.79544607290450948E+09}', T],
  ['{"ts":1.7954460729e9}', '2026-11-23T15:01:12.900000000Z'],
  ['{"ts":1.7e9}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1.7e12}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":17e8}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1.7e15}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1.7e+18}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":0.17e10}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":0.0017e012}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1700000000000e-3}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1795446072904.50948e0}', T],
  ['{"ts":"1.7e9"}', '2023-11-14T22:13:20.000000000Z'],
  ['{"ts":1.7e8}', '1975-05-22T14:13:20.000000000Z'],
  ['{"ts":1.7e7}', undefined],
  ['{"ts":1.7e19}', undefined],
  ['{"ts":1.7e999}', undefined],
  ['{"ts":1.7e-9}', undefined],
  ['{"ts":0e9}', undefined],
  ['{"ts":0.0e9}', undefined],
  ['{"ts":"1.7e"}', undefined],
  ['{"ts":"1.7e+"}', undefined],
  ['{"ts":"1.e9"}', undefined],
  ['{"ts":".7e9"}', undefined],
  ['{"ts":"1.7e9x"}', undefined],
  ['{"ts":"1.7e0000000009"}', undefined],
  ['{"ts":"e9"}', undefined],
  ['{"ts":-1.7e9}', undefined],
  // Dates that no calendar has.
  ['{"time":"2026-02-30T15:01:12Z"}', undefined],
  ['{"time":"2026-02-30T15:01:12Z","ts":1795446072}', '2026-11-23T15:01:12.000000000Z'],
  ['{"time":"2026-11-23T25:01:12Z"}', undefined],
  ['{"time":"30/Feb/2026:15:01:12 +0000"}', undefined],
  ['10.42.0.7 - - [31/Apr/2026:15:01:12 +0000] "GET / HTTP/1.1" 200 5', undefined],
  ['{"time":"2026-11-23T15:01:12Z "}', undefined],
  ['{"time":"2026-11-23T15:01:12.Z"}', undefined],
  ['{"ts":1795446072.}', undefined],
  ['{"ts":[1795446072]}', undefined],
  ['{"time":12}', undefined],
  ['{"time":null}', undefined],
  ['{"time":"2026-99-99T00:00:00Z"}', undefined],
  ['{"a":{"time":1795446072}}', undefined],
  ['time 2026-11-23T15:01:12Z', undefined],
  ['{"time":"2026-11-23T15:01:12Z', undefined],
  ['{', undefined],
  ['', undefined],
];

for (const [line, want] of LINES) test(`time of ${line}`, () => expect(timeOf(line)).toBe(want));

test('any JSON object with a time at its top has this time; any bytes are survived', () => {
  const names = fc.string().filter((name) => !['time', 'ts', 'timestamp', '@timestamp'].includes(name));
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue()), (value) => {
      expect(timeOf(JSON.stringify({ ...value, time: T }))).toBe(T);
      expect(timeOf(JSON.stringify(value))).toBeUndefined();
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void timeOf(bytes)));
  fc.assert(fc.property(fc.string(), (text) => void parser.parseValue(Buffer.from(text), 0, Buffer.byteLength(text))));
});

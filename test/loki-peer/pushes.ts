/** Pushes that are wrong, or odd: what is answered to them. They are asked last, as some lines of theirs are stored. */
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Question } from './question.ts';

const PATH = '/loki/api/v1/push';

/** @param nowNs  nanoseconds since 1970 */
export function pushQuestions(nowNs: bigint): Question[] {
  const now = String(nowNs);
  const ago = (hours: bigint): string => String(nowNs - hours * 3_600_000_000_000n);
  const stream = (labels: unknown, values: unknown): string =>
    JSON.stringify({ streams: [{ stream: labels, values }] });
  const app = { app: 'pushed' };
  const line = [[now, 'a line']];
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'v']));
  const json: readonly [about: string, body: string][] = [
    ['nothing', ''],
    ['an empty object', '{}'],
    ['no streams', '{"streams":[]}'],
    ['null for streams', '{"streams":null}'],
    ['a number for streams', '{"streams":5}'],
    ['an object for streams', '{"streams":{}}'],
    ['a list', '[]'],
    ['no JSON', 'nope'],
    ['cut JSON', '{"streams":[{"stream":{"app":"x"}'],
    ['a stream without values', stream(app, [])],
    ['a stream that is a number', '{"streams":[5]}'],
    ['no labels', stream({}, line)],
    ['labels that are null', stream(null, line)],
    ['labels that are a list', stream([], line)],
    ['a label that is a number', stream({ app: 5 }, line)],
    ['a label that is empty', stream({ app: 'pushed', x: '' }, line)],
    ['a name with a dot', stream({ 'a.b': 'x' }, line)],
    ['a name with a dash', stream({ 'a-b': 'x' }, line)],
    ['a name that begins with a digit', stream({ '1a': 'x' }, line)],
    ['a name that is empty', stream({ '': 'x' }, line)],
    ['a name of other letters', stream({ ü: 'x' }, line)],
    ['fifteen labels', stream(many(15), line)],
    ['sixteen labels', stream(many(16), line)],
    ['a long name', stream({ [`n${'x'.repeat(1024)}`]: 'x' }, line)],
    ['a long value', stream({ app: 'x'.repeat(2049) }, line)],
    ['a line that is too long', stream(app, [[now, 'x'.repeat(256 * 1024 + 1)]])],
    [
      'a long line and a good one',
      stream(app, [
        [now, 'x'.repeat(256 * 1024 + 1)],
        [now, 'good'],
      ]),
    ],
    ['an empty line', stream(app, [[now, '']])],
    ['a time that is a number', stream(app, [[Number(now), 'x']])],
    ['a time that is no number', stream(app, [['noon', 'x']])],
    ['a time with a fraction', stream(app, [['1.5', 'x']])],
    ['an empty time', stream(app, [['', 'x']])],
    ['a negative time', stream(app, [['-5', 'x']])],
    ['a time that is too large', stream(app, [['99999999999999999999', 'x']])],
    ['the year 2100', stream(app, [['4102444800000000000', 'x']])],
    ['an hour ahead', stream(app, [[ago(-1n), 'x']])],
    ['a day ago', stream(app, [[ago(24n), 'x']])],
    ['a line that is a number', stream(app, [[now, 5]])],
    ['a line that is null', stream(app, [[now, null]])],
    ['a value without a line', stream(app, [[now]])],
    ['a value of nothing', stream(app, [[]])],
    ['a value that is no list', stream(app, ['x'])],
    ['metadata', stream(app, [[now, 'm1', { a: 'b' }]])],
    ['metadata that is a number', stream(app, [[now, 'm2', { a: 5 }]])],
    ['metadata that is nested', stream(app, [[now, 'm3', { a: { b: 'c' } }]])],
    ['metadata that is null', stream(app, [[now, 'm4', null]])],
    ['metadata that is a text', stream(app, [[now, 'm5', 'x']])],
    ['four parts', stream(app, [[now, 'm6', {}, 'more']])],
    ['unknown keys', JSON.stringify({ more: 1, streams: [{ more: [], stream: app, values: line }] })],
    ['text after it', `${stream(app, line)} x`],
    ['two of it', stream(app, line) + stream(app, line)],
    [
      'the old form',
      JSON.stringify({
        streams: [
          {
            labels: '{app="pushed"}',
            entries: [{ ts: new Date(Number(nowNs / 1_000_000n)).toISOString(), line: 'old' }],
          },
        ],
      }),
    ],
    [
      'the old form with wrong labels',
      JSON.stringify({ streams: [{ labels: '{app=', entries: [{ ts: '2026-01-01T00:00:00Z', line: 'old' }] }] }),
    ],
  ];
  const good = stream(app, [[now, 'coded']]);
  const other: readonly [about: string, headers: Record<string, string>, body: string | Buffer][] = [
    ['gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync(good)],
    ['deflate', { 'content-type': 'application/json', 'content-encoding': 'deflate' }, deflateRawSync(good)],
    ['zstd', { 'content-type': 'application/json', 'content-encoding': 'zstd' }, zstdCompressSync(good)],
    ['an unknown coding', { 'content-type': 'application/json', 'content-encoding': 'br' }, good],
    ['no gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, good],
    ['snappy named for JSON', { 'content-type': 'application/json', 'content-encoding': 'snappy' }, good],
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }, good],
    ['capitals', { 'content-type': 'Application/JSON' }, good],
    ['an empty type', { 'content-type': '' }, good],
    ['a type that cannot be read', { 'content-type': 'a/b; =' }, good],
    ['text', { 'content-type': 'text/plain' }, good],
    ['protobuf that is none', { 'content-type': 'application/x-protobuf' }, good],
    ['protobuf of nothing', { 'content-type': 'application/x-protobuf' }, ''],
    ['snappy of nothing', { 'content-type': 'application/x-protobuf' }, Buffer.of(0)],
    ['snappy of what is no protobuf', { 'content-type': 'application/x-protobuf' }, Buffer.of(3, 8, 0xff, 0xff, 0xff)],
    ['protobuf with gzip named', { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' }, good],
  ];
  return [
    ...json.map(([about, body]) => pushed(about, { 'content-type': 'application/json' }, body)),
    ...other.map(([about, headers, body]) => pushed(about, headers, body)),
  ];
}

function pushed(about: string, headers: Readonly<Record<string, string>>, body: string | Buffer): Question {
  return { method: 'POST', path: PATH, headers, about: `push: ${about}`, body: new Uint8Array(Buffer.from(body)) };
}

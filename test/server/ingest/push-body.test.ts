/** What a push may be made of: types that have lines, and codings that can be undone. */
import { expect, test } from 'vitest';
import { assertHasLines, type ContentCoding, contentCodings } from '../../../server/ingest/push-body.ts';

test.for([
  undefined,
  'text/plain',
  'text/plain; charset=utf-8',
  'Text/Plain;charset="UTF-8"',
  'text/plain; charset=utf8',
  'text/plain; charset=US-ASCII',
  'text/csv',
  'application/json',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/vnd.example.log+json',
  'application/octet-stream',
  'application/vnd.example.lines',
  // What curl --data-binary says.
  'application/x-www-form-urlencoded',
])('has lines: %s', (type) => {
  expect(() => assertHasLines(type)).not.toThrow();
});

test.for([
  'multipart/form-data; boundary=x',
  'Multipart/Form-Data; boundary=x',
  'multipart/mixed',
  'application/gzip',
  'application/zip',
  'application/zstd',
  'application/x-protobuf',
  'application/x-msgpack',
  'image/png',
])('has no lines: %s', (type) => {
  expect(() => assertHasLines(type)).toThrow(/has no lines; allowed: .*; example: curl --data-binary/);
});

test.for([
  'text/plain; charset=utf-16',
  'text/plain; charset="UTF-16LE"',
  'text/plain ;charset = utf-16be',
  'application/json;charset=utf-32',
  'application/json; foo=bar; charset=ucs-2',
  'text/plain; charset=ISO-8859-1',
  'text/plain; charset=windows-1252',
  'text/plain; charset=shift_jis',
])('is not in UTF-8: %s', (type) => {
  expect(() => assertHasLines(type)).toThrow(/cannot be stored; allowed: charset=utf-8, none; example: iconv -t utf-8/);
});

test.for<[string | undefined, readonly ContentCoding[]]>([
  [undefined, []],
  ['', []],
  ['identity', []],
  ['Identity', []],
  ['gzip', ['gzip']],
  ['GZIP', ['gzip']],
  ['x-gzip', ['gzip']],
  ['X-GZip', ['gzip']],
  ['zstd', ['zstd']],
  ['Deflate', ['deflate']],
  ['gzip, identity', ['gzip']],
  ['identity,gzip', ['gzip']],
  [' , gzip ,, ', ['gzip']],
  ['gzip, zstd', ['gzip', 'zstd']],
  ['deflate ,x-gzip', ['deflate', 'gzip']],
])('content-encoding: %s', ([header, want]) => {
  expect(contentCodings(header)).toEqual(want);
});

test.for([
  ['br', /unknown: br; allowed: identity, gzip, zstd, deflate/],
  ['gzip;q=1', /unknown: gzip;q=1/],
  ['x-zstd', /unknown: x-zstd/],
  ['compress', /unknown: compress/],
  ['gzip, br', /unknown: br/],
  ['gzip gzip', /unknown: gzip gzip/],
  ['gzip, gzip, gzip', /3 codings; at most 2 are supported/],
] as const)('content-encoding: %s is refused', ([header, message]) => {
  expect(() => contentCodings(header)).toThrow(message);
});

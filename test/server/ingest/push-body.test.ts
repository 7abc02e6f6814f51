/** What a push may be made of: types that have lines, and codings that can be undone, to their end. */
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { assertHasLines, type ContentCoding, contentCodings, decodeBody } from '../../../server/ingest/push-body.ts';
import { INFLATED_BODY_BYTES_MAX } from '../../../server/limits.ts';

test.for([
  undefined,
  'text/plain',
  'text/plain; charset=utf-8',
  'Text/Plain;charset="UTF-8"',
  'text/plain; charset=ISO-8859-1',
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
  'text/plain; charset=utf-16',
  'text/plain; charset="UTF-16LE"',
  'application/json;charset=utf-32',
])('has no lines: %s', (type) => {
  expect(() => assertHasLines(type)).toThrow(/has no lines; allowed: .*; example: curl --data-binary/);
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

const A = Buffer.from('first line\n');
const B = Buffer.from('second line\n');
const AB = Buffer.concat([A, B]);
/** A frame that decoders pass over. */
const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

test.for<[string, Uint8Array, readonly ContentCoding[]]>([
  ['as it is', AB, []],
  ['gzip', gzipSync(AB), ['gzip']],
  ['gzip of two members', Buffer.concat([gzipSync(A), gzipSync(B)]), ['gzip']],
  ['zstd', zstdCompressSync(AB), ['zstd']],
  ['zstd of two frames', Buffer.concat([zstdCompressSync(A), zstdCompressSync(B)]), ['zstd']],
  ['zstd with an empty frame', Buffer.concat([zstdCompressSync(''), zstdCompressSync(AB)]), ['zstd']],
  [
    'zstd with frames to skip',
    Buffer.concat([SKIPPABLE, zstdCompressSync(A), SKIPPABLE, zstdCompressSync(B)]),
    ['zstd'],
  ],
  ['deflate', deflateSync(AB), ['deflate']],
  ['deflate without a header', deflateRawSync(AB), ['deflate']],
  ['deflate of another window', deflateSync(AB, { windowBits: 9, level: 1 }), ['deflate']],
  ['gzip, then zstd', zstdCompressSync(gzipSync(AB)), ['gzip', 'zstd']],
  ['zstd, then gzip', gzipSync(zstdCompressSync(AB)), ['zstd', 'gzip']],
])('%s gives the body back', ([, body, codings]) => {
  expect(decodeBody(body, codings).equals(AB)).toBe(true);
});

const JUNK = Buffer.from('junk');

test.for<[string, Uint8Array, readonly ContentCoding[]]>([
  ['text', JUNK, ['gzip']],
  ['text', JUNK, ['zstd']],
  ['text', JUNK, ['deflate']],
  ['nothing', Buffer.alloc(0), ['gzip']],
  ['nothing', Buffer.alloc(0), ['zstd']],
  ['nothing', Buffer.alloc(0), ['deflate']],
  ['less than all of it', gzipSync(AB).subarray(0, -3), ['gzip']],
  ['less than all of it', zstdCompressSync(AB).subarray(0, -3), ['zstd']],
  ['less than all of it', deflateSync(AB).subarray(0, -3), ['deflate']],
  ['more than it', Buffer.concat([gzipSync(AB), JUNK]), ['gzip']],
  ['more than it', Buffer.concat([zstdCompressSync(AB), JUNK]), ['zstd']],
  ['more than it', Buffer.concat([deflateSync(AB), JUNK]), ['deflate']],
  [
    'less than all of its second frame',
    Buffer.concat([zstdCompressSync(A), zstdCompressSync(B).subarray(0, -3)]),
    ['zstd'],
  ],
  ['the codings in another order', gzipSync(zstdCompressSync(AB)), ['gzip', 'zstd']],
])('%s is not what it says', ([, body, codings]) => {
  expect(() => decodeBody(body, codings)).toThrow(new RegExp(`the body is not ${codings.at(-1)}`));
});

test.for<[string, Uint8Array, readonly ContentCoding[]]>([
  ['gzip', gzipSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX + 1)), ['gzip']],
  ['zstd', zstdCompressSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX + 1)), ['zstd']],
  [
    'zstd of frames',
    Buffer.concat(Array.from({ length: 3 }, () => zstdCompressSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX / 2)))),
    ['zstd'],
  ],
  ['deflate', deflateSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX + 1)), ['deflate']],
  ['one within another', gzipSync(gzipSync(Buffer.alloc(INFLATED_BODY_BYTES_MAX + 1))), ['gzip', 'gzip']],
])('a bomb: %s', ([, body, codings]) => {
  expect(() => decodeBody(body, codings)).toThrow(/more than \d+ bytes when decompressed/);
});

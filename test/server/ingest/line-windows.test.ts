/** Bodies become windows of whole lines, of which one is in memory at a time. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodingBytes, type EncodedBody, lineWindows } from '../../../server/ingest/line-windows.ts';
import type { ContentCoding } from '../../../server/ingest/push-body.ts';
import { LINE_BYTES_MAX, PUSH_WINDOW_BYTES } from '../../../server/limits.ts';

const WINDOW_BYTES = LINE_BYTES_MAX + 1000;

async function windowsOf(body: EncodedBody, windowBytes = WINDOW_BYTES): Promise<string[]> {
  const windows: string[] = [];
  for await (const { bytes, end } of await lineWindows(body, windowBytes, undefined)) {
    expect(bytes.length).toBeLessThanOrEqual(windowBytes);
    windows.push(Buffer.from(bytes.subarray(0, end)).toString('latin1'));
  }
  return windows;
}

const MANY = Array.from({ length: 300_000 }, (_, n) => `line ${n}\n`).join('');

test.for<[string, (text: string) => EncodedBody]>([
  ['as it is', (text) => ({ body: Buffer.from(text), codings: [] })],
  ['gzip', (text) => ({ body: gzipSync(text), codings: ['gzip'] })],
  ['zstd', (text) => ({ body: zstdCompressSync(text), codings: ['zstd'] })],
])('a body, %s, is cut after lines', async ([, encode]) => {
  for (const text of [
    MANY,
    MANY.slice(0, -1),
    MANY.slice(0, WINDOW_BYTES),
    `${MANY.slice(0, WINDOW_BYTES - 1)}\n${MANY}`,
  ]) {
    const windows = await windowsOf(encode(text));
    expect(windows.join('')).toBe(text);
    expect(windows.slice(0, -1).every((window) => window.endsWith('\n'))).toBe(true);
  }
});

test('a small body is one window, and none of it is copied', async () => {
  const body = Buffer.from('a\nb');
  for await (const window of await lineWindows({ body, codings: [] }, WINDOW_BYTES, undefined)) {
    expect(window.bytes).toBe(body);
  }
  expect(await windowsOf({ body: gzipSync('a\nb'), codings: ['gzip'] })).toEqual(['a\nb']);
});

test('of a line that is longer than a window its beginning is kept, and the lines around it are whole', async () => {
  const long = 'x'.repeat(3 * WINDOW_BYTES);
  const windows = await windowsOf({ body: Buffer.from(`before\n${long}\nafter\n`), codings: [] });
  expect(windows).toEqual(['before\n', 'x'.repeat(LINE_BYTES_MAX + 2), 'after\n']);
});

test('all of a body is given to its hash before the first window', async () => {
  const pieces: Buffer[] = [];
  await lineWindows({ body: gzipSync(MANY), codings: ['gzip'] }, WINDOW_BYTES, (piece) => pieces.push(piece));
  expect(Buffer.concat(pieces).toString()).toBe(MANY);
});

test('a body that is damaged at its end has no windows', async () => {
  const body = gzipSync(MANY).subarray(0, -3);
  await expect(lineWindows({ body, codings: ['gzip'] }, WINDOW_BYTES, undefined)).rejects.toMatchObject({
    status: 400,
  });
});

const MIB = 1024 * 1024;

test.for<[string, number, readonly ContentCoding[], number]>([
  ['a small body', PUSH_WINDOW_BYTES, [], 0],
  ['a large body', PUSH_WINDOW_BYTES + 1, [], 2 * PUSH_WINDOW_BYTES],
  ['a small body of gzip', 1000, ['gzip'], 2 * 1_032_000 + 65_536],
  ['a large body of gzip', MIB, ['gzip'], 2 * PUSH_WINDOW_BYTES + 65_536],
  ['any body of zstd', 1000, ['zstd'], 2 * PUSH_WINDOW_BYTES + 8 * MIB],
])('memory for %s', ([, bytes, codings, want]) => {
  expect(decodingBytes({ body: Buffer.alloc(bytes), codings }, PUSH_WINDOW_BYTES)).toBe(want);
});

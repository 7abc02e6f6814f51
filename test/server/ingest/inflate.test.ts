/** Codings of bodies are undone piece by piece, to their end, within bounds. */
import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inflated, inflatingBytes } from '../../../server/ingest/inflate.ts';
import type { ContentCoding } from '../../../server/ingest/push-body.ts';
import {
  BODY_BYTES_MAX,
  INFLATED_BODY_BYTES_MAX,
  ZSTD_FRAMES_MAX,
  ZSTD_WINDOW_BYTES_LOG2_MAX,
} from '../../../server/limits.ts';

const MIB = 1024 * 1024;

async function whole(body: Uint8Array, codings: readonly ContentCoding[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of inflated(Buffer.from(body), codings)) pieces.push(piece);
  return Buffer.concat(pieces);
}

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
])('%s gives the body back', async ([, body, codings]) => {
  expect((await whole(body, codings)).equals(AB)).toBe(true);
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
])('%s is not what it says', async ([, body, codings]) => {
  await expect(whole(body, codings)).rejects.toThrow(new RegExp(`the body is not ${codings.at(-1)}`));
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
])('a bomb: %s', async ([, body, codings]) => {
  await expect(whole(body, codings)).rejects.toThrow(/more than \d+ bytes when decompressed/);
});

test('what is between two codings is no larger than a body', async () => {
  const random = Buffer.alloc(BODY_BYTES_MAX + 1);
  await expect(whole(gzipSync(random), ['gzip', 'gzip'])).rejects.toThrow(/more than 16777216 bytes when decompressed/);
});

test('zstd with a window that would take much memory is refused, and says what to do', async () => {
  const long = (windowLog: number): Buffer =>
    zstdCompressSync(Buffer.alloc(20 * MIB, 'line\n'), { params: { [constants.ZSTD_c_windowLog]: windowLog } });
  expect(await whole(long(ZSTD_WINDOW_BYTES_LOG2_MAX), ['zstd'])).toHaveLength(20 * MIB);
  await expect(whole(long(ZSTD_WINDOW_BYTES_LOG2_MAX + 1), ['zstd'])).rejects.toThrow(
    /a zstd window of more than 8388608 bytes: use a level up to 19/,
  );
});

test('zstd of frames without number is refused', async () => {
  const frames = Buffer.concat(Array.from({ length: ZSTD_FRAMES_MAX + 1 }, () => zstdCompressSync('')));
  await expect(whole(frames, ['zstd'])).rejects.toThrow(/more than 10000 frames/);
});

test('a bomb is in memory a piece at a time, and is not inflated beyond the limit', async () => {
  let [sizeBytes, largestBytes] = [0, 0];
  const bomb = zstdCompressSync(Buffer.alloc(2 * INFLATED_BODY_BYTES_MAX));
  const read = async (): Promise<void> => {
    for await (const { length } of inflated(bomb, ['zstd'])) {
      sizeBytes += length;
      largestBytes = Math.max(largestBytes, length);
    }
  };
  await expect(read()).rejects.toMatchObject({ status: 413 });
  expect(sizeBytes).toBeLessThanOrEqual(INFLATED_BODY_BYTES_MAX);
  expect(largestBytes).toBeLessThanOrEqual(MIB);
});

test.for<[string, readonly ContentCoding[], number, number]>([
  ['nothing', [], 0, 0],
  ['gzip', ['gzip'], 0, MIB],
  ['zstd', ['zstd'], 8 * MIB, 9 * MIB],
  ['zstd of gzip', ['gzip', 'zstd'], BODY_BYTES_MAX + 8 * MIB, BODY_BYTES_MAX + 9 * MIB],
  ['gzip of zstd', ['zstd', 'gzip'], 8 * MIB + 1_032_000, 10 * MIB],
])('memory for undoing %s', ([, codings, bytesMin, bytesMax]) => {
  const bytes = inflatingBytes(1000, codings);
  expect(bytes).toBeGreaterThanOrEqual(bytesMin);
  expect(bytes).toBeLessThanOrEqual(bytesMax);
});

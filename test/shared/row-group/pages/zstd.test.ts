/** Frames of zstd, whatever the thread has decompressed before. */
import { constants, zstdCompressSync } from 'node:zlib';
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../../../shared/errors.ts';
import { compress, decompress } from '../../../../shared/row-group/pages/zstd.ts';

const text = (sizeBytes: number): Buffer =>
  Buffer.from('a line of a log, '.repeat(Math.ceil(sizeBytes / 17)), 'latin1');

/** What may come as a frame, and whether it is one of `raw`. */
function damaged(raw: Buffer): readonly (readonly [what: string, bytes: Buffer, rawSize: number])[] {
  const frame = compress(raw, 3);
  const other = Buffer.from(frame);
  other[0]! ^= 0xff;
  return [
    ['cut', frame.subarray(0, frame.length - 1), raw.length],
    ['hardly begun', frame.subarray(0, 5), raw.length],
    ['empty', Buffer.alloc(0), raw.length],
    ['of another format', other, raw.length],
    ['not a frame', Buffer.from('this is not a frame of zstd'), raw.length],
    ['longer than it says', frame, raw.length - 1],
    ['shorter than it says', frame, raw.length + 1],
  ];
}

describe('decompress', () => {
  it('returns what was compressed, frame after frame', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 12 }))), (frames) => {
        for (const [raw, level] of frames) {
          expect(Buffer.compare(decompress(compress(raw, level), raw.length), raw)).toBe(0);
        }
      }),
    );
  });

  it.each([0, 1, 1000, 65_536, 1 << 20, (1 << 20) + 1, 3 << 20])('returns %d bytes', (sizeBytes) => {
    const raw = text(sizeBytes).subarray(0, sizeBytes);
    expect(decompress(compress(raw, 3), sizeBytes).equals(raw)).toBe(true);
  });

  it('uses the memory that it is given, and no more of it than needed', () => {
    const raw = text(1000);
    const memory = Buffer.alloc(raw.length + 5, 1);
    const result = decompress(compress(raw, 3), raw.length, memory);
    expect(result.buffer).toBe(memory.buffer);
    expect(result.equals(raw)).toBe(true);
    expect(memory.subarray(raw.length + 1)).toEqual(Buffer.alloc(4, 1));
    expect(decompress(compress(raw, 3), raw.length, memory.subarray(0, raw.length)).equals(raw)).toBe(true);
  });

  it.each(damaged(text(20_000)))('refuses a frame that is %s, and reads the next one', (_, bytes, rawSize) => {
    const raw = text(5000);
    expect(() => decompress(bytes, rawSize)).toThrow(CorruptionError);
    expect(decompress(compress(raw, 3), raw.length).equals(raw)).toBe(true);
  });

  it('reads frames of another writer: without their size, with a large window', () => {
    const raw = text(200_000);
    const params = { [constants.ZSTD_c_windowLog]: 24, [constants.ZSTD_c_contentSizeFlag]: 0 };
    const frame = zstdCompressSync(raw, { params });
    for (let time = 0; time < 2; time++) expect(decompress(frame, raw.length).equals(raw)).toBe(true);
  });
});

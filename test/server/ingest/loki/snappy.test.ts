/** Blocks of snappy: those of another library and of the format's description, and any bytes. */
import { expect, test } from 'vitest';
import { uncompress } from 'snappyjs';
import { snappyDecoded, snappySizeBytes } from '../../../../server/ingest/loki/snappy.ts';
import { PodlogError } from '../../../../shared/errors.ts';
import { LOKI_PUSH_BYTES_MAX } from '../../../../server/limits.ts';
import type { Random } from '../../../corpus/random.ts';
import { fuzz, mutated, randomBytes } from '../../../fuzz/fuzz.ts';
import { snappyOf } from './push-bodies.ts';

const CORRUPT = 'snappy: corrupt input';

/** The size of what follows, and blocks of it. */
function block(sizeBytes: number, ...bytes: readonly number[]): Buffer {
  const head: number[] = [];
  let rest = sizeBytes;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80);
  return Buffer.from([...head, rest, ...bytes]);
}

const [A, B, C] = [0x61, 0x62, 0x63];

test.for<[string, Buffer, string]>([
  ['nothing', block(0), ''],
  ['a literal', block(3, 2 << 2, A, B, C), 'abc'],
  ['a literal with a length of its own', block(3, 60 << 2, 2, A, B, C), 'abc'],
  ['a literal with a length of four bytes', block(3, 63 << 2, 2, 0, 0, 0, A, B, C), 'abc'],
  ['a copy with an offset of one byte', block(7, 2 << 2, A, B, C, 1, 3), 'abcabca'],
  ['a copy with an offset of two bytes', block(5, 2 << 2, A, B, C, (1 << 2) | 2, 2, 0), 'abcbc'],
  ['a copy with an offset of four bytes', block(5, 2 << 2, A, B, C, (1 << 2) | 3, 2, 0, 0, 0), 'abcbc'],
  ['a copy that overlaps with itself', block(9, 0, A, (7 << 2) | 2, 1, 0), 'aaaaaaaaa'],
])('%s', ([, bytes, want]) => {
  expect(snappyDecoded(bytes).toString()).toBe(want);
  expect(snappySizeBytes(bytes)).toBe(want.length);
});

test.for<[string, Buffer]>([
  ['no bytes', Buffer.alloc(0)],
  ['a size that is cut off', Buffer.from([0x80])],
  ['a size of many bytes', Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x00, A])],
  ['less than it says', block(4, 2 << 2, A, B, C)],
  ['more than it says', block(2, 2 << 2, A, B, C)],
  ['more copies than it says', block(4, 2 << 2, A, B, C, 1, 3)],
  ['a literal that is cut off', block(3, 2 << 2, A, B)],
  ['a length that is cut off', block(3, 61 << 2, 2)],
  ['a literal of 4 GB', block(3, 63 << 2, 0xff, 0xff, 0xff, 0xff, A)],
  ['a copy that is cut off', block(5, 2 << 2, A, B, C, (1 << 2) | 2, 2)],
  ['a copy of nothing', block(7, 2 << 2, A, B, C, 1, 0)],
  ['a copy from before the beginning', block(7, 2 << 2, A, B, C, 1, 4)],
  ['a size that these bytes cannot have', block(1024 * 1024, 2 << 2, A, B, C)],
])('%s is refused', ([, bytes]) => {
  expect(() => snappyDecoded(bytes)).toThrow(CORRUPT);
});

test.each([LOKI_PUSH_BYTES_MAX + 1, 2 ** 32 - 1, 2 ** 35 - 1])(
  'a size of %d is refused before memory is taken',
  (size) => {
    const bytes = Buffer.concat([block(size), Buffer.alloc(1024)]);
    for (const read of [snappySizeBytes, snappyDecoded]) {
      expect(() => read(bytes)).toThrow(expect.objectContaining({ status: 413 }));
    }
  },
);

test('what another library has compressed, and changed bytes: never something else', () =>
  fuzz((random) => {
    const original = textOf(random);
    const compressed = snappyOf(original);
    expect(snappyDecoded(compressed)).toEqual(original);
    const changed = mutated(compressed, random);
    const decoded = decodedUnlessTooLarge(changed);
    if (decoded !== undefined) expect(Buffer.from(uncompress(changed))).toEqual(decoded);
  }));

test('any bytes', () => fuzz((random) => decodedUnlessTooLarge(randomBytes(random.below(200), random))));

/** Other errors than this one are for the fuzzer to judge. */
function decodedUnlessTooLarge(bytes: Buffer): Buffer | undefined {
  try {
    return snappyDecoded(bytes);
  } catch (error) {
    if (error instanceof PodlogError && error.status === 413) return undefined;
    throw error;
  }
}

/** Some of it is repeated, as in logs. */
function textOf(random: Random): Buffer {
  const pieces = [randomBytes(random.below(40), random)];
  for (let n = random.below(60); n > 0; n--) {
    const again = pieces[random.below(pieces.length)]!;
    pieces.push(random.below(3) === 0 ? randomBytes(random.below(80), random) : again);
  }
  return Buffer.concat(pieces);
}

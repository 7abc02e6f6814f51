import { afterEach, expect, test } from 'vitest';
import { freeKeptArrays, newArray, recycle } from '../../../../../server/engines/embedded/aggregate/array-pool.ts';
import { ARRAYS_KEPT_BYTES_MAX } from '../../../../../server/limits.ts';

afterEach(() => freeKeptArrays());

function arrayOf(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return newArray(Uint8Array<ArrayBuffer>, sizeBytes);
}

test('memory is lent again, as zeros, and not twice', () => {
  const { buffer } = arrayOf(1 << 20).fill(7);
  recycle(buffer);
  recycle(buffer);
  const again = arrayOf(1 << 20);
  expect(again.buffer).toBe(buffer);
  expect(again.includes(7)).toBe(false);
  expect(arrayOf(1 << 20).buffer).not.toBe(buffer);
});

test('where there is no room, the sizes go that were not used for the longest time', () => {
  const share = ARRAYS_KEPT_BYTES_MAX / 4;
  const [old, used, last] = [arrayOf(share), arrayOf(share - 8), arrayOf(2 * share)];
  for (const { buffer } of [old, used]) recycle(buffer);
  const alike = arrayOf(share - 8);
  expect(alike.buffer).toBe(used.buffer);
  recycle(alike.buffer);
  recycle(arrayOf(2 * share - 8).buffer);
  recycle(last.buffer);
  expect(old.buffer.detached).toBe(true);
  expect(last.buffer.detached).toBe(false);
});

test('an array above the limit is freed at once', () => {
  const { buffer } = arrayOf(ARRAYS_KEPT_BYTES_MAX + 1);
  recycle(buffer);
  expect(buffer.detached).toBe(true);
});

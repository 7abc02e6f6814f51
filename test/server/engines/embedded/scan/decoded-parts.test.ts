import { expect, test } from 'vitest';
import { DecodedParts } from '../../../../../server/engines/embedded/scan/decoded-parts.ts';
import { PASSING_PARTS_BYTES_MAX, WORKER_CACHE_BYTES_MAX } from '../../../../../server/limits.ts';

const PART_BYTES = WORKER_CACHE_BYTES_MAX / 16;
/** A part and its key take somewhat more than PART_BYTES. */
const FITTING = 15;

/** Reads a part of each row group, in order. Returns how many were decoded. */
function read(parts: DecodedParts, groups: readonly string[]): number {
  let decoded = 0;
  for (const group of groups) {
    const cache = parts.of(group);
    if (cache.get(1) !== undefined) continue;
    decoded++;
    cache.set(1, {}, PART_BYTES);
  }
  return decoded;
}

function named(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

test('parts that fit are decoded once', () => {
  const parts = new DecodedParts();
  expect([1, 2, 3].map(() => read(parts, named('a', FITTING)))).toEqual([FITTING, 0, 0]);
});

test('of more parts than fit, only those that do not fit are decoded again', () => {
  const parts = new DecodedParts();
  expect([1, 2, 3, 4].map(() => read(parts, named('a', FITTING + 5)))).toEqual([FITTING + 5, 5, 5, 5]);
});

test('parts that are read again take the place of those that are not', () => {
  const parts = new DecodedParts();
  for (let i = 0; i < 3; i++) read(parts, named('a', FITTING));
  expect([1, 2, 3].map(() => read(parts, named('b', 10)))).toEqual([10, 10, 0]);
});

test('a part that is read once does not displace those that are read again and again', () => {
  const parts = new DecodedParts();
  for (let i = 0; i < 20; i++) {
    read(parts, named('a', FITTING));
    read(parts, [`once${i}`]);
  }
  expect(read(parts, named('a', FITTING))).toBe(0);
});

test('parts without room are kept while their row group is read, as far as they have a limit', () => {
  const parts = new DecodedParts();
  read(parts, named('a', FITTING));
  const cache = parts.of('b');
  const count = PASSING_PARTS_BYTES_MAX / PART_BYTES;
  for (let part = 0; part < count; part++) cache.set(part, {}, PART_BYTES);
  const known = (): number => Array.from({ length: count }, (_, part) => cache.get(part)).filter(Boolean).length;
  expect(known()).toBe(count - 1);
  parts.of('c').set(1, {}, PART_BYTES);
  expect(known()).toBe(0);
});

test('a cache that gives way is empty, and fills again', () => {
  const parts = new DecodedParts();
  read(parts, named('a', FITTING + 1));
  parts.clear();
  expect([1, 2].map(() => read(parts, named('a', FITTING)))).toEqual([FITTING, 0]);
});

test('a part larger than the limit is not kept', () => {
  const cache = new DecodedParts().of('a');
  cache.set(1, {}, WORKER_CACHE_BYTES_MAX + 1);
  expect(cache.get(1)).toBeUndefined();
});

/** Returns whether there is memory for a part of a visited row group, which is decoded then. */
function visited(parts: DecodedParts, group: string): boolean {
  return parts.visit(group, () => {
    const cache = parts.of(group);
    const memory = cache.memoryFor!(1);
    cache.set(1, {}, PART_BYTES);
    return memory !== undefined;
  });
}

test('parts that will pass are decoded into the same memory while their row group is visited', () => {
  const parts = new DecodedParts();
  read(parts, named('a', FITTING));
  // It is not known yet whether it will be kept.
  expect(visited(parts, 'b')).toBe(false);
  read(parts, named('a', FITTING));
  expect(visited(parts, 'b')).toBe(true);
  expect(parts.of('b').memoryFor!(1)).toBeUndefined();
  expect(parts.visit('b', () => parts.of('c').memoryFor!(1))).toBeUndefined();
  // It is gone when another one is visited, although there is room for it now.
  parts.visit('c', () => {});
  expect(parts.of('b').get(1)).toBeUndefined();
});

test('a part that would be kept has memory of its own', () => {
  const parts = new DecodedParts();
  read(parts, named('a', FITTING));
  expect([1, 2, 3].map(() => visited(parts, 'b'))).toEqual([false, false, false]);
  expect(parts.of('b').get(1)).toBeDefined();
});

test('the memory of a visit is not given to another one during it', () => {
  const parts = new DecodedParts();
  expect(() => parts.visit('a', () => parts.visit('b', () => 0))).toThrow('BUG');
  expect(parts.visit('b', () => 0)).toBe(0);
});

test('once it is emptied, a part that was in that memory may be kept', () => {
  const parts = new DecodedParts();
  for (let i = 0; i < 2; i++) {
    read(parts, named('a', FITTING));
    visited(parts, 'b');
  }
  parts.clear();
  expect(visited(parts, 'b')).toBe(false);
  parts.visit('c', () => {});
  parts.of('c').set(1, {}, PART_BYTES);
  expect(parts.of('b').get(1)).toBeDefined();
});

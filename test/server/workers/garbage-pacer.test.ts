import { expect, test } from 'vitest';
import {
  CACHES_EMPTIED_MS_MIN,
  THREAD_GARBAGE_BYTES_MAX,
  THREAD_GARBAGE_SCARCE_BYTES_MAX,
} from '../../../server/limits.ts';
import { GarbagePacer } from '../../../server/workers/garbage-pacer.ts';

/** A thread with living memory and dead, which a collection takes: at once, or at the next look. */
function thread({ isLate = false, isScarce = false } = {}) {
  const memory = { living: 10_000_000, dead: 0, collections: 0, isScarce, isShort: false, cached: 0, nowMs: 0 };
  let isCollected = false;
  const pacer = new GarbagePacer({
    usedBytes: () => {
      const usedBytes = memory.living + memory.dead;
      if (isCollected) memory.dead = 0;
      isCollected = false;
      return usedBytes;
    },
    collect: () => {
      memory.collections++;
      if (isLate) isCollected = true;
      else memory.dead = 0;
    },
    isScarce: () => memory.isScarce,
    isShort: () => memory.isShort,
    emptyCaches: () => {
      memory.dead += memory.cached;
      memory.living -= memory.cached;
      memory.cached = 0;
    },
    now: () => memory.nowMs,
  });
  return { memory, pacer };
}

test.each([{ isLate: false }, { isLate: true }])('what lies dead is bounded: %j', (how) => {
  const { memory, pacer } = thread(how);
  const stepBytes = THREAD_GARBAGE_BYTES_MAX / 8;
  for (let step = 0; step < 100; step++) {
    memory.dead += stepBytes;
    pacer.pace();
    expect(memory.dead).toBeLessThan(THREAD_GARBAGE_BYTES_MAX + 2 * stepBytes);
  }
  expect(memory.collections).toBeGreaterThanOrEqual(10);
  expect(memory.collections).toBeLessThanOrEqual(13);
});

test('what the first piece of work leaves is collected', () => {
  const { memory, pacer } = thread();
  memory.dead = 2 * THREAD_GARBAGE_BYTES_MAX;
  pacer.pace();
  expect(memory).toMatchObject({ dead: 0, collections: 1 });
});

test('what lives is looked at once, and not again while nothing is added', () => {
  const { memory, pacer } = thread();
  memory.living += 3 * THREAD_GARBAGE_BYTES_MAX;
  for (let step = 0; step < 10; step++) pacer.pace();
  expect(memory.collections).toBe(1);
  memory.living -= 2 * THREAD_GARBAGE_BYTES_MAX;
  pacer.pace();
  memory.dead += THREAD_GARBAGE_BYTES_MAX;
  pacer.pace();
  expect(memory.collections).toBe(2);
});

test('a thread that takes little is left alone', () => {
  const { memory, pacer } = thread();
  for (let step = 0; step < 10; step++) {
    memory.dead = THREAD_GARBAGE_BYTES_MAX - 1;
    pacer.pace();
    memory.dead = 0; // V8 has collected it
  }
  expect(memory.collections).toBe(0);
});

test('where memory is scarce, less lies dead', () => {
  const { memory, pacer } = thread();
  memory.dead = THREAD_GARBAGE_BYTES_MAX - 1;
  pacer.pace();
  expect(memory.collections).toBe(0);
  memory.isScarce = true;
  pacer.pace();
  expect(memory).toMatchObject({ dead: 0, collections: 1 });
  memory.dead = THREAD_GARBAGE_SCARCE_BYTES_MAX - 1;
  pacer.pace();
  expect(memory.collections).toBe(1);
});

test('where memory is short, caches are emptied with each collection', () => {
  const { memory, pacer } = thread({ isScarce: true });
  const fill = (): void => {
    memory.cached = 5_000_000;
    memory.living += memory.cached;
    memory.dead = THREAD_GARBAGE_SCARCE_BYTES_MAX;
  };
  fill();
  pacer.pace();
  expect(memory).toMatchObject({ cached: 5_000_000, dead: 0 });
  memory.living -= memory.cached;
  memory.isShort = true;
  for (let round = 1; round <= 3; round++) {
    fill();
    pacer.pace();
    expect(memory).toMatchObject({ living: 10_000_000, cached: 0, dead: 0, collections: 1 + round });
    pacer.pace();
    expect(memory.collections).toBe(1 + round);
    memory.nowMs += CACHES_EMPTIED_MS_MIN;
  }
});

test('what a thread works with stays in its caches for a while', () => {
  const { memory, pacer } = thread();
  memory.isShort = memory.isScarce = true;
  const work = (): void => {
    memory.living += 5_000_000 - memory.cached;
    memory.cached = 5_000_000;
    memory.dead = THREAD_GARBAGE_SCARCE_BYTES_MAX;
    pacer.pace();
  };
  work();
  expect(memory.cached).toBe(0);
  memory.nowMs = CACHES_EMPTIED_MS_MIN - 1;
  work();
  expect(memory).toMatchObject({ cached: 5_000_000, dead: 0 });
  memory.nowMs++;
  work();
  expect(memory.cached).toBe(0);
});

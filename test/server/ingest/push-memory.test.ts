/** What all pushes decode at once is bounded: those beyond wait for their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PushMemory } from '../../../server/ingest/push-memory.ts';
import {
  PUSHES_DECODED_BYTES_MAX,
  PUSHES_OF_CALLER_DECODED_BYTES_MAX,
  PUSHES_WAITING_MAX,
} from '../../../server/limits.ts';

const MIB = 1024 * 1024;

interface Pushes {
  readonly memory: PushMemory;
  /** Names of pushes in the order in which they began. */
  readonly begun: string[];
  readonly begin: (name: string, caller: string, bytes: number) => void;
  /** Resolves when those that this lets in have begun. */
  readonly end: (name: string) => Promise<void>;
}

async function hold(memory: PushMemory, caller: string, bytes: number, push: () => Promise<unknown>): Promise<void> {
  using _ = await memory.reserve(caller, bytes);
  await push();
}

function pushes(): Pushes {
  const memory = new PushMemory();
  const begun: string[] = [];
  const running = new Map<string, { end: () => void; ended: Promise<void> }>();
  return {
    memory,
    begun,
    begin: (name, caller, bytes) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const ended = hold(memory, caller, bytes, () => {
        begun.push(name);
        return promise;
      });
      running.set(name, { end: resolve, ended });
    },
    end: async (name) => {
      const { end, ended } = running.get(name)!;
      end();
      await ended;
      await nextTurn();
    },
  };
}

test('pushes wait in their order until there is memory', async () => {
  const { memory, begun, begin, end } = pushes();
  for (const name of ['a', 'b', 'c', 'd']) begin(name, name, PUSHES_DECODED_BYTES_MAX / 2);
  await nextTurn();
  expect(begun).toEqual(['a', 'b']);
  expect(memory.heldBytes).toBe(PUSHES_DECODED_BYTES_MAX);
  expect(memory.waitingCount).toBe(2);
  await end('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c', 'd']) await end(name);
  expect(memory.heldBytes).toBe(0);
});

test('one caller leaves room to others, and its large pushes have their turn before its later small ones', async () => {
  const { begun, begin, end } = pushes();
  begin('a1', 'a', PUSHES_OF_CALLER_DECODED_BYTES_MAX - MIB);
  begin('a2', 'a', 2 * MIB);
  begin('a3', 'a', MIB);
  begin('b1', 'b', MIB);
  await nextTurn();
  expect(begun).toEqual(['a1', 'b1']);
  await end('a1');
  expect(begun).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('what needs no memory does not wait, and one that needs more than there is gets all that a caller may have', async () => {
  const { memory, begun, begin, end } = pushes();
  begin('huge', 'a', 10 * PUSHES_DECODED_BYTES_MAX);
  begin('large', 'a', MIB);
  begin('small', 'a', 0);
  await nextTurn();
  expect(begun.toSorted()).toEqual(['huge', 'small']);
  expect(memory.heldBytes).toBe(PUSHES_OF_CALLER_DECODED_BYTES_MAX);
  await end('huge');
  expect(begun).toContain('large');
});

test('memory is given back by a push that fails; too many that wait are refused', async () => {
  const memory = new PushMemory();
  const failing = hold(memory, 'a', MIB, () => Promise.reject(new Error('broken')));
  await expect(failing).rejects.toThrow('broken');
  expect(memory.heldBytes).toBe(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = Array.from({ length: PUSHES_WAITING_MAX + 1 }, () =>
    hold(memory, 'a', PUSHES_OF_CALLER_DECODED_BYTES_MAX, () => promise),
  );
  await expect(hold(memory, 'a', MIB, () => promise)).rejects.toMatchObject({ status: 503 });
  resolve();
  await Promise.all(held);
  expect(memory.heldBytes).toBe(0);
});

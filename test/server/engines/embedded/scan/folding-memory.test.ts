/** Memory that is lent for one row group after the other. */
import { expect, test } from 'vitest';
import { FOLDED_CODES_KEPT_BYTES_MAX } from '../../../../../server/limits.ts';
import { FoldingMemory } from '../../../../../server/engines/embedded/scan/folding-memory.ts';

test('what was lent for a row group is lent again for the next, each part once', () => {
  const memory = new FoldingMemory();
  const lend = (): Uint32Array[] => {
    memory.release();
    return [1000, 0, 500].map((size, i) => memory.lend(size).fill(i));
  };
  lend();
  const [first, none, second] = lend();
  expect([first!.length, none!.length, second!.length]).toEqual([1000, 0, 500]);
  expect([first![999], second![0]]).toEqual([0, 2]);
  const [again] = lend();
  expect(again!.buffer).toBe(first!.buffer);
});

test('no more is kept than the limit', () => {
  const memory = new FoldingMemory();
  const kept = FOLDED_CODES_KEPT_BYTES_MAX / Uint32Array.BYTES_PER_ELEMENT;
  memory.lend(kept + 1);
  memory.release();
  expect(memory.lend(kept).buffer.byteLength).toBe(FOLDED_CODES_KEPT_BYTES_MAX);
  expect(memory.lend(1).buffer.byteLength).toBe(Uint32Array.BYTES_PER_ELEMENT);
});

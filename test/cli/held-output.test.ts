/** The log of a start: after the address of the page, and never kept from whoever needs it. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { HeldOutput } from '../../cli/held-output.ts';

test('what is held back comes in its order, once it is released', () => {
  const written: string[] = [];
  const output = new HeldOutput({ write: (text: string) => written.push(text) });
  output.write('store opened');
  output.write('listening');
  expect(written).toEqual([]);
  output.release();
  output.write('stopping');
  output.release();
  expect(written).toEqual(['store opened', 'listening', 'stopping']);
});

test('a start that takes long says why', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const written: string[] = [];
  const output = new HeldOutput({ write: (text: string) => written.push(text) }, 100);
  output.write('recovering');
  vi.advanceTimersByTime(100);
  expect(written).toEqual(['recovering']);
});

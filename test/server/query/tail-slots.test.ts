import { expect, test } from 'vitest';
import { RETRY_AFTER_TAILS_SECONDS, TAILS_MAX, TAILS_OF_CALLER_MAX } from '../../../server/limits.ts';
import { TailSlots } from '../../../server/query/tail-slots.ts';

test('beyond the limits of a caller and of all, tails are refused, until others leave', () => {
  const slots = new TailSlots();
  const first = Array.from({ length: TAILS_OF_CALLER_MAX }, () => slots.take('a'));
  expect(() => slots.take('a')).toThrow(`a has ${TAILS_OF_CALLER_MAX} live tails`);
  for (let i = TAILS_OF_CALLER_MAX; i < TAILS_MAX; i++) slots.take('b');
  expect(() => slots.take('c')).toThrow(
    expect.objectContaining({
      status: 503,
      retryAfterSeconds: RETRY_AFTER_TAILS_SECONDS,
      message: expect.stringContaining(`${TAILS_MAX} live tails are open`),
    }),
  );
  first[0]![Symbol.dispose]();
  first[0]![Symbol.dispose]();
  slots.take('c');
  expect(slots.count).toBe(TAILS_MAX);
});

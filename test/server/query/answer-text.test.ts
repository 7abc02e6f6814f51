/** However many clients do not read, what waits for them is bounded, and those who do read get theirs. */
import { expect, test } from 'vitest';
import { AnswerText } from '../../../server/query/answer-text.ts';
import {
  ANSWER_PIECE_BYTES_MIN,
  ANSWER_TEXT_BYTES_MAX,
  ANSWERS_AT_ONCE_MAX,
  RENDER_BYTES_AT_ONCE,
} from '../../../server/limits.ts';

test('one answer holds two pieces, of the size that they have become', () => {
  const text = new AnswerText();
  const pieces = text.begin();
  expect(pieces.reserve()).toBe(RENDER_BYTES_AT_ONCE);
  pieces.hold(1000);
  expect(text.heldBytes).toBe(1000);
  pieces.reserve();
  pieces.hold(2000);
  expect(text.heldBytes).toBe(3000);
  pieces.reserve();
  pieces.hold(4000);
  expect(text.heldBytes).toBe(6000);
  pieces[Symbol.dispose]();
  expect(text.heldBytes).toBe(0);
});

test('pieces get smaller as clients do not read, and all of them are bounded', () => {
  const text = new AnswerText();
  const answers = Array.from({ length: ANSWERS_AT_ONCE_MAX }, () => text.begin());
  for (let round = 0; round < 2; round++) for (const pieces of answers) pieces.hold(pieces.reserve());
  expect(text.heldBytes).toBeLessThanOrEqual(ANSWER_TEXT_BYTES_MAX + 2 * ANSWERS_AT_ONCE_MAX * ANSWER_PIECE_BYTES_MIN);
  expect(() => text.begin()).toThrow(`too many answers in flight (at most ${ANSWERS_AT_ONCE_MAX})`);
  expect(answers[0]!.reserve()).toBeGreaterThanOrEqual(ANSWER_PIECE_BYTES_MIN);
  for (const pieces of answers) pieces[Symbol.dispose]();
  expect(text.heldBytes).toBe(0);
  expect(text.begin().reserve()).toBe(RENDER_BYTES_AT_ONCE);
});

/** Folding: ASCII letters become small, all other bytes stay. */
import fc from '../../../../fast-check.ts';
import { expect, test } from 'vitest';
import { foldedFor, needleOf, occursIn } from '../../../../../server/engines/embedded/scan/needle.ts';
import { NEEDLE_SCRATCH_BYTES_MAX } from '../../../../../server/limits.ts';

const ANY_CASE = needleOf({ kind: 'text', needle: Buffer.from('TimeOut'), ignoreCase: true });
const EXACT = needleOf({ kind: 'text', needle: Buffer.from('TimeOut') });

function naive(text: Uint8Array): Buffer {
  return Buffer.from(text.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)));
}

test('texts of any bytes and size, after longer and shorter ones', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (texts) => {
      for (const text of texts) expect(foldedFor(ANY_CASE, Buffer.from(text)).equals(naive(text))).toBe(true);
    }),
  );
});

test('each byte, and a text that is too large to be kept', () => {
  const each = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  expect(foldedFor(ANY_CASE, each).equals(naive(each))).toBe(true);
  const large = Buffer.alloc(NEEDLE_SCRATCH_BYTES_MAX + 3, 'Zz@[`{ÀÉ');
  expect(foldedFor(ANY_CASE, large).equals(naive(large))).toBe(true);
  expect(foldedFor(ANY_CASE, each).equals(naive(each))).toBe(true);
});

test('an exact needle is searched for in the text as it is', () => {
  const text = Buffer.from('a TIMEOUT of 5 s');
  expect(foldedFor(EXACT, text)).toBe(text);
  expect([occursIn(EXACT, text), occursIn(ANY_CASE, text)]).toEqual([false, true]);
});

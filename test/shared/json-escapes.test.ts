/** Escapes of JSON strings in bytes, against JSON.parse. */
import fc from '../fast-check.ts';
import { expect, test } from 'vitest';
import { escapeBytes, escapedCodePoint, SHORT_ESCAPES, writeCodePoint } from '../../shared/json-escapes.ts';

const hex = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

test('code points and pairs of surrogates are what JSON.parse makes of them', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }), (units) => {
      const text = units.map(hex).join('');
      const bytes = Buffer.from(text);
      const out = Buffer.alloc(bytes.length);
      let size = 0;
      for (let at = 0; at < bytes.length;) {
        const code = escapedCodePoint(bytes, at, bytes.length);
        size = writeCodePoint(out, size, code);
        at += escapeBytes(code);
      }
      expect(out.toString('utf8', 0, size)).toBe((JSON.parse(`"${text}"`) as string).toWellFormed());
    }),
    { examples: [[[0xd83d, 0xde00]], [[0xd83d]], [[0xde00, 0xd83d]], [[0xd83d, 0x41]], [[0x7f, 0x80, 0x7ff, 0x800]]] },
  );
});

test.each<[text: string, end: number | undefined]>([
  ['\\u00e', undefined],
  ['\\u00g0', undefined],
  ['\\U00e9', undefined],
  ['x', undefined],
  ['\\u00e9', 5],
])('%s is none up to %s', (text, end) => {
  const bytes = Buffer.from(text);
  expect(escapedCodePoint(bytes, 0, end ?? bytes.length)).toBe(-1);
});

test('the other half of a pair counts only as a whole', () => {
  const bytes = Buffer.from('\\ud83d\\ude00');
  expect(escapedCodePoint(bytes, 0, 11)).toBe(0xd83d);
  expect(escapedCodePoint(bytes, 0, 12)).toBe(0x1f600);
});

test('short escapes are those of JSON', () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = `"\\${String.fromCharCode(byte)}"`;
    const isShort = /^"\\["\\/bfnrt]"$/.test(text);
    expect(SHORT_ESCAPES[byte], text).toBe(isShort ? (JSON.parse(text) as string).charCodeAt(0) : 0);
  }
});

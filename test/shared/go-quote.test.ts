/** Texts between quotes as Go's strconv reads and writes them. */
import fc from '../fast-check.ts';
import { expect, test } from 'vitest';
import { quoted, unescaped } from '../../shared/go-quote.ts';

test.for<[inner: string, text: string | undefined]>([
  ['plain', 'plain'],
  [String.raw`\a\b\f\n\r\t\v\\\"`, '\u0007\b\f\n\r\t\v\\"'],
  [String.raw`\x41\101\u00e9\U0001f600`, 'AAé😀'],
  // Bytes, which are UTF-8 together.
  [String.raw`\xe2\x82\xac \342\202\254 a\xc3\xa9b`, '€ € aéb'],
  [String.raw`\xff`, '\ufffd'],
  [String.raw`\'`, undefined],
  [String.raw`\q`, undefined],
  [String.raw`\x4`, undefined],
  [String.raw`\u00e`, undefined],
  [String.raw`\400`, undefined],
  [String.raw`\ud83d\ude00`, undefined],
  [String.raw`\U00110000`, undefined],
  ['\\', undefined],
])('"%s"', ([inner, text]) => {
  expect(unescaped(inner)).toBe(text);
});

test('a quote is escaped only between its own kind', () => {
  expect(unescaped(String.raw`it\'s`, "'")).toBe("it's");
  expect(unescaped(String.raw`\"`, "'")).toBeUndefined();
});

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = quoted(text);
      expect(written).toMatch(/^".*"$/su);
      expect(unescaped(written.slice(1, -1))).toBe(text);
    }),
    { examples: [['\u0000\u007f\u00a0\u2028é😀"\\']] },
  );
});

test('what is written takes no more memory than its characters, however many texts are kept', () => {
  const texts = Array.from({ length: 20_000 }, (_, n) => String(n).padStart(200, 'x'));
  const before = process.memoryUsage().heapUsed;
  const written = texts.map(quoted);
  // Put together character by character, they would take 130 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6);
  expect(written).toHaveLength(texts.length);
});

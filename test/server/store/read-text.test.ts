import fc from '../../fast-check.ts';
import { expect, it, test } from 'vitest';
import { escapesOf, mayBeEscaped, partsOfText, readable } from '../../../server/store/read-text.ts';

test.each([
  ['plain', 'plain'],
  [String.raw`caf\u00e9 \u00C9`, 'café É'],
  [String.raw`say \"hi\" \u0022`, 'say "hi" "'],
  [String.raw`a\/b \u002f`, 'a/b /'],
  [String.raw`\b\f\n\r\t\\`, '\b\f\n\r\t\\'],
  [String.raw`\\u00e9 \\n`, String.raw`\u00e9 \n`],
  [String.raw`\ud83d\ude00 \ud83d \ude00`, '😀 \ufffd \ufffd'],
  [String.raw`\u0041\u0031\u0020\u003a`, String.raw`\u0041\u0031\u0020\u003a`],
  [String.raw`\u003c\u003e\u0026\u0027`, `<>&'`],
  [String.raw`\x \u12 \u00g1 \U00e9 ` + '\\', String.raw`\x \u12 \u00g1 \U00e9 ` + '\\'],
  [String.raw`é\n日本語`, 'é\n日本語'],
])('%s is read as %s', (line, want) => {
  expect(readable(Buffer.from(line)).toString()).toBe(want);
});

it('is the text that a writer has escaped, whichever writer', () => {
  const writers = [
    (text: string) => JSON.stringify(text).slice(1, -1),
    (text: string) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
    (text: string) =>
      JSON.stringify(text)
        .slice(1, -1)
        .replaceAll(/[<>&'+`=\u007f-\uffff]/g, long),
    (text: string) => text.replaceAll(/[\s\S]/g, (half) => (mayBeEscaped(half) ? long(half) : half)),
  ];
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...writers), (text, write) => {
      const line = write(text.toWellFormed());
      expect(readable(Buffer.from(line)).toString()).toBe(text.toWellFormed());
      // What the search for lines relies on: plain runs are as they are, other characters are, or begin with an escape.
      const { plain, escapable } = partsOfText(text.toWellFormed());
      for (const run of plain) expect(line).toContain(run);
      for (const char of escapable) expect([char, ...escapesOf(char)].some((each) => line.includes(each))).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

function long(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** What is folded in texts, and in the patterns of columns; and that regular expressions find the same. */
import fc from '../../../fast-check.ts';
import { expect, it, test } from 'vitest';
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import { PatternCutter } from '../../../../shared/row-group/encodings/pattern-cutter.ts';
import { PATTERN_BYTES_MAX } from '../../../../server/limits.ts';
import { TextFolder } from '../../../../server/store/line-pattern/fold-text.ts';
import { naiveFold } from '../naive-pattern.ts';

const folder = new TextFolder();

function fold(text: string): string {
  const bytes = Buffer.from(`<${text}>`);
  folder.fold(bytes, 1, bytes.length - 1);
  return folder.out.toString('utf8', 0, folder.length);
}

test.each([
  ['retry 3 of 5 for "anna" in 1.5s', 'retry ⟨n⟩ of ⟨n⟩ for ⟨text⟩ in ⟨duration⟩'],
  ['took 3m20.5s, 250ms, 12µs, 90 s', 'took ⟨duration⟩, ⟨n⟩ s'],
  ['12MiB of 900kB, 3Gi, 7B', '⟨size⟩ of ⟨size⟩'],
  ['2026-11-23T15:01:12.123Z 2026/11/23 15:01:12 15:01:12,5 2026-11-23', '⟨time⟩'],
  ['2026-11-23 15:01:12+01:00 done', '⟨time⟩ done'],
  ['from 10.42.0.17:51234: EOF', 'from ⟨ip⟩:⟨n⟩: EOF'],
  ['fe80::1, ::1, 2001:db8:0:0:0:0:0:1', '⟨ip⟩'],
  ['v1.42.0 of 1.42.0', 'v⟨n⟩.⟨n⟩ of ⟨n⟩'],
  ['x=-5 y=+3 z=1e+06 -7', 'x=⟨n⟩ y=⟨n⟩ z=⟨n⟩'],
  ['a-5 or 5-a', 'a-⟨n⟩ or ⟨n⟩-a'],
  ['0b5cdef0-77aa-4aaa-8bbb-0cccccccdddd', '⟨uuid⟩'],
  ['/f/9b2c04fe/feedface/0x7F3a', '/f/⟨hex⟩/feedface/⟨hex⟩'],
  ['api-6b8f9c7d5-w4zvn', 'api-⟨hex⟩-⟨id⟩'],
  ['user_12345 worker-2 http2 k8s', 'user_⟨n⟩ worker-⟨n⟩ http⟨n⟩ k⟨n⟩s'],
  ['anna.b@example.com, bob1@shop.example.org.', '⟨email⟩.'],
  ['pkg@1.2.3 @home me@localhost', 'pkg@⟨n⟩ @home me@localhost'],
  ["don't say 'hello you' or it's", "don't say ⟨text⟩ or it's"],
  ['an "open quote', 'an "open quote'],
  ['\u001b[31mred\u001b[0m   spaced\tout  \nsecond line', 'red spaced out'],
  ['用户12登录成功3次', '用户⟨n⟩登录成功⟨n⟩次'],
  ['[1 2, 3] and 4, 5 6', '[⟨n⟩] and ⟨n⟩'],
  ['\n\nfirst line', 'first line'],
  ['', ''],
])('%s', (text, want) => {
  expect(fold(text)).toBe(want);
  expect(naiveFold(text)).toBe(want);
});

test('a long text is cut between characters', () => {
  for (const text of ['x'.repeat(1000), 'é'.repeat(1000), 'a 5 '.repeat(1000), `${'y'.repeat(250)} 77 and more`]) {
    const cut = fold(text);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(PATTERN_BYTES_MAX);
    expect(cut.endsWith('…')).toBe(true);
    expect(naiveFold(text).startsWith(cut.slice(0, -1))).toBe(true);
  }
});

const piece = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(' ', ' ', '-', '.', ':', '/', ',', '"', "'", '@', '=', '(', '\n', '\t', '[', '+', '\\', '::', ', '),
  fc.constantFrom(
    'a',
    'fe',
    'z',
    'é',
    '00',
    'T',
    'Z',
    'ms',
    's',
    'h',
    'MiB',
    'B',
    'e',
    'x',
    '0x',
    'µs',
    'm',
    'com',
    'd',
  ),
  fc.constantFrom('deadbeef', '9b2c04fe', '0b5cdef0-77aa-4aaa-8bbb-0cccccccdddd', '10.0.0.1', '15:01:12', '2026-11-23'),
  fc.constantFrom('\u001b[1m', 'fe80::1', '@example.com', 'w4zvn', '1:2:3:4:5:6:7:8'),
);

it('folds as regular expressions do, and patterns as their texts', () => {
  const cutter = new PatternCutter();
  let patterns = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('');
      const want = naiveFold(text);
      // What is longer is cut.
      fc.pre(Buffer.byteLength(want) < PATTERN_BYTES_MAX);
      expect(fold(text)).toBe(want);
      const bytes = Buffer.from(text);
      const cut = cutter.cutAny({ bytes, starts: Int32Array.of(0), ends: Int32Array.of(bytes.length), count: 1 });
      if (cut === undefined || !folder.foldCut(byteStringAt(cut.patterns, 0))) return;
      patterns++;
      expect(folder.out.toString('utf8', 0, folder.length)).toBe(want);
    }),
    { numRuns: 5000 },
  );
  expect(patterns).toBeGreaterThan(1000);
});

/** V8's engine says what RE2JS says, wherever it is asked instead. */
import { Worker } from 'node:worker_threads';
import fc from '../../fast-check.ts';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import type { RequiredText } from '../../../shared/regexp/literals.ts';
import { assertRegexp, compileFind, Regexp } from '../../../shared/regexp/regexp.ts';

/** Pieces with everything that is read in a way of its own. */
const atom = fc.constantFrom(
  'a',
  'b',
  'K',
  's',
  '7',
  '_',
  '-',
  ' ',
  '\\n',
  '\\t',
  '\\.',
  '\\\\',
  '\\/',
  '\\x41',
  '\\x{e9}',
  'é',
  '😀',
  '/',
  '"',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '\\W',
  '\\S',
  '[ab]',
  '[^a]',
  '[a-c]',
  '[^\\w-]',
  '[]a]',
  '[^]a]',
  '[a-]',
  '[\\s7]',
  '[[:alpha:]]',
  '[[:^lower:]]',
  '[[:punct:]_]',
  'σ',
  '(?i:é)',
  '[é]',
  '[^é]',
  '\\pL',
  '\\Qa.b\\E',
  '{',
  '}',
  ']',
  'a{,2}',
  '\\v',
  '^',
  '$',
  '\\A',
  '\\z',
  '\\b',
  '\\B',
  'error',
  'time',
  'x{2}',
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.array(tie('pattern'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}|${b}`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?', '??', '{1,2}?'))
      .map(([of, count]) => `(?:${of})${count}`),
    fc
      .tuple(
        fc.constantFrom('(?i)', '(?s)', '(?-s)', '(?m)', '(?i:', '(?is:', '(?P<n>', '(?<n>', '(?U)'),
        tie('pattern'),
      )
      .map(([flags, of]) => (flags.endsWith(')') ? `${flags}${of}` : `${flags}${of})`)),
  ),
}));
const piece = fc.constantFrom(
  'a',
  'b',
  'c',
  'ab',
  'A',
  'k',
  'K',
  'S',
  's',
  '7',
  '_',
  '-',
  ' ',
  '\n',
  '\t',
  '.',
  '\\',
  '/',
  '"',
  '',
  'a.b',
  'error',
  'TIME',
  'x',
  'xx',
  '{',
  ']',
  '}',
  'a{,2}',
  '\v',
  '\r',
  '\0',
  '~',
);
const ascii = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const latin1 = fc.array(fc.oneof(piece, fc.constantFrom('é', 'ÿ', '\u0085', '\u00a0')), { maxLength: 8 });
const unicode = fc.array(
  fc.oneof(piece, fc.constantFrom('é', 'É', 'Σ', 'ς', '😀', '\u212a', 'ſ', '\u2028', '\ufeff', '\ufffd')),
  {
    maxLength: 8,
  },
);

function requires({ text, ignoreCase }: RequiredText, line: string): boolean {
  const small = line.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return ignoreCase ? small.includes(text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())) : line.includes(text);
}

function truthOf(text: string): RE2JS | undefined {
  try {
    return RE2JS.compile(text);
  } catch {
    return undefined;
  }
}

describe('a regular expression', () => {
  it('means what RE2JS says, on any text, and requires only what each match has', () => {
    let native = 0;
    let matched = 0;
    let required = 0;
    fc.assert(
      fc.property(
        pattern,
        fc.array(ascii, { minLength: 6, maxLength: 6 }),
        latin1,
        unicode,
        (source, texts, some, any) => {
          const truth = truthOf(source);
          fc.pre(truth !== undefined);
          const regexp = new Regexp(source);
          if (regexp.isNative) native++;
          const bytes = some.join('');
          expect(regexp.testLatin1(bytes), `${source} on ${JSON.stringify(bytes)}`).toBe(truth.test(bytes));
          for (const text of [...texts, any.join('')]) {
            const want = truth.test(text);
            expect(regexp.test(Buffer.from(text)), `${source} on ${JSON.stringify(text)}`).toBe(want);
            if (!want) continue;
            matched++;
            if (regexp.required.length > 0) required++;
            for (const list of regexp.required) {
              expect(
                list.some((each) => requires(each, text)),
                `${source} on ${JSON.stringify(text)}`,
              ).toBe(true);
            }
          }
        },
      ),
      { numRuns: 8000 },
    );
    expect(Math.min(native, matched)).toBeGreaterThan(1000);
    expect(required).toBeGreaterThan(50);
  });

  it('finds what RE2JS finds', () => {
    let found = 0;
    fc.assert(
      fc.property(pattern, latin1, fc.nat(3), (source, pieces, from) => {
        const truth = truthOf(source);
        fc.pre(truth !== undefined);
        const text = pieces.join('');
        fc.pre(from <= text.length);
        const span = { start: -1, end: -1 };
        const matcher = truth.matcher(text);
        const want = matcher.find(from) ? { start: matcher.start(), end: matcher.end() } : undefined;
        expect(compileFind(source)(text, from, span) ? span : undefined, source).toEqual(want);
        if (want !== undefined) found++;
      }),
      { numRuns: 4000 },
    );
    expect(found).toBeGreaterThan(300);
  });

  it.each([
    ['^/api/v\\d+/', [['/api/v']]],
    ['foo|ba(r|z+)', [['foo', 'ba']]],
    ['foo|b(r|z+)', []],
    ['fooo|bar', [['fooo', 'bar']]],
    [
      '(connection|socket) (refused|reset)',
      [
        ['connection', 'socket'],
        ['refused', 'reset'],
      ],
    ],
    ['(?:abc)+d*', [['abc']]],
    ['(?:abc)?d', []],
    ['(?i)timeout', [['i:timeout']]],
    ['(?i)disk', [['i:di']]],
    ['[tT]ime (?i:out)', [['i:time out']]],
    ['(?i)é', [['É', 'é']]],
    ['(?i)café 5', [['i:cafÉ 5', 'i:café 5']]],
    ['(?i)θa', [['i:Θa', 'i:θa', 'i:ϑa', 'i:ϴa']]],
    ['(?i)東京', [['東京']]],
    ['x(?:a|b)(?:c|d)y', [['xacy', 'xady', 'xbcy', 'xbdy']]],
    ['a\\.b$', [['a.b']]],
    ['é\\x{e9}', [['éé']]],
  ])('%s requires %j', (source, want) => {
    const shown = new Regexp(source).required.map((list) =>
      list.map(({ text, ignoreCase }) => (ignoreCase ? `i:${text}` : text)),
    );
    expect(shown).toEqual(want);
  });

  it('requires a few letters at a time where each has cases of its own', () => {
    const { required } = new Regexp('(?i)шипы здесь');
    const [first, second, ...rest] = required.map((list) => list.map(({ text }) => text));
    expect(first).toHaveLength(8);
    expect(first).toContain('Шип');
    expect(second!.join()).toContain('Ы З');
    expect(rest.flat().join('')).toMatch(/ь$/);
  });

  it.each([
    ['a(b', 'missing closing )'],
    ['a)', 'unexpected )'],
    ['(a*)(*)', 'missing argument to repetition operator: "*" at character 6'],
    ['ok|[z-a]', 'invalid character class range: "z-a" at character 5'],
    ['a(?=b)', 'invalid or unsupported Perl syntax: "(?=" at character 2'],
    ['(a)\\1', 'invalid escape sequence: "\\1" at character 4'],
    ['\\', 'trailing backslash at end of expression'],
    ['(?:a|b|ab){900}', 'it is too large: use + or * for large counts'],
  ])('%s is refused: %s', (source, message) => {
    expect(() => assertRegexp(source)).toThrow(new SyntaxError(message));
  });
});

describe('hostile expressions end soon', () => {
  // With backtracking alone, each of these would run for longer than the universe has been there.
  const hostile: readonly (readonly [string, string])[] = [
    ['^(a*)*$', `${'a'.repeat(10_000)}b`],
    ['(x+x+)+y', 'x'.repeat(10_000)],
    ['^(?:a|a)*$', `${'a'.repeat(10_000)}b`],
    ['(?i)^(?:[a-z]+)+[0-9]$', 'Ab'.repeat(5000)],
    ['(.*)(.*)(.*)(.*)(.*)[^xy]$', 'xy'.repeat(2000)],
    // Simple loops, whose steps V8 does not count.
    ['[0-9]+x', '1'.repeat(5_000_000)],
    ['a.*b.*c.*x', 'abc'.repeat(1_000_000)],
  ];

  it('in this thread', () => {
    for (const [source, text] of hostile) {
      const regexp = new Regexp(source);
      expect(regexp.isNative, source).toBe(true);
      expect(regexp.testLatin1(text), source).toBe(false);
    }
  });

  it('in a worker thread', async () => {
    const module = new URL('../../../shared/regexp/regexp.ts', import.meta.url).href;
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(${JSON.stringify(module)}).then(({ Regexp }) => {
        parentPort.postMessage(workerData.map(([source, text]) => new Regexp(source).testLatin1(text)));
      });`;
    const worker = new Worker(code, { eval: true, workerData: hostile });
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(answer).toEqual(hostile.map(() => false));
    await worker.terminate();
  });
});

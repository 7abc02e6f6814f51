/** The expressions of `| json x="a.b[0]"` and `| logfmt x="a"`, with Loki's messages. */

export type PathStep = string | number;

type Token =
  | { readonly kind: 'FIELD' | 'KEY' | 'STRING'; readonly text: string }
  | { readonly kind: 'INDEX'; readonly index: number }
  | { readonly kind: 'DOT' | 'LSB' | 'RSB' | '$end' };

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const STRING = /"([^"]*)"?/y;
const INDEX = /\d+(?=\s*\])/y;
const INDEX_MAX = 2 ** 31;
const SIGNS: Readonly<Record<string, 'DOT' | 'LSB' | 'RSB'>> = { '.': 'DOT', '[': 'LSB', ']': 'RSB' };

/** What may come after a name in an expression. */
const AFTER_NAME = { json: /[\s.[\]]/, logfmt: /\s/ } as const;

class PathLexer {
  readonly #text: string;
  readonly #kind: 'json' | 'logfmt';
  #at = 0;

  constructor(text: string, kind: 'json' | 'logfmt') {
    this.#text = text;
    this.#kind = kind;
  }

  /** What cannot be read ends the expression. @throws SyntaxError */
  next(): Token {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    const sign = this.#kind === 'json' ? SIGNS[this.#text[this.#at] ?? ''] : undefined;
    if (sign !== undefined) {
      this.#at++;
      return { kind: sign };
    }
    const name = this.#match(NAME);
    if (name !== undefined) {
      const after = this.#text[this.#at];
      if (after !== undefined && !AFTER_NAME[this.#kind].test(after)) throw this.fail(`unexpected char ${after}`);
      return { kind: this.#kind === 'json' ? 'FIELD' : 'KEY', text: name[0] };
    }
    const string = this.#match(STRING);
    if (string !== undefined) return { kind: 'STRING', text: string[1]! };
    const index = this.#kind === 'json' ? this.#match(INDEX) : undefined;
    return index === undefined || Number(index[0]) > INDEX_MAX
      ? { kind: '$end' }
      : { kind: 'INDEX', index: Number(index[0]) };
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  unexpected({ kind }: Token, expected = ''): SyntaxError {
    return this.fail(`syntax error: unexpected ${kind}${expected === '' ? '' : `, expecting ${expected}`}`);
  }

  fail(problem: string): SyntaxError {
    return new SyntaxError(`cannot parse expression [${this.#text}]: ${problem}`);
  }
}

/** Parses `a.b[0]["c d"]`. @throws SyntaxError */
export function parseJsonPath(text: string): PathStep[] {
  const lexer = new PathLexer(text, 'json');
  const steps: PathStep[] = [];
  for (;;) {
    const token = lexer.next();
    if (steps.length > 0 && token.kind === '$end') return steps;
    if (token.kind === 'LSB') {
      const key = lexer.next();
      if (key.kind !== 'STRING' && key.kind !== 'INDEX') throw lexer.unexpected(key, 'STRING or INDEX');
      const end = lexer.next();
      if (end.kind !== 'RSB') throw lexer.unexpected(end, 'RSB');
      steps.push(key.kind === 'INDEX' ? key.index : key.text);
    } else if (steps.length === 0) {
      if (token.kind !== 'FIELD') throw lexer.unexpected(token, 'LSB or FIELD');
      steps.push(token.text);
    } else {
      if (token.kind !== 'DOT') throw lexer.unexpected(token);
      const field = lexer.next();
      if (field.kind !== 'FIELD') throw lexer.unexpected(field, 'FIELD');
      steps.push(field.text);
    }
  }
}

/** Parses the name of a field. @throws SyntaxError */
export function parseLogfmtKey(text: string): string {
  const lexer = new PathLexer(text, 'logfmt');
  const key = lexer.next();
  if (key.kind !== 'KEY' && key.kind !== 'STRING') throw lexer.unexpected(key, 'STRING or KEY');
  const end = lexer.next();
  if (end.kind !== '$end') throw lexer.unexpected(end);
  return key.text;
}

/**
 * Cuts a search text into tokens. It never fails: what is not understood is a `broken` token that says why, so that the
 * page can colour a text that is being typed. Each character is looked at a fixed number of times.
 *
 *     -level:info status>=500 (timeout or "Timed Out") path:/api/*,/v2/* /refused|reset/i
 */
import {
  BANG,
  BRACKETS,
  GLUED,
  GROUP_AS_VALUE,
  LOGQL,
  MINUS,
  NO_NAME,
  otherQuote,
  PIPE,
  PLUS,
  reversed,
  spacedColon,
  UNCLOSED_QUOTE,
  type Problem,
} from './problems.ts';
import type { Range } from './tree.ts';

export type TokenKind =
  /** A bare text, a text between quotes, an expression between slashes. */
  | 'word'
  | 'quoted'
  | 'regexp'
  /** A label or field; an operator and one or more operands follow. */
  | 'name'
  | 'operator'
  | 'comma'
  | 'minus'
  /** `or`, `and`, `not`. */
  | 'keyword'
  | 'open'
  | 'close'
  | 'broken';

export interface Token extends Range {
  readonly kind: TokenKind;
  /** Why it is broken. */
  readonly problem?: Problem;
}

/** The first character of a name without quotes: a digit would make `10.0.0.1:8080` a name. */
const NAME = /^\\?[\p{L}_@$][^\s()"',:=<>!~*|&\\]*$/u;
const SPACE = /\s/;
/** At a place in the text. */
const OPERATOR = /:(?:>=|<=|>|<|~|==?|!)|!=[=~]?|!~|=[~><!]|={1,3}|<>|~=|>=|<=|[:=<>]/y;
const SPACED_OPERATOR = /\s+(?:!=[=~]?|!~|=[~><!]|={1,3}|<>|~=|>=|<=|[=<>]|~(?=\s|$))/y;
/** Prose has it, and queries of Kibana. */
const SPACED_COLON = /\s+:(?=\s|$)/y;
const SPACES = /\s+/y;
/** `500<=status`, `500<=status<600` */
const REVERSED = /^(\d[\d.]*)([<>]=?)([\p{L}_@][\p{L}\p{N}_.@-]*)(?:[<>]=?\d[\d.]*)?$/u;
/** What other languages and word processors quote with. */
const OTHER_QUOTE = /^['`“”„‘’«]/;
const KEYWORD = /^(?:or|OR|and|AND|not|NOT)$/;

export function tokensOf(text: string): Token[] {
  return new Lexer(text).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  tokens(): Token[] {
    for (this.#skip(SPACES); this.#at < this.#text.length; this.#skip(SPACES)) this.#term();
    return this.#tokens;
  }

  #term(): void {
    const text = this.#text;
    const start = this.#at;
    if (OTHER_QUOTE.test(text[start]!)) return this.#break(this.#wordEnd(start), otherQuote(text[start]!));
    switch (text[start]) {
      case '(':
        return this.#push('open', start + 1);
      case ')':
        return this.#push('close', start + 1);
      case '"':
        return this.#quotedTerm();
      case '{':
        return this.#tokens.length === 0 ? this.#break(text.length, LOGQL) : this.#word();
      case '-':
        if (this.#isEnd(start + 1)) return this.#break(start + 1, MINUS);
        // `--verbose` is a word.
        return text[start + 1] === '-' ? this.#word() : this.#push('minus', start + 1);
      case '+':
        return /[\p{L}_"(]/u.test(text[start + 1] ?? '') ? this.#break(start + 1, PLUS) : this.#word();
      case '/': {
        const end = this.#regexpEnd(start, false);
        return end === undefined ? this.#word() : this.#push('regexp', end);
      }
      default:
        return this.#word();
    }
  }

  #quotedTerm(): void {
    const end = this.#quoteEnd(this.#at);
    if (end === undefined) return this.#break(this.#text.length, UNCLOSED_QUOTE);
    const operator = this.#operatorAt(end);
    if (operator !== undefined && end > this.#at + 2) {
      this.#push('name', end);
      return this.#operands(operator);
    }
    this.#push('quoted', end);
    if (!this.#isEnd(end)) this.#break(this.#wordEnd(end), GLUED);
  }

  /** A word, a name with operands, or a keyword. */
  #word(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (; !this.#isEnd(at) && text[at] !== '"' && text[at] !== '('; at++) {
      if (text[at] === '\\') {
        at++;
        continue;
      }
      if (!':=<>!~'.includes(text[at]!)) continue;
      if (text[at] === '~' && text[at + 1] !== '=') continue;
      const operator = this.#operatorAt(at);
      const name = text.slice(start, at);
      if (operator === undefined || !NAME.test(name)) break;
      if (text.startsWith('://', at)) break;
      this.#push('name', at);
      return this.#operands(operator);
    }
    // What looks like an operator without a name is a part of the word, or a mistake.
    const problem = this.#problemOf(start, at);
    while (!this.#isEnd(at) && text[at] !== '"' && text[at] !== '(') at += text[at] === '\\' ? 2 : 1;
    const end = Math.min(Math.max(at, start + 1), text.length);
    const word = text.slice(start, end);
    if (problem !== undefined) return this.#break(end, problem);
    const [, number, sign, name] = REVERSED.exec(word) ?? [];
    if (name !== undefined) return this.#break(end, reversed(name, sign!, number!));
    if (KEYWORD.test(word)) return this.#push('keyword', end);
    if (/^[|&]/.test(word)) return this.#break(end, PIPE);
    const operator = NAME.test(word) ? this.#operatorAt(end, SPACED_OPERATOR) : undefined;
    if (operator !== undefined) {
      this.#push('name', end);
      this.#skip(SPACES);
      return this.#operands(operator);
    }
    const colon = NAME.test(word) ? this.#operatorAt(end, SPACED_COLON) : undefined;
    if (colon !== undefined) return this.#break(end + colon.length, spacedColon(word));
    return this.#push('word', end);
  }

  #problemOf(start: number, at: number): Problem | undefined {
    const text = this.#text;
    if (at > start) return undefined;
    if (/^(?:[<>=]|!=)/.test(text.slice(at, at + 2))) return NO_NAME;
    return text[at] === '!' && /[\p{L}_@$("/]/u.test(text[at + 1] ?? '') ? BANG : undefined;
  }

  /** An operator and what it compares with: one operand, or with `:`, `=` and `!=` a list. */
  #operands(operator: string): void {
    const isSpaced = operator.trim() !== operator;
    const sign = operator.trim();
    this.#push('operator', this.#at + sign.length);
    if (isSpaced) this.#skip(SPACES);
    for (;;) {
      if (this.#at >= this.#text.length) return;
      if (!this.#operand(sign)) return;
      if (this.#text[this.#at] !== ',' || !isList(sign)) break;
      this.#push('comma', this.#at + 1);
    }
    if (!this.#isEnd(this.#at)) this.#break(this.#wordEnd(this.#at), GLUED);
  }

  /** Returns false where there is none. */
  #operand(sign: string): boolean {
    const text = this.#text;
    const start = this.#at;
    const before = this.#tokens.length;
    if (text[start] === '"') {
      const end = this.#quoteEnd(start);
      if (end === undefined) this.#break(text.length, UNCLOSED_QUOTE);
      else this.#push('quoted', end);
    } else if (OTHER_QUOTE.test(text[start]!)) this.#break(this.#wordEnd(start), otherQuote(text[start]!));
    else if (text[start] === '(') this.#break(start + 1, GROUP_AS_VALUE);
    else {
      const regexpEnd = text[start] === '/' ? this.#regexpEnd(start, isList(sign)) : undefined;
      if (regexpEnd !== undefined) this.#push('regexp', regexpEnd);
      else {
        const end = this.#valueEnd(start, isList(sign));
        if (isOpenBracket(text.slice(start, end))) this.#break(end, BRACKETS);
        else if (end > start) this.#push('word', end);
      }
    }
    return this.#tokens.length > before && this.#tokens.at(-1)!.kind !== 'broken';
  }

  /** Parentheses in a value are its own where they are closed. */
  #valueEnd(start: number, endsAtComma: boolean): number {
    const text = this.#text;
    let depth = 0;
    let at = start;
    for (; at < text.length; at++) {
      const char = text[at]!;
      if (char === '\\') at++;
      else if (SPACE.test(char) || (char === ',' && endsAtComma)) break;
      else if (char === '(') depth++;
      else if (char === ')' && --depth < 0) break;
    }
    return Math.min(at, text.length);
  }

  /**
   * Returns the end of an expression that begins here; undefined where it is a path: one that has a further slash, or none
   * at its end.
   */
  #regexpEnd(start: number, mayEndAtComma: boolean): number | undefined {
    const text = this.#text;
    let hasSpace = false;
    let at = start + 1;
    for (; at < text.length && text[at] !== '/'; at++) {
      if (text[at] === '\\') at++;
      else if (SPACE.test(text[at]!)) hasSpace = true;
    }
    if (at >= text.length || at === start + 1) return undefined;
    // `path:/a -path:/ x` has two paths.
    if (hasSpace && /[\s:=]/.test(text[at - 1]!) && text[at - 2] !== '\\') return undefined;
    const end = at + (text[at + 1] === 'i' ? 2 : 1);
    return this.#isEnd(end) || (mayEndAtComma && text[end] === ',') ? end : undefined;
  }

  /** Returns the offset after the closing quote of a text that begins here. */
  #quoteEnd(start: number): number | undefined {
    const text = this.#text;
    for (let at = start + 1; at < text.length; at++) {
      if (text[at] === '"') return at + 1;
      if (text[at] === '\\') at++;
    }
    return undefined;
  }

  #operatorAt(at: number, operators: RegExp = OPERATOR): string | undefined {
    operators.lastIndex = at;
    return operators.exec(this.#text)?.[0];
  }

  /** Returns the offset of the next space or closing parenthesis. */
  #wordEnd(start: number): number {
    let at = start + 1;
    while (!this.#isEnd(at)) at++;
    return at;
  }

  #isEnd(at: number): boolean {
    const char = this.#text[at];
    return char === undefined || char === ')' || SPACE.test(char);
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    if (what.test(this.#text)) this.#at = what.lastIndex;
  }

  #push(kind: TokenKind, end: number): void {
    this.#tokens.push({ kind, start: this.#at, end });
    this.#at = end;
  }

  #break(end: number, problem: Problem): void {
    this.#tokens.push({ kind: 'broken', start: this.#at, end, problem });
    this.#at = end;
  }
}

/** `[500 TO 599]` and `[error,warn]` end in another value, unlike `{id}`. */
function isOpenBracket(value: string): boolean {
  return (value.startsWith('[') && !value.includes(']')) || (value.startsWith('{') && !value.includes('}'));
}

/** Whether an operator takes several values. */
function isList(sign: string): boolean {
  return sign === ':' || sign === '=' || sign === '!=';
}

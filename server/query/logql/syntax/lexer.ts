/**
 * Cuts a query into tokens. Words are keywords in any case; some are functions only before a parenthesis, and names of
 * labels elsewhere. `5m` is a duration and `5MB` a size where nothing separates number and unit. Comments are those of Go, and begin with `#`, too.
 */
import { parseBytes, parseDuration, parsePrometheusDuration, prometheusProblem } from './durations.ts';
import { LogqlError, type Place } from './errors.ts';
import { unescaped } from '../../../../shared/go-quote.ts';
import { numberAt } from './numbers.ts';
import { FUNCTIONS, OWN_PARSER, type Terminal, WRITTEN } from './tokens.ts';

export interface Token extends Place {
  readonly kind: Terminal;
  /** A string without its quotes, a duration in ns, a size in bytes; anything else as it is written. */
  readonly value: string | bigint | number;
}

const FLAGS: ReadonlySet<string> = new Set(['--strict', '--keep-empty']);
const NAME_START = /[\p{L}_]/u;
const NAME_PART = /[\p{L}\p{Nd}_]/u;
const SPACE = /\s/;
const DIGIT = /[0-9]/;
const DURATION_PART = /[\p{N}.nuµmshdwy]/u;
const SIZE_PART = /[\p{N}.BibkKMGTPE]/u;
/** Sizes are recognized by the case of their units, unlike those in lines. */
const SIZE = /^[\d.]+(?:[kKMGTPE]i?)?B?$/;

/** Gives one token at a time, since a mistake later in the query matters less than what the parser finds before it. */
export class Lexer {
  readonly #chars: readonly string[];
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #before: Terminal | undefined;
  /** The first mistake in a token; the parser's own are later. */
  problem: LogqlError | undefined;

  constructor(text: string) {
    this.#chars = Array.from(text);
  }

  next(): Token {
    const token = this.#read();
    this.#before = token.kind;
    return token;
  }

  #read(): Token {
    this.#skipSpace();
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    const char = this.#chars[this.#at];
    if (char === undefined) return { kind: '$end', value: '', ...place };
    if (char === '"' || char === '`' || char === "'") return this.#quoted(char, place);
    if (DIGIT.test(char) || (char === '.' && DIGIT.test(this.#peek(1)))) return this.#number(place);
    if (char === '[') return this.#range(place);
    if (char === '-') return this.#minus(place);
    return NAME_START.test(char) ? this.#word(place) : this.#sign(place);
  }

  #skipSpace(): void {
    for (;;) {
      const char = this.#chars[this.#at];
      const two = this.#peek(0) + this.#peek(1);
      if (char === '#' || two === '//') this.#skipLine();
      else if (two === '/*') this.#skipComment();
      else if (char === undefined || !SPACE.test(char)) return;
      else this.#step();
    }
  }

  #skipLine(): void {
    while (this.#at < this.#chars.length && this.#chars[this.#at] !== '\n') this.#at++;
  }

  #skipComment(): void {
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    this.#at += 2;
    while (this.#peek(0) + this.#peek(1) !== '*/') {
      if (this.#at >= this.#chars.length) return void this.#fail('comment not terminated', place);
      this.#step();
    }
    this.#at += 2;
  }

  #step(): void {
    if (this.#chars[this.#at++] !== '\n') return;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #peek(ahead: number): string {
    return this.#chars[this.#at + ahead] ?? '';
  }

  #fail(problem: string, place: Place): Token {
    this.problem ??= new LogqlError(problem, place);
    return { kind: '$end', value: '', ...place };
  }

  #quoted(quote: string, place: Place): Token {
    const start = ++this.#at;
    for (let char = this.#peek(0); char !== quote; char = this.#peek(0)) {
      if (char === '' || (char === '\n' && quote !== '`')) return this.#fail('literal not terminated', place);
      if (char === '\\' && quote !== '`') this.#at++;
      this.#step();
    }
    const inner = this.#chars.slice(start, this.#at++).join('');
    if (quote === '`') return { kind: 'STRING', value: inner.replaceAll('\r', ''), ...place };
    const value = unescaped(inner, quote === "'" ? "'" : '"');
    if (value === undefined) return this.#fail('invalid char escape', place);
    if (quote === '"') return { kind: 'STRING', value, ...place };
    return Array.from(value).length === 1
      ? { kind: 'IDENTIFIER', value: `'${inner}'`, ...place }
      : this.#fail('invalid char literal', place);
  }

  #number(place: Place): Token {
    const { text, problem } = numberAt(this.#chars.slice(this.#at, this.#at + NUMBER_CHARS_MAX).join(''));
    if (problem !== undefined) return this.#fail(problem, place);
    const { line: _, ...noLine } = place;
    const after = this.#at + text.length;
    const duration = this.#whole(after, DURATION_PART);
    const durationNs = duration === after ? undefined : parseDuration(this.#slice(duration));
    if (durationNs !== undefined)
      return this.#take(duration, { kind: 'DURATION', value: durationNs, line: 0, ...noLine });
    const size = this.#whole(after, SIZE_PART);
    const sizeBytes = size === after || !SIZE.test(this.#slice(size)) ? undefined : parseBytes(this.#slice(size));
    if (sizeBytes !== undefined) return this.#take(size, { kind: 'BYTES', value: sizeBytes, line: 0, ...noLine });
    return this.#take(after, { kind: 'NUMBER', value: text, ...place });
  }

  /** A negative duration, a flag of a parser, or the sign. */
  #minus(place: Place): Token {
    const end = this.#whole(this.#at + 1, DURATION_PART);
    const durationNs = end === this.#at + 1 ? undefined : parseDuration(this.#slice(end).slice(1));
    const isDuration = durationNs !== undefined && /[a-zµ]/.test(this.#slice(end));
    if (isDuration) return this.#take(end, { kind: 'DURATION', value: -durationNs, line: 0, column: place.column });
    const flagEnd = this.#whole(this.#at, /[-a-z]/);
    const flag = this.#slice(flagEnd);
    if (FLAGS.has(flag))
      return this.#take(flagEnd, { kind: 'FUNCTION_FLAG', value: flag, line: 0, column: place.column });
    return this.#sign(place);
  }

  #range(place: Place): Token {
    const column = { line: 0, column: place.column };
    const end = this.#chars.indexOf(']', this.#at);
    if (end < 0) return this.#fail("missing closing ']' in duration", column);
    const text = this.#chars.slice(this.#at + 1, end).join('');
    const ns = parsePrometheusDuration(text);
    if (text === '') return this.#fail('empty duration string', column);
    if (ns === undefined) return this.#fail(prometheusProblem(text), column);
    while (this.#at <= end) this.#step();
    return { kind: 'RANGE', value: ns, ...column };
  }

  #word(place: Place): Token {
    const end = this.#whole(this.#at, NAME_PART);
    const text = this.#slice(end);
    const lower = text.toLowerCase();
    this.#at = end;
    const name = { kind: 'IDENTIFIER', value: text, ...place } as const;
    const asFunction = FUNCTIONS.get(lower);
    if (asFunction !== undefined) return this.#isCall() ? { ...name, kind: asFunction } : name;
    if (lower === OWN_PARSER && !this.#isStage()) return name;
    return WRITTEN.has(lower) ? { ...name, kind: lower as Terminal } : name;
  }

  /** Whether what was read comes after a `|`, and is not compared with anything. */
  #isStage(): boolean {
    const rest = this.#chars.slice(this.#at, this.#at + CALL_CHARS_MAX).join('');
    return this.#before === '|' && !/^\s*[=!<>]=?[^>]/.test(rest);
  }

  /** Whether an opening parenthesis comes next, or `by (` or `without (`. */
  #isCall(): boolean {
    const rest = this.#chars.slice(this.#at, this.#at + CALL_CHARS_MAX).join('');
    return /^\s*(?:(?:by|without)\s*)?\(/i.test(rest);
  }

  #sign(place: Place): Token {
    const two = this.#peek(0) + this.#peek(1);
    const isTwo = two.length === 2 && WRITTEN.has(two);
    const text = isTwo ? two : this.#peek(0);
    this.#at += isTwo ? 2 : 1;
    const kind = WRITTEN.has(text) ? (text as Terminal) : 'IDENTIFIER';
    return { kind, value: text, line: isTwo ? 0 : place.line, column: place.column };
  }

  #whole(from: number, part: RegExp): number {
    let end = from;
    while (end < this.#chars.length && part.test(this.#chars[end]!)) end++;
    return end;
  }

  #slice(end: number): string {
    return this.#chars.slice(this.#at, end).join('');
  }

  #take(end: number, token: Token): Token {
    this.#at = end;
    return token;
  }
}

/** Longer than any number that makes sense, and than the space before a parenthesis that people write. */
const NUMBER_CHARS_MAX = 400;
const CALL_CHARS_MAX = 1000;

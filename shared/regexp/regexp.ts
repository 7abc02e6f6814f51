/**
 * Regular expressions in RE2's syntax, which users of Loki, Prometheus and Kubernetes write. RE2JS defines their
 * meaning, and runs them in linear time. On ASCII text, which is most text, and on bytes as Latin-1, V8 runs those that
 * mean the same to it.
 */
import { isAscii } from 'node:buffer';
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { NATIVE_CHARS_MAX, nativeRegexp, type NativeRegexp } from './native.ts';
import { type Alphabet, alphabetOf, mayBeIn } from './alphabet.ts';
import { requiredTexts, type RequiredTexts } from './literals.ts';
import { repeatsNothing } from './nullable.ts';
import { parseRegexp, type RegexpNode } from './syntax.ts';
import { withoutIdleEnds } from './trim.ts';

/** Steps of its program; a step may cost about ten nanoseconds for each byte of a line. */
const PROGRAM_STEPS_MAX = 1000;

/** Takes six megabytes, so only threads that need it load it. */
let loaded: typeof import('re2js') | undefined;
export function loadRe2js(): typeof import('re2js') {
  return (loaded ??= createRequire(import.meta.url)('re2js') as typeof import('re2js'));
}

/** @throws SyntaxError  with what is wrong, and where */
export function assertRegexp(pattern: string): void {
  const { RE2JS, RE2JSException } = loadRe2js();
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > PROGRAM_STEPS_MAX)
      throw new SyntaxError('it is too large: use + or * for large counts');
  } catch (error) {
    if (error instanceof RE2JSException) throw new SyntaxError(reasonOf(pattern, error), { cause: error });
    throw error;
  }
}

/** Returns the texts that each match of an expression contains, without compiling it. */
export function requiredOf(pattern: string): RequiredTexts {
  const tree = parseRegexp(pattern);
  return tree === undefined ? [] : requiredTexts(tree);
}

/** A regular expression that `assertRegexp` accepts; it is searched for anywhere in a text. */
export class Regexp {
  readonly pattern: string;
  /** Texts that each match contains, in a text of any characters. */
  readonly required: RequiredTexts;
  /**
   * Where there is a match, there is one of these characters alone; undefined where they are not known, or a match may be
   * empty.
   */
  readonly alphabet: Alphabet | undefined;
  readonly #tree: RegexpNode | undefined;
  readonly #native: NativeRegexp | undefined;
  #truth: RE2JS | undefined;

  constructor(pattern: string) {
    this.pattern = pattern;
    const tree = parseRegexp(pattern);
    this.required = tree === undefined ? [] : requiredTexts(tree);
    this.#tree = tree && withoutIdleEnds(tree);
    this.alphabet = this.#tree && alphabetOf(this.#tree);
    this.#native = this.#tree && nativeRegexp(this.#tree);
  }

  /** Whether V8 runs it on Latin-1 text. */
  get isNative(): boolean {
    return this.#native !== undefined;
  }

  /** Returns false where a text cannot match, see mayBeIn. */
  mayMatch(has: (code: number) => boolean): boolean {
    return this.#tree === undefined || mayBeIn(this.#tree, has);
  }

  /** @param bytes  UTF-8; invalid bytes count as U+FFFD */
  test(bytes: Buffer): boolean {
    return isAscii(bytes) ? this.testLatin1(bytes.toString('latin1')) : this.testText(bytes.toString());
  }

  testLatin1(text: string): boolean {
    // RE2JS is faster than V8's linear engine.
    if (this.#native === undefined || text.length > NATIVE_CHARS_MAX) return this.testText(text);
    return this.#native.fast.test(text);
  }

  testText(text: string): boolean {
    this.#truth ??= loadRe2js().RE2JS.compile(this.pattern);
    return this.#truth.test(text);
  }
}

/** Characters [start, end) of a text. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Finds the first match at or after a character.
 * @param text  Latin-1
 */
export type Find = (text: string, from: number, span: Span) => boolean;

/**
 * Compiles an expression whose matches are located, not only detected. V8 and RE2JS match the same text, unless a
 * repeated part may be empty.
 * @throws SyntaxError  with what is wrong, and where
 */
export function compileFind(pattern: string): Find {
  assertRegexp(pattern);
  const tree = parseRegexp(pattern);
  const native = tree === undefined || repeatsNothing(tree) ? undefined : nativeRegexp(tree, 'g');
  const truth = loadRe2js().RE2JS.compile(pattern);
  return (text, from, span) => {
    if (native !== undefined) {
      const regexp = text.length > NATIVE_CHARS_MAX ? native.linear : native.fast;
      regexp.lastIndex = from;
      const match = regexp.exec(text);
      if (match === null) return false;
      span.start = match.index;
      span.end = match.index + match[0].length;
      return true;
    }
    const matcher = truth.matcher(text);
    if (!matcher.find(from)) return false;
    span.start = matcher.start();
    span.end = matcher.end();
    return true;
  };
}

/**
 * RE2JS shows the part that is wrong; if it occurs several times, the first prefix of the pattern with the same error
 * ends with it.
 */
function reasonOf(pattern: string, error: Error): string {
  const { RE2JSSyntaxException } = loadRe2js();
  if (!(error instanceof RE2JSSyntaxException)) return error.message;
  const description = error.getDescription();
  const part = error.getPattern() ?? '';
  if (part === '' || part === pattern) return description;
  let at = pattern.indexOf(part);
  for (let next = at; next >= 0; next = pattern.indexOf(part, next + 1)) {
    at = next;
    if (failsLike(pattern.slice(0, at + part.length), error.message)) break;
  }
  return at < 0 ? `${description}: "${part}"` : `${description}: "${part}" at character ${at + 1}`;
}

function failsLike(pattern: string, message: string): boolean {
  try {
    loadRe2js().RE2JS.compile(pattern);
    return false;
  } catch (error) {
    return error instanceof Error && error.message === message;
  }
}

/**
 * Parses the part of RE2's syntax that means the same to V8 on Latin-1 text; an expression that has anything else is
 * left to RE2JS as a whole. The expression must be one that RE2JS accepts: errors are not detected here. Source:
 * https://github.com/google/re2/wiki/Syntax
 */
import { casesOf } from './cases.ts';

export type RegexpNode =
  | { readonly kind: 'char'; readonly code: number }
  /** ASCII code, or OTHERS for all other characters → 1 where the class contains it. */
  | { readonly kind: 'class'; readonly set: Uint8Array }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'no boundary' }
  | { readonly kind: 'concat'; readonly of: readonly RegexpNode[] }
  | { readonly kind: 'alternate'; readonly of: readonly RegexpNode[] }
  | {
      readonly kind: 'repeat';
      readonly of: RegexpNode;
      readonly min: number;
      /** Infinity if there is no limit. */
      readonly max: number;
      readonly isLazy: boolean;
    };

/** Flags of the group that is being parsed, inherited by the groups in it. */
interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

const ASCII = 128;
/** Index, in the set of a class, of all characters beyond ASCII. */
export const OTHERS = ASCII;
const SET_SIZE = ASCII + 1;
/** More deeply nested expressions are left to RE2JS. */
const DEPTH_MAX = 100;
const NEWLINE = 0x0a;

const DIGIT = setOf('0-9');
const WORD = setOf('0-9A-Za-z_');
/** Without the vertical tab, which V8 counts as space. */
const SPACE = setOf('\t\n\f\r ');
const POSIX: Readonly<Record<string, Uint8Array>> = {
  alnum: setOf('0-9A-Za-z'),
  alpha: setOf('A-Za-z'),
  blank: setOf('\t '),
  digit: DIGIT,
  lower: setOf('a-z'),
  punct: setOf('!-/:-@[-`{-~'),
  space: setOf('\t\n\v\f\r '),
  upper: setOf('A-Z'),
  word: WORD,
  xdigit: setOf('0-9A-Fa-f'),
};
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const COUNT = /\{(\d+)(?:(,)(\d*))?\}/y;
const GROUP = /\((?:\?(?:P?<\w+>|([is]*)(?:-([is]+))?([:)])))?/y;

/** Thrown and caught within this file. */
class Unsupported extends Error {}

/** Returns undefined for an expression with a part that V8 reads differently, or not at all. */
export function parseRegexp(pattern: string): RegexpNode | undefined {
  try {
    const parser = new Parser(pattern);
    const node = parser.alternatives({ ignoreCase: false, dotAll: false }, 0);
    return parser.isAtEnd ? node : undefined;
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#pattern.length;
  }

  /** Parses alternatives up to the end of the group. */
  alternatives(flags: Flags, depth: number): RegexpNode {
    if (depth > DEPTH_MAX) throw new Unsupported();
    const branches: RegexpNode[][] = [[]];
    let current = flags;
    while (!this.isAtEnd && this.#peek() !== ')') {
      if (this.#take('|')) branches.push([]);
      else {
        const group = this.#match(GROUP);
        // It has flags, or is a kind of group, that GROUP does not know.
        if (group?.[0] === '(' && this.#peek() === '?') throw new Unsupported();
        if (group !== undefined && group[3] === ')') current = flagged(current, group[1], group[2]);
        else {
          const atom =
            group === undefined ? this.#atom(current) : this.#group(flagged(current, group[1], group[2]), depth);
          branches.at(-1)!.push(...this.#repeated(atom));
        }
      }
    }
    const of = branches.map((each): RegexpNode => (each.length === 1 ? each[0]! : { kind: 'concat', of: each }));
    return of.length === 1 ? of[0]! : { kind: 'alternate', of };
  }

  #group(flags: Flags, depth: number): RegexpNode[] {
    const node = this.alternatives(flags, depth + 1);
    this.#expect(')');
    return [node];
  }

  /** @param atoms  only the last one may be repeated */
  #repeated(atoms: readonly RegexpNode[]): readonly RegexpNode[] {
    const range = this.#range();
    if (range === undefined) return atoms;
    const last = atoms.at(-1);
    if (last === undefined) throw new Unsupported();
    const isLazy = this.#take('?');
    return [...atoms.slice(0, -1), { kind: 'repeat', of: last, ...range, isLazy }];
  }

  #range(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const count = this.#match(COUNT);
    if (count === undefined) return undefined;
    const min = Number(count[1]);
    if (count[2] === undefined) return { min, max: min };
    return { min, max: count[3] === '' ? Infinity : Number(count[3]) };
  }

  #atom(flags: Flags): RegexpNode[] {
    if (this.#peek() === '[') return [this.#class(flags)];
    if (this.#peek() === '\\') return this.#escape(flags);
    const char = this.#next();
    if (char === '(') throw new Unsupported();
    if (char === '.') return [{ kind: 'class', set: flags.dotAll ? full() : without(NEWLINE) }];
    if (char === '^') return [{ kind: 'assert', what: 'start' }];
    if (char === '$') return [{ kind: 'assert', what: 'end' }];
    return [literal(char.codePointAt(0)!, flags)];
  }

  #escape(flags: Flags): RegexpNode[] {
    this.#expect('\\');
    const char = this.#next();
    if (char === 'Q') return this.#quoted(flags);
    if (char === 'A') return [{ kind: 'assert', what: 'start' }];
    if (char === 'z') return [{ kind: 'assert', what: 'end' }];
    if (char === 'b') return [{ kind: 'assert', what: 'boundary' }];
    if (char === 'B') return [{ kind: 'assert', what: 'no boundary' }];
    const set = perlClass(char);
    return [set === undefined ? literal(this.#escapedCode(char), flags) : { kind: 'class', set }];
  }

  /** Parses quoted text up to `\E`, or the end. */
  #quoted(flags: Flags): RegexpNode[] {
    const end = this.#pattern.indexOf('\\E', this.#at);
    const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    return Array.from(text, (char) => literal(char.codePointAt(0)!, flags));
  }

  #escapedCode(char: string): number {
    if (CONTROLS[char] !== undefined) return CONTROLS[char];
    if (char === 'x') {
      const hex = this.#match(/([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\}/y);
      if (hex === undefined) throw new Unsupported();
      return Number.parseInt(hex[1] ?? hex[2]!, 16);
    }
    // Octal numbers and Unicode classes are unsupported; the rest is punctuation.
    if (/[0-9A-Za-z]/.test(char)) throw new Unsupported();
    return char.codePointAt(0)!;
  }

  #class(flags: Flags): RegexpNode {
    this.#expect('[');
    const isNegated = this.#take('^');
    const set = new Uint8Array(SET_SIZE);
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) this.#addToClass(set, flags);
    this.#expect(']');
    return { kind: 'class', set: isNegated ? complement(set) : set };
  }

  #addToClass(set: Uint8Array, flags: Flags): void {
    const posix = this.#match(/\[:(\^?)(\w+):\]/y);
    if (posix !== undefined) {
      const named = POSIX[posix[2]!];
      if (named === undefined) throw new Unsupported();
      // Case is folded before the class is negated.
      const folded = flags.ignoreCase ? withBothCases(named) : named;
      return addAll(set, posix[1] === '^' ? complement(folded) : folded);
    }
    const perl = this.#match(/\\([dwsDWS])/y);
    if (perl !== undefined) return addAll(set, perlClass(perl[1]!)!);
    const low = this.#classCode();
    const isRange = this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']';
    if (isRange) this.#at++;
    const high = isRange ? this.#classCode() : low;
    if (high >= ASCII) throw new Unsupported();
    const range = new Uint8Array(SET_SIZE);
    range.fill(1, low, high + 1);
    addAll(set, flags.ignoreCase ? withBothCases(range) : range);
  }

  #classCode(): number {
    const char = this.#next();
    return char === '\\' ? this.#escapedCode(this.#next()) : char.codePointAt(0)!;
  }

  #peek(): string | undefined {
    return this.#pattern[this.#at];
  }

  /** Takes a whole character. */
  #next(): string {
    const code = this.#pattern.codePointAt(this.#at);
    if (code === undefined) throw new Unsupported();
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw new Unsupported();
  }

  /** @param expected  sticky */
  #match(expected: RegExp): RegExpExecArray | undefined {
    expected.lastIndex = this.#at;
    const match = expected.exec(this.#pattern) ?? undefined;
    if (match !== undefined) this.#at = expected.lastIndex;
    return match;
  }
}

function flagged(flags: Flags, on = '', off = ''): Flags {
  const isOn = (flag: string, before: boolean): boolean => (before || on.includes(flag)) && !off.includes(flag);
  return { ignoreCase: isOn('i', flags.ignoreCase), dotAll: isOn('s', flags.dotAll) };
}

function literal(code: number, flags: Flags): RegexpNode {
  if (!flags.ignoreCase) return { kind: 'char', code };
  if (code >= ASCII) return inAnyCase(String.fromCodePoint(code));
  if (!isLetter(code)) return { kind: 'char', code };
  const set = new Uint8Array(SET_SIZE);
  set[code] = set[code ^ 0x20] = 1;
  return { kind: 'class', set };
}

function inAnyCase(char: string): RegexpNode {
  const cases = casesOf(char);
  if (cases === undefined) throw new Unsupported();
  const of = cases.map((each): RegexpNode => ({ kind: 'char', code: each.codePointAt(0)! }));
  return of.length === 1 ? of[0]! : { kind: 'alternate', of };
}

function perlClass(char: string): Uint8Array | undefined {
  const set = { d: DIGIT, w: WORD, s: SPACE }[char.toLowerCase()];
  if (set === undefined) return undefined;
  return char === char.toLowerCase() ? set : complement(set);
}

function addAll(set: Uint8Array, added: Uint8Array): void {
  for (let code = 0; code < SET_SIZE; code++) set[code]! |= added[code]!;
}

/** Whether a class may contain characters beyond ASCII: of its own, or as the other cases of k and s (\u212a, \u017f). */
export function mayContainOthers(set: Uint8Array): boolean {
  const hasBothCases = (letter: string): boolean =>
    set[letter.charCodeAt(0)] === 1 && set[letter.toUpperCase().charCodeAt(0)] === 1;
  return set[OTHERS] === 1 || hasBothCases('k') || hasBothCases('s');
}

function withBothCases(set: Uint8Array): Uint8Array {
  return set.map((mark, code) => (isLetter(code) ? mark | set[code ^ 0x20]! : mark));
}

function isLetter(code: number): boolean {
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x5a;
}

function complement(set: Uint8Array): Uint8Array {
  return set.map((mark) => 1 - mark);
}

function full(): Uint8Array {
  return new Uint8Array(SET_SIZE).fill(1);
}

function without(code: number): Uint8Array {
  const set = full();
  set[code] = 0;
  return set;
}

/** @param ranges  characters and ranges like `a-z` */
function setOf(ranges: string): Uint8Array {
  const set = new Uint8Array(SET_SIZE);
  for (let i = 0; i < ranges.length; i++) {
    const isRange = ranges[i + 1] === '-' && i + 2 < ranges.length;
    const low = ranges.charCodeAt(i);
    set.fill(1, low, ranges.charCodeAt(isRange ? i + 2 : i) + 1);
    if (isRange) i += 2;
  }
  return set;
}

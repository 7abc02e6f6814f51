/**
 * Expressions for V8's engine, which is fast, and which falls back to its linear-time engine after a number of
 * backtracks, so that no expression blocks a thread. It does so only for expressions that its linear engine can run,
 * which is tested first. It does not count the steps of simple loops, so `a+x` on many `a` takes time quadratic in the
 * text; that is acceptable in texts of up to NATIVE_CHARS_MAX. Source: https://v8.dev/blog/non-backtracking-regexp
 */
import { setFlagsFromString } from 'node:v8';
import { OTHERS, type RegexpNode } from './syntax.ts';

/** At worst half a million steps of a simple loop, which take half a millisecond. */
export const NATIVE_CHARS_MAX = 1024;

/** They take some hundred microseconds. */
const BACKTRACKS_MAX = 10_000;
/** A flag of V8 that is not in the standard: linear time. */
const LINEAR = 'l';

let isArmed = false;

/** Sets V8's flags. They affect expressions that are made, and threads that start, after this. */
function arm(): void {
  if (isArmed) return;
  setFlagsFromString('--enable-experimental-regexp-engine');
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  setFlagsFromString(`--regexp-backtracks-before-fallback=${BACKTRACKS_MAX}`);
  isArmed = true;
}

/** An expression for both of V8's engines. */
export interface NativeRegexp {
  /** Used for texts of up to NATIVE_CHARS_MAX. */
  readonly fast: RegExp;
  /** Runs at 5–9 MB/s, whatever the text. */
  readonly linear: RegExp;
}

/**
 * Compiles a tree into an expression for Latin-1 text.
 * @param flags  of the standard, such as `g`; neither `i` nor `u`, with which there is no fallback
 * @returns undefined where the linear engine cannot run it
 */
export function nativeRegexp(tree: RegexpNode, flags = ''): NativeRegexp | undefined {
  arm();
  const source = sourceOf(tree);
  try {
    return { fast: new RegExp(source, flags), linear: new RegExp(source, flags + LINEAR) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sourceOf(node: RegexpNode): string {
  switch (node.kind) {
    case 'char':
      return charSource(node.code);
    case 'class':
      return classSource(node.set);
    case 'assert':
      return { start: '^', end: '$', boundary: '\\b', 'no boundary': '\\B' }[node.what];
    case 'concat':
      return node.of.map((each) => (each.kind === 'alternate' ? `(?:${sourceOf(each)})` : sourceOf(each))).join('');
    case 'alternate':
      return node.of.map(sourceOf).join('|');
    case 'repeat': {
      const { of, min, max, isLazy } = node;
      const range = max === Infinity ? `{${min},}` : `{${min},${max}}`;
      return `(?:${sourceOf(of)})${range}${isLazy ? '?' : ''}`;
    }
  }
}

function charSource(code: number): string {
  const char = String.fromCodePoint(code);
  if (/^[0-9A-Za-z_ ]$/.test(char)) return char;
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function classSource(set: Uint8Array): string {
  const ranges: string[] = [];
  for (let low = set.indexOf(1); low >= 0 && low < OTHERS;) {
    let high = low;
    while (high + 1 < OTHERS && set[high + 1] === 1) high++;
    ranges.push(low === high ? charSource(low) : `${charSource(low)}-${charSource(high)}`);
    low = set.indexOf(1, high + 1);
  }
  if (set[OTHERS] === 1) ranges.push('\\u0080-\\uffff');
  return `[${ranges.join('')}]`;
}

/**
 * The elements of an array, which is one value of a line: a filter on a value also matches them. Elements of nested
 * arrays count as the outer one's, and members of objects in arrays have names as if there were no array around them.
 */
import { fieldAnswer } from './answer.ts';
import { cutObject } from './line-formats/cut-object.ts';
import { DEPTH_MAX, KIND_ARRAY, KIND_STRING } from './format.ts';
import { nestedEnd, skipSpace, stringEnd } from './line-formats/json-scan.ts';
import { Tokens } from './line-formats/tokens.ts';
import { unescaped } from './unescaped.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;

/** By depth: values of objects in arrays, one object for all of them. */
const tokensAt: Tokens[] = [];

/**
 * Whether an element of an array passes, with its escapes resolved.
 * @param array  from `[` to its `]`
 * @param path   of members of objects in the array, keys joined by dots; empty for the elements themselves
 */
export function someElement(array: Buffer, path: string, test: (element: Buffer) => boolean): boolean {
  return someOf(array, path, 1, test);
}

function someOf(array: Buffer, path: string, depth: number, test: (element: Buffer) => boolean): boolean {
  if (depth > DEPTH_MAX) return false;
  const end = array.length;
  for (let at = skipSpace(array, 1, end); at < end; at = skipSpace(array, at, end)) {
    const byte = array[at]!;
    if (byte === COMMA) at++;
    else if (byte === QUOTE) {
      const close = stringEnd(array, at + 1, end);
      if (close < 0) return false;
      if (path === '' && test(unescaped(array.subarray(at + 1, close)))) return true;
      at = close + 1;
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      const close = nestedEnd(array, at, end);
      if (close < 0) return false;
      const nested = array.subarray(at, close);
      if (byte === OPEN_BRACKET ? someOf(nested, path, depth + 1, test) : isMember(nested, path, depth, test))
        return true;
      at = close;
    } else {
      const close = scalarEnd(array, at, end);
      if (path === '' && close > at && test(array.subarray(at, close))) return true;
      at = close === at ? close + 1 : close;
    }
  }
  return false;
}

/** Whether the last member with this path passes, or an element of an array there. */
function isMember(object: Buffer, path: string, depth: number, test: (element: Buffer) => boolean): boolean {
  if (path === '') return false;
  const tokens = (tokensAt[depth] ??= new Tokens({ areNamed: true }));
  tokens.reset();
  cutObject(object, 0, object.length, tokens);
  const answer = fieldAnswer(path, tokens);
  if (answer === undefined) return false;
  const value = object.subarray(tokens.starts[answer.slot], tokens.ends[answer.slot]);
  const kind = tokens.kinds[answer.slot];
  if (kind === KIND_ARRAY) return someOf(value, answer.path, depth + 1, test);
  return test(kind === KIND_STRING ? unescaped(value) : value);
}

/** Returns the offset of the comma, the bracket or the space after a value without quotes. */
function scalarEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACKET && skipSpace(bytes, at, at + 1) === at) at++;
  return at;
}

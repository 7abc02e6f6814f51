/**
 * Expressions of an operator's own, run on lines that anybody may have written. What cannot be run in linear time
 * (look-around, back references, modifiers, counts above 16, which nested ones multiply to) is refused with the reason.
 */
import { linearRegExp } from '../linear-regexp.ts';

/** Longer ones are lists of words, and each character costs time for each byte of a line. */
export const EXPRESSION_CHARS_MAX = 256;

/**
 * An expression that is found in lines of up to a megabyte. It sees a line's bytes, one character each: it is ASCII itself,
 * and `[^"]` also stands for a byte of UTF-8.
 * @throws SyntaxError  what is wrong, and what to do
 */
export function compileExpression(expression: string, ignoreCase: boolean): RegExp {
  if (!/^[\x20-\x7e]+$/.test(expression)) throw new SyntaxError('must be printable ASCII, and not empty');
  const compiled = compile(expression, ignoreCase ? 'gi' : 'g');
  if (compiled.test('')) throw new SyntaxError('matches nothing at all, so it would match everywhere: use + for *');
  return compiled;
}

/**
 * A pattern for the first line of an entry, of which it sees the beginning as text.
 * @throws SyntaxError  what is wrong, and what to do
 */
export function compileStartPattern(pattern: string): RegExp {
  return compile(pattern, '');
}

function compile(expression: string, flags: string): RegExp {
  if (expression.length > EXPRESSION_CHARS_MAX) {
    throw new SyntaxError(`is longer than ${EXPRESSION_CHARS_MAX} characters: shorten it`);
  }
  try {
    return linearRegExp(expression, flags);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!message.includes('linear time')) {
      // V8: "Invalid regular expression: /(/l: Unterminated group".
      const problem = message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
      const advice = 'a character that stands for itself takes a backslash, such as \\( or \\[';
      throw new SyntaxError(`is not a valid regular expression: ${problem}; ${advice}`, { cause });
    }
    const advice =
      'look-around, back references, modifiers such as (?i:x) and counts above 16 cannot be run in linear time';
    throw new SyntaxError(`${advice}: do without, + for a larger count`, { cause });
  }
}

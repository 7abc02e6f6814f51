/**
 * Expressions of an operator's own, found in lines of up to a megabyte. What cannot be run in linear time (look-around,
 * back references, large counts) is refused with the reason.
 *
 * An expression sees a line's bytes, one character each: it is ASCII itself, and `[^"]` also stands for a byte of UTF-8.
 */
import { linearRegExp } from '../linear-regexp.ts';

/** Longer ones are lists of words, and each character costs time for each byte of a line. */
export const EXPRESSION_CHARS_MAX = 256;

/** @throws SyntaxError  what is wrong, and what to do */
export function compileExpression(expression: string, ignoreCase: boolean): RegExp {
  if (expression.length > EXPRESSION_CHARS_MAX) {
    throw new SyntaxError(`is longer than ${EXPRESSION_CHARS_MAX} characters: make it two`);
  }
  if (!/^[\x20-\x7e]+$/.test(expression)) throw new SyntaxError('must be printable ASCII, and not empty');
  const compiled = compile(expression, ignoreCase);
  if (compiled.test('')) throw new SyntaxError('matches nothing at all, so it would match everywhere: use + for *');
  return compiled;
}

function compile(expression: string, ignoreCase: boolean): RegExp {
  try {
    return linearRegExp(expression, ignoreCase ? 'gi' : 'g');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!message.includes('linear time')) throw new SyntaxError(message, { cause });
    const advice = 'look-around, back references and large counts such as {2,300} cannot be run in linear time';
    throw new SyntaxError(`${advice}: do without, + for a count`, { cause });
  }
}

/**
 * Compiles an operator's own expressions, which run on lines from anyone. They have RE2's syntax, which has nothing
 * that takes more than linear time.
 */
import { assertRegexp, compileFind, type Find, Regexp } from '../regexp/regexp.ts';

/** Longer ones are lists of words, and each character costs time for each byte of a line. */
const EXPRESSION_CHARS_MAX = 256;

/**
 * Compiles an expression that is searched for in lines of up to a megabyte. It is matched on a line's bytes, one
 * character each: the expression itself is ASCII, and `[^"]` also matches a byte of UTF-8.
 * @throws SyntaxError  with what is wrong, and what to do
 */
export function compileExpression(expression: string, ignoreCase: boolean): Find {
  if (!/^[\x20-\x7e]+$/.test(expression)) throw new SyntaxError('must be printable ASCII, and not empty');
  const find = explained(expression, () => compileFind(ignoreCase ? `(?i)${expression}` : expression));
  if (find('', 0, { start: 0, end: 0 }))
    throw new SyntaxError('matches nothing at all, so it would match everywhere: use + for *');
  return find;
}

/**
 * Compiles a regular expression for the first line of an entry, matched on the beginning of the line as text.
 * @throws SyntaxError  with what is wrong, and what to do
 */
export function compileStartPattern(pattern: string): Regexp {
  return explained(pattern, () => {
    assertRegexp(pattern);
    return new Regexp(pattern);
  });
}

function explained<T>(expression: string, compile: () => T): T {
  if (expression.length > EXPRESSION_CHARS_MAX) {
    throw new SyntaxError(`is longer than ${EXPRESSION_CHARS_MAX} characters: shorten it`);
  }
  try {
    return compile();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`is not a valid regular expression: ${cause.message}${adviceOn(cause.message)}`, { cause });
  }
}

function adviceOn(problem: string): string {
  if (/Perl syntax|escape sequence/.test(problem)) return '; RE2 has no look-around and no back references';
  if (/missing|unexpected|range/.test(problem)) return '; a literal character takes a backslash, such as \\( or \\[';
  return '';
}

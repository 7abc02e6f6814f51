/**
 * Regular expressions of an operator's own, run on lines that anybody may have written. V8's linear-time engine runs them,
 * so that none can be slow by more than its length, whatever the line. Source:
 * https://v8.dev/blog/non-backtracking-regexp
 */
import { setFlagsFromString } from 'node:v8';

/** Linear time; a flag of V8 that is not in the standard. */
const LINEAR = 'l';

let isKnown = false;

/**
 * @param flags  besides the one for linear time
 * @throws SyntaxError  it is no expression, or one that cannot be run in linear time
 */
export function linearRegExp(expression: string, flags = ''): RegExp {
  // It only makes the flag known; other expressions run as ever.
  if (!isKnown) setFlagsFromString('--enable-experimental-regexp-engine');
  isKnown = true;
  return new RegExp(expression, flags + LINEAR);
}

/** The pattern that begins an entry, as a flag has it: text that compiles. */
import { compileStartPattern } from '../../shared/rules/expression.ts';

export function parseStartPattern(text: string): string | undefined {
  if (text === 'none') return undefined;
  try {
    compileStartPattern(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new RangeError(cause.message, { cause });
  }
  return text;
}

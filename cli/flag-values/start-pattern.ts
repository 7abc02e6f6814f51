/** The expression that begins an entry, as a flag has it: text that compiles. */
import { compileStartPattern } from '../../agent/start-pattern.ts';

export function parseStartPattern(text: string): string | undefined {
  if (text === 'none') return undefined;
  try {
    compileStartPattern(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const what = 'must be a regular expression without look-around and back-references, such as ^\\d{4}-';
    throw new RangeError(what, { cause });
  }
  return text;
}

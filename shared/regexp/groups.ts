/** Regular expressions whose groups are wanted. They run on RE2JS alone, in linear time. */
import { assertRegexp, loadRe2js } from './regexp.ts';

export interface GroupMatch {
  readonly start: number;
  readonly end: number;
  /** The match, and each group; undefined for one that has no part in it. */
  readonly values: readonly (string | undefined)[];
  /** Name of a group → its number. */
  readonly names: Readonly<Record<string, number>>;
}

/**
 * Returns a function that finds the first match at or after a character.
 * @throws SyntaxError  with what is wrong, and where
 */
export function compileGroups(pattern: string): (text: string, from: number) => GroupMatch | undefined {
  assertRegexp(pattern);
  const compiled = loadRe2js().RE2JS.compile(pattern);
  const names = { ...compiled.namedGroups() };
  const count = compiled.groupCount();
  return (text, from) => {
    const matcher = compiled.matcher(text);
    if (!matcher.find(from)) return undefined;
    const values = Array.from({ length: count + 1 }, (_, i) => matcher.group(i) ?? undefined);
    return { start: matcher.start(), end: matcher.end(), values, names };
  };
}

/** Regular expressions in RE2's syntax whose matches and groups are needed. */
import { LRUCache } from 'lru-cache';
import { compileGroups, type GroupMatch } from '../../../../shared/regexp/groups.ts';
import { REGEXPS_KEPT_MAX } from '../../../limits.ts';

export interface Matches {
  /** Returns the first match. */
  readonly first: (text: string) => GroupMatch | undefined;
  readonly all: (text: string) => readonly GroupMatch[];
}

const ofPattern = new LRUCache<string, Matches>({ max: REGEXPS_KEPT_MAX });

/** @throws SyntaxError */
export function compileMatches(pattern: string): Matches {
  const known = ofPattern.get(pattern);
  if (known !== undefined) return known;
  const find = compileGroups(pattern);
  const made: Matches = { first: (text) => find(text, 0), all: (text) => allOf(find, text) };
  ofPattern.set(pattern, made);
  return made;
}

function allOf(find: ReturnType<typeof compileGroups>, text: string): GroupMatch[] {
  const matches: GroupMatch[] = [];
  for (let at = 0; at <= text.length;) {
    const match = find(text, at);
    if (match === undefined) break;
    // An empty match right after another one does not count.
    const isCounted = match.end > match.start || match.start !== matches.at(-1)?.end;
    if (isCounted) matches.push(match);
    at = match.end > match.start ? match.end : match.end + (text.codePointAt(match.end)! > 0xffff ? 2 : 1);
  }
  return matches;
}

/** Replaces `$1`, `${name}` and `$$` in a text as Go's Expand does: a name is as long as it can be. */
export function expanded(text: string, { values, names }: Pick<GroupMatch, 'values' | 'names'>): string {
  return text.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, short: string | undefined, long: string | undefined) => {
    if (whole === '$$') return '$';
    const name = (short ?? long)!;
    return (/^\d+$/.test(name) ? values[Number(name)] : values[names[name] ?? -1]) ?? '';
  });
}

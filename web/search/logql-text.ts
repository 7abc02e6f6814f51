/** What the text of a query says at a glance. */
import { isOfLines } from './is-logql.ts';

/** The texts that its lines must contain, to be marked in them; in lower case. */
export function searchedTexts(query: string): string[] {
  if (!isOfLines(query)) return [];
  const found = [...query.matchAll(/\|=\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)];
  return found
    .map(([, quoted = '', raw]) => (raw ?? quoted.replaceAll(/\\(.)/g, '$1')).toLowerCase())
    .filter((text) => text !== '');
}

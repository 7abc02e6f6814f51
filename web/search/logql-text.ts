/** What the text of a query says at a glance. */

/** Whether it asks for lines: a metric begins with a function or a number. */
export function isOfLines(query: string): boolean {
  return /^(?:[\s(]|#.*\n)*\{/.test(query);
}

/** The texts that its lines must contain, to be marked in them; in lower case. */
export function searchedTexts(query: string): string[] {
  if (!isOfLines(query)) return [];
  const found = [...query.matchAll(/\|=\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)];
  return found
    .map(([, quoted = '', raw]) => (raw ?? quoted.replaceAll(/\\(.)/g, '$1')).toLowerCase())
    .filter((text) => text !== '');
}

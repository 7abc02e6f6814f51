/** Names of fields as names of labels. */

const PLAIN = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Other characters than letters, digits and `_` become `_`. */
export function sanitizedKey(key: string, isFirst: boolean): string {
  if (PLAIN.test(key)) return key;
  const name = key.trim().replaceAll(/[^a-zA-Z0-9_]/gu, '_');
  return isFirst && /^\d/.test(name) ? `_${name}` : name;
}

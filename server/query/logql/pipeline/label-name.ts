/** Names of fields as names of labels. */

/** Other characters than letters, digits and `_` become `_`. */
export function sanitizedKey(key: string, isFirst: boolean): string {
  const name = key.trim().replaceAll(/[^a-zA-Z0-9_]/g, '_');
  return isFirst && /^\d/.test(name) ? `_${name}` : name;
}

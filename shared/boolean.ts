/** Booleans as people write them, in parameters, flags, variables and annotations. */

export const BOOLEANS = 'true or false, yes or no, on or off, 1 or 0';

const TRUE: readonly string[] = ['true', 'yes', 'on', '1'];
const FALSE: readonly string[] = ['false', 'no', 'off', '0'];

/** Returns undefined for a text that is not a boolean. Case does not matter. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (TRUE.includes(word)) return true;
  return FALSE.includes(word) ? false : undefined;
}

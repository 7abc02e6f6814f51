/** Values that are too long for a row. */
import { oneLine } from './one-line.ts';

/** Characters of a value in a row. */
const CHARACTERS_MAX = 40;
const ELLIPSIS = '…';

/**
 * Returns a value for a row: in the middle of what has no spaces, such as a path, a URL, a hash or an id, characters are left out,
 * as both ends matter; other texts are cut at their end; of an array only the number of its items is shown.
 */
export function cutValue(
  value: string,
  charactersMax = CHARACTERS_MAX,
): { readonly text: string; readonly full?: string } {
  if (value.length <= charactersMax) return { text: oneLine(value) };
  const items = value.startsWith('[') ? itemsOf(value) : undefined;
  const full = oneLine(value);
  if (items !== undefined) return { text: `[${items} ${items === 1 ? 'item' : 'items'}]`, full };
  const characters = Array.from(full);
  if (characters.length <= charactersMax) return { text: full };
  const kept = charactersMax - 1;
  const ahead = /\s/.test(value) ? kept : Math.ceil(kept / 2);
  const behind = kept - ahead;
  const end = behind === 0 ? '' : characters.slice(-behind).join('');
  return { text: characters.slice(0, ahead).join('') + ELLIPSIS + end, full };
}

/** Returns undefined for what is not an array of JSON. */
function itemsOf(value: string): number | undefined {
  try {
    const array: unknown = JSON.parse(value);
    return Array.isArray(array) ? array.length : undefined;
  } catch {
    return undefined;
  }
}

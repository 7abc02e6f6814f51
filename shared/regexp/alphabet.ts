/**
 * The characters of matches. A text can be cut at a character that no match contains: its parts are searched alone, and a
 * part need not be searched that lacks a character which each match contains.
 */
import { isNullable } from './nullable.ts';
import { mayContainOthers, OTHERS, type RegexpNode } from './syntax.ts';

/** ASCII code, or OTHERS for all other characters → 1 where a match may contain it. */
export type Alphabet = Uint8Array;

/** Returns undefined for an expression that matches nothing in particular: an empty match is anywhere. */
export function alphabetOf(tree: RegexpNode): Alphabet | undefined {
  if (isNullable(tree)) return undefined;
  const alphabet = new Uint8Array(OTHERS + 1);
  addTo(alphabet, tree);
  return alphabet;
}

function addTo(alphabet: Alphabet, node: RegexpNode): void {
  switch (node.kind) {
    case 'char':
      alphabet[Math.min(node.code, OTHERS)] = 1;
      return;
    case 'class':
      for (let code = 0; code < OTHERS; code++) if (node.set[code] === 1) alphabet[code] = 1;
      if (mayContainOthers(node.set)) alphabet[OTHERS] = 1;
      return;
    case 'assert':
      return;
    case 'concat':
    case 'alternate':
      for (const each of node.of) addTo(alphabet, each);
      return;
    case 'repeat':
      addTo(alphabet, node.of);
  }
}

/**
 * Returns false where a text cannot contain a match, because it lacks characters.
 * @param has  whether the text may contain the character of an ASCII code; or for OTHERS, any other
 */
export function mayBeIn(tree: RegexpNode, has: (code: number) => boolean): boolean {
  switch (tree.kind) {
    case 'char':
      return has(Math.min(tree.code, OTHERS));
    case 'class':
      return tree.set.some((isIn, code) => isIn === 1 && has(code)) || (mayContainOthers(tree.set) && has(OTHERS));
    case 'assert':
      return true;
    case 'concat':
      return tree.of.every((each) => mayBeIn(each, has));
    case 'alternate':
      return tree.of.some((each) => mayBeIn(each, has));
    case 'repeat':
      return tree.min === 0 || mayBeIn(tree.of, has);
  }
}

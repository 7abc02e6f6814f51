/** The parts of a search text that advice is about: its names, and the terms that must all match. */
import { tokensOf } from './lexer.ts';
import { parseSearchText } from './parser.ts';
import { printSearch } from './print.ts';
import type { Range } from './tree.ts';
import { textOfQuoted } from './words.ts';

export interface Term {
  readonly text: string;
  /** The search text without it; undefined where nothing is left. */
  readonly rest: string | undefined;
}

export interface NameInText extends Range {
  readonly name: string;
}

/** @throws ParameterError */
export function termsOf(text: string): readonly Term[] {
  const tree = parseSearchText(text);
  if (tree.kind !== 'all') return [{ text, rest: undefined }];
  return tree.of.map((term) => {
    const others = tree.of.filter((each) => each !== term);
    const rest = others.length === 1 ? others[0]! : { ...tree, of: others };
    return { text: text.slice(term.range.start, term.range.end), rest: printSearch(rest) };
  });
}

export function namesOf(text: string): readonly NameInText[] {
  return tokensOf(text)
    .filter(({ kind }) => kind === 'name')
    .map(({ start, end }) => {
      const written = text.slice(start, end);
      return { start, end, name: written.startsWith('"') ? textOfQuoted(written) : written };
    });
}

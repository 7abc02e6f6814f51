/**
 * How texts are written in a search text, and read from it. Outside of quotes a backslash makes the sign after it a part of the
 * text, and `*` is any run of characters; between quotes there are only `\"` and `\\`. A backslash before a letter or a
 * digit is itself, as in `C:\new`.
 */
import type { SearchRegexp } from './tree.ts';

const ESCAPABLE = /[^\p{L}\p{N}]/u;

/** Reads a word: texts with a `*` between them. */
export function partsOfWord(word: string): readonly string[] {
  const parts: string[] = [''];
  let part = '';
  for (let at = 0; at < word.length; at++) {
    const char = word[at]!;
    if (char === '*') {
      parts[parts.length - 1] = part;
      parts.push((part = ''));
    } else if (char === '\\' && at + 1 < word.length && isEscapable(word, at + 1)) part += word[++at]!;
    else part += char;
  }
  parts[parts.length - 1] = part;
  return parts;
}

/** Half of a surrogate pair cannot be escaped. */
function isEscapable(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code < 0xd800 || code > 0xdfff) && ESCAPABLE.test(text[at]!);
}

/** @param parts  texts with a `*` between them @param escape  whether every sign is escaped, or only the necessary ones */
export function wordOfParts(parts: readonly string[], escape: 'all' | 'necessary'): string {
  const signs = escape === 'all' ? /[^\p{L}\p{N}\u{d800}-\u{dfff}\u{10000}-\u{10ffff}]/gu : /[\s*"()\\]/g;
  return parts.map((part) => part.replaceAll(signs, '\\$&')).join('*');
}

/** Reads a text between quotes. */
export function textOfQuoted(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
}

export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Reads an expression between slashes, with an `i` after them where case does not matter. */
export function patternOfRegexp(text: string): { readonly pattern: string; readonly ignoreCase: boolean } {
  const ignoreCase = text.endsWith('i');
  return { pattern: plainPattern(text.slice(1, ignoreCase ? -2 : -1)), ignoreCase };
}

/** Returns a pattern whose slashes and spaces are not escaped. */
export function plainPattern(pattern: string): string {
  return pattern.replaceAll(/\\([\s\S])/g, (pair, char: string) => (/[/\s]/.test(char) ? char : pair));
}

/** @param escape  whether spaces are escaped, too */
export function writtenRegexp({ pattern, ignoreCase }: SearchRegexp, escape: 'all' | 'necessary'): string {
  const signs = escape === 'all' ? /^[/\s]$/ : /^\/$/;
  const inside = pattern.replaceAll(/\\[\s\S]|[/\s]/g, (each) => (signs.test(each) ? `\\${each}` : each));
  return `/${inside}/${ignoreCase ? 'i' : ''}`;
}

const REGEXP_START = /^\/\^/;
const REGEXP_END = /\$\/i?$/;
const REGEXP_SIGNS = /\\[dwsb]|\.[*+]/;

/** Whether a value was meant as an expression with slashes inside, such as `/^/api/`: no value of a log looks so. */
export function looksLikeRegexp(value: string): boolean {
  if (!value.startsWith('/')) return false;
  if (REGEXP_START.test(value) || REGEXP_END.test(value)) return true;
  return /\/i?$/.test(value) && REGEXP_SIGNS.test(value);
}

/** Whether a value is what people write for a class of statuses: `5xx`. */
export function isStatusClass(value: string): boolean {
  return /^[1-5]xx$/i.test(value);
}

/** The keywords of templates, and how errors name tokens. */
import { quoted } from '../../../../shared/go-quote.ts';
import type { TemplateToken } from './lexer.ts';

const KEYWORDS = ['if', 'with', 'range', 'else', 'end', 'break', 'continue', 'define', 'template', 'block'] as const;
type Keyword = (typeof KEYWORDS)[number];

export function isKeyword(text: string): text is Keyword {
  return (KEYWORDS as readonly string[]).includes(text);
}

/** Characters of a token that an error shows. */
const NAMED_CHARS_MAX = 10;

/** Returns a token as Go names it. */
export function named({ text, kind }: TemplateToken): string {
  if (kind === 'word' && isKeyword(text)) return `<${text}>`;
  const chars = Array.from(text);
  return chars.length > NAMED_CHARS_MAX ? `${quoted(chars.slice(0, NAMED_CHARS_MAX).join(''))}...` : quoted(text);
}

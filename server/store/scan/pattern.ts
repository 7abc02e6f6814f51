/**
 * What a value is compared with: a text, or a text with `*` for any run of characters. Patterns are matched against the
 * bytes of values; a `*` never backtracks, so a match takes time linear in the value for each part.
 */
import { Buffer } from 'node:buffer';
import { matchesWildcard } from '../../../shared/wildcard.ts';

export type Pattern =
  | { readonly kind: 'equals'; readonly text: Uint8Array }
  /** parts[0] `*` parts[1] `*` … ; at least two parts, any of which may be empty. */
  | { readonly kind: 'wildcard'; readonly parts: readonly Buffer[] };

/** Reads `*` as a wildcard and `\` before `*` or `\` as "that character itself". */
export function parsePattern(text: string): Pattern {
  const parts: string[] = [''];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    const escaped = char === '\\' && (text[i + 1] === '*' || text[i + 1] === '\\');
    if (char === '*') parts.push('');
    else parts[parts.length - 1]! += escaped ? text[++i]! : char;
  }
  const bytes = parts.map((part) => Buffer.from(part));
  return bytes.length === 1 ? { kind: 'equals', text: bytes[0]! } : { kind: 'wildcard', parts: bytes };
}

export function matchesAny(patterns: readonly Pattern[], value: Buffer): boolean {
  for (const pattern of patterns) if (matches(pattern, value)) return true;
  return false;
}

export function matches(pattern: Pattern, value: Buffer): boolean {
  return pattern.kind === 'equals'
    ? value.equals(pattern.text)
    : matchesWildcard(pattern.parts, value, 0, value.length);
}

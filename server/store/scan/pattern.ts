/**
 * What a value is compared with: a text, or a text with `*` for any run of characters. Patterns are matched against the
 * bytes of values; a `*` never backtracks, so a match takes time linear in the value for each part.
 */
import { Buffer } from 'node:buffer';

export type Pattern =
  | { readonly kind: 'equals'; readonly text: Uint8Array }
  /** parts[0] `*` parts[1] `*` … ; at least two parts, any of which may be empty. */
  | { readonly kind: 'wildcard'; readonly parts: readonly Uint8Array[] };

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
  if (pattern.kind === 'equals') return value.equals(pattern.text);
  const { parts } = pattern;
  const first = parts[0]!;
  const last = parts[parts.length - 1]!;
  const end = value.length - last.length;
  if (end < first.length) return false;
  if (!value.subarray(0, first.length).equals(first) || !value.subarray(end).equals(last)) return false;
  let at = first.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i]!;
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

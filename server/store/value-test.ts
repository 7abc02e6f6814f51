/** Parses a value as people write it into a test of values. */
import { Buffer } from 'node:buffer';
import type { ValueTest } from './predicate.ts';

/** Reads `*` as a wildcard and `\` before `*` or `\` as an escape. */
export function parsePattern(text: string): ValueTest {
  return testOfParts(partsOfPattern(text));
}

/** Returns the texts before, between and after each `*`. */
export function partsOfPattern(text: string): readonly string[] {
  const parts: string[] = [''];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    const escaped = char === '\\' && (text[i + 1] === '*' || text[i + 1] === '\\');
    if (char === '*') parts.push('');
    else parts[parts.length - 1]! += escaped ? text[++i]! : char;
  }
  return parts;
}

export function testOfParts(parts: readonly string[]): ValueTest {
  const bytes = parts.map((part) => Buffer.from(part));
  return bytes.length === 1 ? { kind: 'equals', text: bytes[0]! } : { kind: 'wildcard', parts: bytes };
}

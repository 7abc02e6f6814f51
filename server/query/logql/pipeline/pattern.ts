/** `| pattern "<ip> - <_> [<time>]"`, and lines that fit a pattern (`|>`). */
import { type PatternPart, parsePatternText } from '../syntax/pattern-text.ts';
import type { Run, Wanted } from './stage.ts';

export function patternStage(text: string, { nothing, isWanted }: Wanted): Run {
  const parts = parsePatternText(text);
  return ({ line, labels }) => {
    if (nothing) return true;
    for (const [field, value] of captures(parts, line)) {
      const name = labels.claim(field, isWanted);
      if (name !== undefined) labels.set(name, value);
    }
    return true;
  };
}

/** A line that ends early fills the leading captures. */
function captures(parts: readonly PatternPart[], line: string): [name: string, value: string][] {
  const found: [string, string][] = [];
  const [head] = parts;
  let at = 0;
  let next = 0;
  if (head?.kind === 'literal') {
    if (!line.startsWith(head.text)) return [];
    at = head.text.length;
    next = 1;
  }
  if (line === '') return [];
  while (next < parts.length) {
    const part = parts[next++]!;
    const literal = parts[next++];
    const end = literal?.kind === 'literal' ? line.indexOf(literal.text, at) : -1;
    if (part.kind === 'capture') found.push([part.name, end < 0 ? line.slice(at) : line.slice(at, end)]);
    if (end < 0) return found;
    at = end + (literal as { text: string }).text.length;
  }
  return found;
}

/**
 * Whether a line fits a pattern, up to its end: gaps are not empty. Anything may be before a text that it begins with, as Loki
 * has it.
 */
export function fits(parts: readonly PatternPart[], line: string): boolean {
  if (line === '' || parts.length === 0) return line === '' && parts.length === 0;
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'literal') continue;
    const found = line.indexOf(part.text, at);
    if (found < 0 || (i > 0 && found === at)) return false;
    at = found + part.text.length;
  }
  const endsWithGap = parts.at(-1)!.kind !== 'literal';
  return endsWithGap === at < line.length;
}

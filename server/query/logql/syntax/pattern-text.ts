/** The text of `| pattern "<ip> - <_> [<time>]"` and of the line filters `|>` and `!>`, as data. */

/** A literal text, a capture, or a gap (`<_>`), whose text is not kept. */
export type PatternPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'capture'; readonly name: string }
  | { readonly kind: 'gap' };

const CAPTURE = /<([a-zA-Z_][a-zA-Z0-9_]*)>/g;

export function parsePatternText(text: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let end = 0;
  for (const match of text.matchAll(CAPTURE)) {
    if (match.index > end) parts.push({ kind: 'literal', text: text.slice(end, match.index) });
    parts.push(match[1] === '_' ? { kind: 'gap' } : { kind: 'capture', name: match[1]! });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ kind: 'literal', text: text.slice(end) });
  return parts;
}

/** Returns what is wrong with a pattern whose captures become labels. */
export function patternProblem(parts: readonly PatternPart[]): string | undefined {
  if (parts.length === 0) {
    return 'parse error at line 1, col 1: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL';
  }
  const names = parts.flatMap((part) => (part.kind === 'capture' ? [part.name] : []));
  if (names.length === 0) return 'at least one capture is required';
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  return (
    consecutiveProblem(parts) ??
    (repeated === undefined ? undefined : `duplicate capture name (${repeated}): invalid expression`)
  );
}

/** Returns what is wrong with a pattern that lines are filtered by. */
export function filterPatternProblem(parts: readonly PatternPart[]): string | undefined {
  const named = parts.find(({ kind }) => kind === 'capture');
  return named === undefined ? consecutiveProblem(parts) : `named captures are not allowed: found '${written(named)}'`;
}

function consecutiveProblem(parts: readonly PatternPart[]): string | undefined {
  const at = parts.findIndex((part, i) => i > 0 && part.kind !== 'literal' && parts[i - 1]!.kind !== 'literal');
  if (at < 0) return undefined;
  return `found consecutive capture '${written(parts[at - 1]!)}${written(parts[at]!)}': invalid expression`;
}

function written(part: PatternPart): string {
  if (part.kind === 'literal') return part.text;
  return part.kind === 'gap' ? '<_>' : `<${part.name}>`;
}

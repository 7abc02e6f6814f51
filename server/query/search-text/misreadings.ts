/**
 * Terms side by side that are a condition in another language, such as `status eq 502`, `path LIKE "/api/%"` and `latency_ms>1 s`.
 * As texts they would find lines that have these words, and the answer would look like that of the condition.
 */
import type { Token } from './lexer.ts';
import {
  spacedUnit,
  SQL,
  sqlList,
  statusClass,
  UNESCAPED_SLASH,
  VALUE_NOT,
  wordOperator,
  type Problem,
} from './problems.ts';
import type { Range, SearchNode } from './tree.ts';
import { isStatusClass, looksLikeRegexp, wordOfParts, writtenRegexp } from './words.ts';

export interface Misreading {
  readonly place: Range;
  readonly problem: Problem;
}

const NAME = /^[\p{L}_@$][\p{L}\p{N}_.@$-]*$/u;
const UNIT = /^(?:ns|us|µs|μs|ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?|[kmgt]i?b|bytes?)$/i;
/** As quantities have them. */
const UNITS: readonly (readonly [words: RegExp, unit: string])[] = [
  [/^(?:sec|secs|seconds?)$/i, 's'],
  [/^(?:min|mins|minutes?)$/i, 'm'],
  [/^hours?$/i, 'h'],
  [/^days?$/i, 'd'],
  [/^bytes?$/i, 'B'],
];
const NUMBER = /^-?\d+(?:[.,]\d+)*%?$/;
/** As comparisons are written in words. */
const COMPARISONS: Readonly<Record<string, string>> = {
  eq: ':',
  ne: '!=',
  neq: '!=',
  gt: '>',
  gte: '>=',
  ge: '>=',
  lt: '<',
  lte: '<=',
  le: '<=',
  between: '>=',
};
/** As a pattern, whole, as a part, at the beginning and at the end of the value. */
const MATCHES: Readonly<Record<string, (value: string) => string>> = {
  like: (value) => wordOfParts(value.split('%'), 'necessary'),
  ilike: (value) => wordOfParts(value.split('%'), 'necessary'),
  rlike: expression,
  regexp: expression,
  matches: expression,
  contains: (value) => wordOfParts(['', value, ''], 'necessary'),
  includes: (value) => wordOfParts(['', value, ''], 'necessary'),
  startswith: (value) => wordOfParts([value, ''], 'necessary'),
  endswith: (value) => wordOfParts(['', value], 'necessary'),
};

function expression(pattern: string): string {
  return writtenRegexp({ kind: 'regexp', pattern, ignoreCase: false }, 'necessary');
}

/** Returns what is wrong with a word as a value. */
export function problemOfValue(word: string): Problem | undefined {
  if (looksLikeRegexp(word)) return UNESCAPED_SLASH;
  if (/^not$/i.test(word)) return VALUE_NOT;
  return isStatusClass(word) ? statusClass(word) : undefined;
}

/** Returns where a text has SQL: a statement whose conditions would be conditions here, or a list (`level in (error, warn)`). */
export function sqlIn(text: string, tokens: readonly Token[]): Misreading | undefined {
  const wordOf = ({ kind, start, end }: Token): string | undefined =>
    kind === 'word' ? text.slice(start, end).toLowerCase() : undefined;
  const words = tokens.map(wordOf);
  if (words[0] === 'select' && words.includes('from') && tokens.some(({ kind }) => kind === 'name')) {
    return { place: { start: 0, end: text.length }, problem: SQL };
  }
  const at = words.findIndex(
    (word, i) => word === 'in' && words[i - 1] !== undefined && tokens[i + 1]?.kind === 'open',
  );
  const [name, operator] = [tokens[at - 1], tokens[at]];
  if (name === undefined || operator === undefined) return undefined;
  return { place: operator, problem: sqlList(text.slice(name.start, name.end)) };
}

/**
 * @param terms  that must all match, in their order
 * @param isProse  also what may as well be a text: for one that finds nothing
 */
export function misreadingIn(terms: readonly SearchNode[], { isProse = false } = {}): Misreading | undefined {
  for (const [i, term] of terms.entries()) {
    const found = unitAfter(terms[i - 1], term) ?? operatorBetween(terms[i - 1], term, terms[i + 1], isProse);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unitAfter(before: SearchNode | undefined, term: SearchNode): Misreading | undefined {
  const unit = bareText(term);
  if (before?.kind !== 'compare' || unit === undefined || !UNIT.test(unit) || !NUMBER.test(before.operand))
    return undefined;
  const comparison = `${before.name}${before.operator}${before.operand}`;
  return {
    place: term.range,
    problem: spacedUnit(comparison, unit, UNITS.find(([words]) => words.test(unit))?.[1] ?? unit),
  };
}

function operatorBetween(
  before: SearchNode | undefined,
  term: SearchNode,
  after: SearchNode | undefined,
  isProse: boolean,
): Misreading | undefined {
  const name = before && bareText(before);
  const operator = bareText(term);
  if (name === undefined || operator === undefined || !NAME.test(name)) return undefined;
  const refuse = (example: string): Misreading => ({ place: term.range, problem: wordOperator(example) });
  const word = operator.toLowerCase();
  if ((isProse ? word : operator) === (isProse ? 'is' : 'IS') && after !== undefined) {
    if (isNull(after)) return refuse(`-${name}:*`);
    if (after.kind === 'not' && isNull(after.of)) return refuse(`${name}:*`);
  }
  const value = after?.kind === 'text' ? after.parts.join('*') : undefined;
  if (value === undefined || after?.kind !== 'text') return undefined;
  const sign = Object.hasOwn(COMPARISONS, word) ? COMPARISONS[word] : undefined;
  if (sign !== undefined && (NUMBER.test(value) || (after.isExact && word !== 'between')))
    return refuse(`${name}${sign}${wordOfParts([value], 'necessary')}`);
  const pattern = Object.hasOwn(MATCHES, word) ? MATCHES[word] : undefined;
  // Prose has these words, too, but neither in capitals nor before a quote.
  if (
    pattern === undefined ||
    !(isProse || after.isExact || value.includes('%') || operator === operator.toUpperCase())
  )
    return undefined;
  return refuse(`${name}:${pattern(value)}`);
}

function isNull(node: SearchNode): boolean {
  return bareText(node)?.toLowerCase() === 'null';
}

/** Returns the text of a word without wildcards or quotes. */
function bareText(node: SearchNode): string | undefined {
  return node.kind === 'text' && !node.isExact && node.parts.length === 1 ? node.parts[0] : undefined;
}

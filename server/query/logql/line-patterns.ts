/**
 * Patterns of lines as Loki's clients take them: texts with `<_>` for what varies, by which `|>` finds the lines, and how many
 * lines there were when. They are the patterns of ../patterns.ts, so they are known for all lines that are stored.
 */
import { PATTERNS_LIMIT_MAX } from '../../limits.ts';
import { LINE_PATTERN } from '../../store/asked-name.ts';
import type { LogView } from '../../store/log-store.ts';
import type { Query } from '../../store/query.ts';
import { countPatterns, examplesOf, withPatterns } from '../patterns.ts';
import { fits } from './pipeline/pattern.ts';
import { filterPatternProblem, parsePatternText } from './syntax/pattern-text.ts';
import { eachPart, type TimedPredicate } from './time-parts.ts';

interface LinePatternsQuestion {
  readonly predicate: TimedPredicate;
  readonly stepNs: bigint;
}

export interface LinePattern {
  readonly text: string;
  /** By steps since 1970, ascending. */
  readonly samples: readonly (readonly [bucket: number, lines: number])[];
}

/** Returns the patterns with most lines first. */
export async function linePatterns(
  { predicate, stepNs }: LinePatternsQuestion,
  view: LogView,
  query: Query,
): Promise<LinePattern[]> {
  const { shown } = await countPatterns(predicate, PATTERNS_LIMIT_MAX, (plan) => view.aggregate(plan, query));
  const texts = shown.map(({ text }) => text);
  if (texts.length === 0) return [];
  const examples = await examplesOf(texts, 1, predicate, view, query);
  const byText = new Map<string, Map<number, number>>();
  const countsOf = new Map<string, Map<number, number>>();
  for (const text of texts) {
    const asFilter = filterPattern(text, examples.get(text)![0]?.line ?? '');
    let counts = byText.get(asFilter);
    if (counts === undefined) byText.set(asFilter, (counts = new Map()));
    countsOf.set(text, counts);
  }
  const times = { from: predicate.from, to: predicate.to, stepNs };
  using memory = query.budget.memory.share();
  const plan = { ...withPatterns(predicate, texts), ...times, by: [LINE_PATTERN], measures: [] };
  await eachPart(plan, texts.length, view, query, (cells) => {
    for (const { by, bucket, rows } of cells) {
      const counts = countsOf.get(by[0]!)!;
      const before = counts.get(bucket);
      if (before === undefined) memory.add(SAMPLE_BYTES);
      counts.set(bucket, (before ?? 0) + rows);
    }
  });
  return [...byText].map(([text, counts]) => ({ text, samples: [...counts].toSorted(([a], [b]) => a - b) }));
}

const SAMPLE_BYTES = 200;

const GAP = '<_>';
/** Matches variables, ellipses of what was cut off, and what would be a capture. */
const VARYING = /⟨[^⟩]*⟩|…|<[a-zA-Z_]\w*>/g;

/**
 * Returns a pattern for `|>` that a line fits: a pattern may be a part of its lines, such as their message, or parts of it may be
 * in several fields, such as a method and a path.
 */
export function filterPattern(text: string, line: string): string {
  const whole = text.replaceAll(VARYING, GAP);
  const inFields = whole.replaceAll(' ', GAP);
  const candidates = [whole, inFields].flatMap((each) => [each, GAP + each, each + GAP, GAP + each + GAP]);
  const written = candidates.map((each) => each.replaceAll(/(?:<_>){2,}/g, GAP));
  return written.find((each) => isFilterOf(each, line)) ?? written[0]!;
}

function isFilterOf(text: string, line: string): boolean {
  const parts = parsePatternText(text);
  const [head] = parts;
  // `|>` takes what is before a first text, too; a pattern that shows where it begins says more.
  const isFromBegin = head?.kind !== 'literal' || line.startsWith(head.text);
  return text !== GAP && isFromBegin && filterPatternProblem(parts) === undefined && fits(parts, line);
}

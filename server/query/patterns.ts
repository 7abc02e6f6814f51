/**
 * What kinds of lines there are: the patterns with most lines, with their levels, their lines over time, and examples. All
 * answers are of one view, so the counts of a pattern add up.
 */
import { instantOf, formatInstant } from '../../shared/time.ts';
import type { Labels } from '../../shared/labels.ts';
import { LEVEL } from '../../shared/levels.ts';
import {
  AGGREGATE_LIMIT_MAX,
  EXAMPLE_BYTES_MAX,
  PATTERN_EXAMPLE_ROUNDS,
  PATTERN_EXAMPLES_NEWEST,
  PATTERN_SEARCHES_AT_ONCE,
  PATTERN_TREND_BUCKETS,
  PATTERNS_LIMIT_MAX,
} from '../limits.ts';
import type { AggregatePlan, Aggregation, Cell } from '../store/aggregate-plan.ts';
import { LINE_PATTERN } from '../store/asked-name.ts';
import { patternId } from '../store/line-pattern/line-pattern.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, normalised, type Predicate, leafOf } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { textAt } from '../store/block-texts.ts';
import { labelsAt, type RowBlock } from '../store/row-block.ts';
import type { Plan } from '../store/search-plan.ts';
import { type Histogram, histogram } from './histogram.ts';

export interface PatternsQuery {
  readonly predicate: Predicate;
  /** Patterns in the answer. */
  readonly limit: number;
  /** Examples of each pattern in the answer. */
  readonly examples: number;
  readonly nowMs: number;
}

export interface Patterns {
  /** All matching lines. */
  readonly rows: number;
  /** Lines of patterns that are not in the answer. */
  readonly otherRows: number;
  /** Number of patterns. */
  readonly patternCount: number;
  /** The error of this number, as a share of it; 0 where it is exact. */
  readonly patternCountError: number;
  /** Most lines first. */
  readonly patterns: readonly Pattern[];
  readonly trend: PatternTrend;
}

/** The buckets that each pattern has counts of. */
export interface PatternTrend {
  readonly stepSeconds: number;
  /** Starts of the buckets. */
  readonly times: readonly string[];
}

export interface Pattern {
  readonly id: string;
  readonly text: string;
  readonly rows: number;
  /** Lines by level; '' for none. */
  readonly levels: Readonly<Record<string, number>>;
  /** Lines by bucket of the trend. */
  readonly trend: readonly number[];
  /** The newest lines. */
  readonly examples: readonly Example[];
}

export interface Example {
  readonly time: string;
  readonly labels: Labels;
  readonly line: string;
  readonly isCut: boolean;
}

type Ask = Pick<LogView, 'aggregate' | 'search'>;

const COUNTED = { measures: [], stepNs: undefined };

/** @throws QueryTooLargeError, UnavailableError */
export async function patterns(
  { predicate, limit, examples, nowMs }: PatternsQuery,
  view: Ask,
  query: Query,
): Promise<Patterns> {
  const count: Count = (plan) => view.aggregate(plan, query);
  const counted = await countPatterns(predicate, limit, count);
  const { rows, shown } = counted;
  const texts = shown.map(({ text }) => text);
  const isFew = counted.patternCount <= PATTERNS_LIMIT_MAX;
  const [trend, found] = await Promise.all([
    trendOf(isFew ? predicate : withPatterns(predicate, texts), nowMs, count),
    examplesOf(texts, examples, predicate, view, query),
  ]);
  return {
    ...counted,
    otherRows: rows - shown.reduce((sum, each) => sum + each.rows, 0),
    patterns: shown.map(({ text, rows: own, levels }): Pattern => {
      return {
        id: patternId(text),
        text,
        rows: own,
        levels,
        trend: trend.buckets.map(({ counts }) => (Object.hasOwn(counts!, text) ? counts![text]! : 0)),
        examples: found.get(text) ?? [],
      };
    }),
    trend: { stepSeconds: trend.stepSeconds, times: trend.buckets.map(({ time }) => time) },
  };
}

export type Count = (plan: AggregatePlan) => Promise<Aggregation>;

export interface CountedPatterns extends Pick<Patterns, 'rows' | 'patternCount' | 'patternCountError'> {
  /** Most rows first. */
  readonly shown: readonly Pick<Pattern, 'text' | 'rows' | 'levels'>[];
}

/** Counts patterns with their levels, all in one walk; if there are too many, first the largest ones. */
export async function countPatterns(predicate: Predicate, limit: number, count: Count): Promise<CountedPatterns> {
  const byLevel = { ...predicate, ...COUNTED, by: [LINE_PATTERN, LEVEL], limit: AGGREGATE_LIMIT_MAX };
  const all = await count(byLevel);
  if (all.groupCount <= AGGREGATE_LIMIT_MAX) {
    const patternsOfAll = levelled(all.cells);
    return {
      rows: all.cells.reduce((sum, { rows }) => sum + rows, 0),
      patternCount: patternsOfAll.length,
      patternCountError: 0,
      shown: patternsOfAll.slice(0, limit),
    };
  }
  const [largest, rows] = await Promise.all([
    count({ ...predicate, ...COUNTED, by: [LINE_PATTERN], limit }),
    count({ ...predicate, ...COUNTED, by: [], limit: 1 }),
  ]);
  const texts = largest.cells.map(({ by }) => by[0]!);
  const { cells } = await count({ ...byLevel, ...withPatterns(predicate, texts) });
  return {
    rows: rows.cells[0]?.rows ?? 0,
    patternCount: largest.groupCount,
    patternCountError: largest.groupCountError,
    shown: levelled(cells),
  };
}

/** @param cells  by pattern and level */
function levelled(cells: readonly Cell[]): CountedPatterns['shown'] {
  const byPattern = Map.groupBy(cells, ({ by: [text] }) => text!);
  const counted = [...byPattern].map(([text, own]) => ({
    text,
    rows: own.reduce((sum, { rows }) => sum + rows, 0),
    levels: Object.fromEntries(own.map(({ by, rows }) => [by[1]!, rows])),
  }));
  return counted.toSorted((a, b) => b.rows - a.rows || (a.text < b.text ? -1 : 1));
}

export function withPatterns(predicate: Predicate, texts: readonly string[]): Predicate {
  return { ...predicate, where: normalised(allOf([predicate.where, ofPatterns(texts)])) };
}

function ofPatterns(texts: readonly string[]): ReturnType<typeof leafOf> {
  return leafOf(
    LINE_PATTERN,
    texts.map((text) => ({ kind: 'equals', text: Buffer.from(text) })),
  );
}

function trendOf(predicate: Predicate, nowMs: number, count: Count): Promise<Histogram> {
  const steps = { stepMs: undefined, offsetMs: 0, windowSteps: 1 };
  return histogram({ predicate, by: [LINE_PATTERN], steps, nowMs, bucketsWanted: PATTERN_TREND_BUCKETS }, count);
}

/**
 * Returns the newest lines of each pattern. Those of most are among the newest lines of all, or of the patterns that are left
 * then; the last ones are searched for one by one.
 */
export async function examplesOf(
  texts: readonly string[],
  limit: number,
  predicate: Predicate,
  view: Ask,
  query: Query,
): Promise<ReadonlyMap<string, Example[]>> {
  const found = new Map<string, Example[]>(texts.map((text) => [text, []]));
  if (limit === 0 || texts.length === 0) return found;
  const search = async (plan: Plan): Promise<void> => {
    for await (const block of view.search(plan, { kind: 'rows', fields: [LINE_PATTERN] }, query)) {
      addExamples(block, found, limit);
    }
  };
  const missing = (): string[] => texts.filter((text) => found.get(text)!.length < limit);
  let within = predicate;
  for (let round = 0; round < PATTERN_EXAMPLE_ROUNDS && missing().length > 0; round++) {
    for (const text of missing()) found.set(text, []);
    await search({ ...within, direction: 'backward', limit: PATTERN_EXAMPLES_NEWEST });
    within = withPatterns(predicate, missing());
  }
  const rest = missing().values();
  const searchInTurn = async (): Promise<void> => {
    for (const text of rest) {
      found.set(text, []);
      await search({ ...withPatterns(predicate, [text]), direction: 'backward', limit });
    }
  };
  await Promise.all(Array.from({ length: PATTERN_SEARCHES_AT_ONCE }, searchInTurn));
  return found;
}

function addExamples(block: RowBlock, found: ReadonlyMap<string, Example[]>, limit: number): void {
  const { values } = block.fields[0]!;
  for (let row = 0; row < block.rowCount; row++) {
    const known = found.get(Buffer.from(textAt(values, row)).toString());
    if (known === undefined || known.length === limit) continue;
    const line = Buffer.from(textAt(block.lines, row));
    known.push({
      time: formatInstant(instantOf(block.days[row]!, block.timesNs[row]!)),
      labels: labelsAt(block, row),
      line: line.toString('utf8', 0, EXAMPLE_BYTES_MAX),
      isCut: line.length > EXAMPLE_BYTES_MAX,
    });
  }
}

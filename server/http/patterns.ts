/** `GET /patterns`: what kinds of lines there are, how many of each, and when. */
import type { FastifyInstance } from 'fastify';
import {
  PATTERN_EXAMPLES_DEFAULT,
  PATTERN_EXAMPLES_MAX,
  PATTERNS_LIMIT_DEFAULT,
  PATTERNS_LIMIT_MAX,
} from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { parseCount, parseFilters, type QueryString } from '../query/parameters.ts';
import { patterns } from '../query/patterns.ts';
import { roundedError } from '../query/six-decimals.ts';
import { askerOf } from './asker.ts';

export interface PatternsOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

/** A share has this many significant digits. */
const SHARE_DIGITS = 4;

export function registerPatterns(app: FastifyInstance, { engine, now }: PatternsOptions): void {
  app.get<{ Querystring: QueryString }>('/patterns', async (request, reply) => {
    const nowMs = now();
    const { query: parameters } = request;
    const predicate = parseFilters(request, nowMs, ['limit', 'examples']);
    const limit = parseCount(parameters, 'limit', 1, PATTERNS_LIMIT_MAX, PATTERNS_LIMIT_DEFAULT);
    const examples = parseCount(parameters, 'examples', 0, PATTERN_EXAMPLES_MAX, PATTERN_EXAMPLES_DEFAULT);
    const { answer } = await engine.run(askerOf(request, reply), (view, query) =>
      patterns({ predicate, limit, examples, nowMs }, view, query),
    );
    return {
      rows: answer.rows,
      distinct: answer.patternCount,
      ...(answer.patternCountError > 0 && { distinct_error: roundedError(answer.patternCountError) }),
      other: answer.otherRows,
      trend: { since: answer.trend.times[0] ?? null, step_seconds: answer.trend.stepSeconds },
      patterns: answer.patterns.map((pattern) => ({
        id: pattern.id,
        pattern: pattern.text,
        rows: pattern.rows,
        share: Number((pattern.rows / answer.rows).toPrecision(SHARE_DIGITS)),
        levels: pattern.levels,
        trend: pattern.trend,
        examples: pattern.examples.map(({ time, labels, line, isCut }) => ({
          time,
          labels,
          line,
          ...(isCut && { cut: true }),
        })),
      })),
    };
  });
}

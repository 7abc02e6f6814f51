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
import { roundedError, shareOf } from '../query/rounding.ts';
import { understood } from './advice.ts';
import { sayUntil } from './until.ts';

export interface PatternsOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

const OWN_NAMES: readonly string[] = ['limit', 'examples'];

export function registerPatterns(app: FastifyInstance, { engine, now }: PatternsOptions): void {
  app.get<{ Querystring: QueryString }>('/patterns', async (request, reply) => {
    const nowMs = now();
    const { query: parameters } = request;
    const predicate = parseFilters(request, nowMs, OWN_NAMES);
    sayUntil(reply, predicate, nowMs);
    const limit = parseCount(parameters, 'limit', 1, PATTERNS_LIMIT_MAX, PATTERNS_LIMIT_DEFAULT);
    const examples = parseCount(parameters, 'examples', 0, PATTERN_EXAMPLES_MAX, PATTERN_EXAMPLES_DEFAULT);
    const { asker, withHints } = await understood(engine, request, reply, { ownNames: OWN_NAMES, nowMs });
    const { answer } = await engine.run(asker, (view, query) =>
      patterns({ predicate, limit, examples, nowMs }, view, query),
    );
    const found = {
      rows: answer.rows,
      distinct: answer.patternCount,
      ...(answer.patternCountError > 0 && { distinct_error: roundedError(answer.patternCountError) }),
      other: answer.otherRows,
      trend: { since: answer.trend.times[0] ?? null, step_seconds: answer.trend.stepSeconds },
      patterns: answer.patterns.map((pattern) => ({
        id: pattern.id,
        pattern: pattern.text,
        rows: pattern.rows,
        share: shareOf(pattern.rows, answer.rows),
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
    return withHints(found, answer.rows === 0);
  });
}

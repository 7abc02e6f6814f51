/** What a query that is written correctly may still not ask for. */
import { Regexp } from '../../../../shared/regexp/regexp.ts';
import { LOGQL_DEPTH_MAX, LOGQL_MATCHERS_MAX } from '../../../limits.ts';
import type { LabelFilter, LogExpr, LogRange, Matcher, MetricExpr, Query, Stage } from './ast.ts';
import { problemOf } from './build.ts';
import { LogqlError } from './errors.ts';
import { anchored } from './regexp-text.ts';

const NO_MATCHER =
  'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will';

/** @throws LogqlError */
export function assertMeaning(query: Query): void {
  if (query.kind === 'log') assertLog(query);
  else if (query.kind === 'variants') {
    assertRange(query.range);
    for (const each of query.of) assertMetric(each, 1);
  } else assertMetric(query, 0);
}

function assertMetric(expr: MetricExpr, depth: number): void {
  assertDepth(depth);
  const problem = problemOf(expr);
  if (problem !== undefined) throw new LogqlError(problem);
  switch (expr.kind) {
    case 'literal':
    case 'vector':
      return;
    case 'range':
      return assertRange(expr.range);
    case 'aggregate':
    case 'label_replace':
      return assertMetric(expr.of, depth + 1);
    case 'binary':
      assertMetric(expr.left, depth + 1);
      return assertMetric(expr.right, depth + 1);
  }
}

function assertRange({ log, unwrap }: LogRange): void {
  assertLog(log);
  for (const filter of unwrap?.filters ?? []) assertFilter(filter, 0);
}

function assertLog({ matchers, stages }: LogExpr): void {
  if (matchers.length > LOGQL_MATCHERS_MAX)
    throw new LogqlError(`too many matchers in a stream selector: ${matchers.length}, at most ${LOGQL_MATCHERS_MAX}`);
  if (matchers.every(matchesEmpty)) throw new LogqlError(NO_MATCHER);
  for (const stage of stages) assertStage(stage);
}

function assertStage(stage: Stage): void {
  if (stage.kind === 'labels') assertFilter(stage.filter, 0);
}

function assertFilter(filter: LabelFilter, depth: number): void {
  assertDepth(depth);
  if (filter.kind !== 'and' && filter.kind !== 'or') return;
  assertFilter(filter.left, depth + 1);
  assertFilter(filter.right, depth + 1);
}

function assertDepth(depth: number): void {
  if (depth > LOGQL_DEPTH_MAX) throw new LogqlError(`nested too deeply: more than ${LOGQL_DEPTH_MAX} levels`);
}

function matchesEmpty({ operator, value }: Matcher): boolean {
  switch (operator) {
    case '=':
      return value === '';
    case '!=':
      return value !== '';
    case '=~':
      return new Regexp(anchored(value)).testText('');
    case '!~':
      return !new Regexp(anchored(value)).testText('');
  }
}

/** What is asked of a metric, and what its evaluation shares. */
import { PodlogError } from '../../../../shared/errors.ts';
import { LOGQL_SERIES_HELD_MAX } from '../../../limits.ts';
import type { LogView } from '../../../store/log-store.ts';
import type { Predicate } from '../../../store/predicate.ts';
import type { Query } from '../../../store/query.ts';
import type { LineCounts } from '../rows.ts';
import type { LogqlLimits } from '../query-limits.ts';
import type { Discovery } from '../select.ts';
import type { MetricExpr, VariantsExpr } from '../syntax/ast.ts';
import type { Steps } from './series.ts';

export interface MetricQuestion {
  readonly expr: MetricExpr | VariantsExpr;
  readonly steps: Steps;
  /** Whether the query asks for one instant instead of a range of steps. */
  readonly isInstant: boolean;
  /** What the asker may see; its times do not matter. */
  readonly visible: Predicate;
  readonly discovery: Discovery;
  readonly limits: Pick<LogqlLimits, 'seriesMax'>;
  readonly nowMs: number;
}

export interface Evaluation extends Omit<MetricQuestion, 'expr'> {
  readonly view: LogView;
  readonly query: Query;
  /** Called with the memory that series take. */
  readonly hold: (bytes: number) => void;
  readonly counts: LineCounts;
  /** Series of a range aggregation: those of the answer, where they are those of the answer. */
  readonly seriesMax: number;
  /** Reads every line, even where counting would do; for tests. */
  readonly readsAllLines: boolean;
  /** LOGQL_NUMBERS_EXACT_MAX; less for tests. */
  readonly numbersExactMax: number;
  /** Steps that the store measures at once, where memory has room for more; fewer for tests. */
  readonly stepsAtOnceMax: number;
}

export function tooManySeries(seriesMax: number): PodlogError {
  if (seriesMax < LOGQL_SERIES_HELD_MAX) return tooManyOfAnswer(seriesMax);
  const message = `more than ${LOGQL_SERIES_HELD_MAX} series in a range aggregation: group them by fewer labels, or drop labels`;
  return new PodlogError('PODLOG_TOO_MANY_SERIES', 400, message);
}

export function tooManyOfAnswer(seriesMax: number): PodlogError {
  const message = `maximum number of series (${seriesMax}) reached for a single query; consider reducing query cardinality by adding more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), count() or topk()`;
  return new PodlogError('PODLOG_TOO_MANY_SERIES', 400, message);
}

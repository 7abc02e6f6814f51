/** Evaluates a metric at all its steps: the lines of each range are walked once. */
import { PodlogError } from '../../../../shared/errors.ts';
import { LOGQL_NUMBERS_EXACT_MAX, LOGQL_SERIES_HELD_MAX } from '../../../limits.ts';
import type { LogView } from '../../../store/log-store.ts';
import type { Query } from '../../../store/query.ts';
import type { LineCounts } from '../rows.ts';
import type { MetricExpr, VariantsExpr, VectorExpr } from '../syntax/ast.ts';
import { aggregate } from './aggregate.ts';
import { combined } from './binary.ts';
import { labelReplaced } from './label-replace.ts';
import { type Evaluation, type MetricQuestion, tooManyOfAnswer } from './evaluation.ts';
import { evaluateRange } from './range.ts';
import { compareLabels, type Evaluated, type Series, withoutEmpty } from './series.ts';
import { canGroupAtOnce } from './wanted.ts';

export interface MetricAnswer {
  readonly result: Evaluated;
  readonly counts: LineCounts;
}

/** Ways to an answer that a query takes only where there is much to read, or that show what it should be. */
type ForTests = Partial<Pick<Evaluation, 'readsAllLines' | 'numbersExactMax' | 'stepsAtOnceMax'>>;

/** @throws LogqlError, PodlogError */
export async function answerMetric(
  question: MetricQuestion,
  view: LogView,
  query: Query,
  { readsAllLines = false, numbersExactMax = LOGQL_NUMBERS_EXACT_MAX, stepsAtOnceMax = Infinity }: ForTests = {},
): Promise<MetricAnswer> {
  using memory = query.budget.memory.share();
  const { expr, ...asked } = question;
  const counts = { lines: 0, bytes: 0 };
  const { seriesMax } = question.limits;
  const evaluation: Evaluation = {
    ...asked,
    view,
    query,
    hold: (bytes) => memory.add(bytes),
    counts,
    // Too many are not counted to their end.
    seriesMax: isOneRange(expr) ? Math.min(seriesMax, LOGQL_SERIES_HELD_MAX) : LOGQL_SERIES_HELD_MAX,
    readsAllLines,
    numbersExactMax,
    stepsAtOnceMax,
  };
  const result = expr.kind === 'variants' ? await variants(expr, evaluation) : await evaluate(expr, evaluation);
  if (result.kind === 'scalar') return { result, counts };
  const series = result.series.filter(({ steps }) => steps.length > 0);
  if (series.length > seriesMax) throw tooManyOfAnswer(seriesMax);
  const isOrdered = question.isInstant && expr.kind === 'aggregate' && expr.operation.startsWith('sort');
  const inOrder = isOrdered ? series : series.toSorted((a, b) => compareLabels(a.labels, b.labels));
  return { result: { kind: 'series', series: inOrder }, counts };
}

/** Whether the series of a range aggregation are those of the answer. */
function isOneRange(expr: MetricExpr | VariantsExpr): boolean {
  if (expr.kind === 'range') return true;
  return expr.kind === 'aggregate' && expr.operation === 'sum' && expr.of.kind === 'range' && canGroupAtOnce(expr.of);
}

async function evaluate(expr: MetricExpr, evaluation: Evaluation): Promise<Evaluated> {
  const { count } = evaluation.steps;
  switch (expr.kind) {
    case 'literal':
      return { kind: 'scalar', value: expr.value };
    case 'vector': {
      const steps = Uint32Array.from({ length: count }, (_, step) => step);
      const values = new Float64Array(count).fill(expr.value);
      return { kind: 'series', series: [{ labels: [], steps, values }] };
    }
    case 'range':
      return { kind: 'series', series: await evaluateRange(expr, undefined, evaluation) };
    case 'aggregate':
      return { kind: 'series', series: await evaluateAggregate(expr, evaluation) };
    case 'label_replace':
      return { kind: 'series', series: labelReplaced(expr, await seriesOf(expr.of, evaluation)) };
    case 'binary': {
      const left = await evaluate(expr.left, evaluation);
      return combined(expr, left, await evaluate(expr.right, evaluation), count);
    }
  }
}

async function evaluateAggregate(expr: VectorExpr, evaluation: Evaluation): Promise<Series[]> {
  const { operation, of, grouping } = expr;
  if (operation === 'approx_topk' && !evaluation.isInstant) {
    throw new PodlogError('PODLOG_BAD_LOGQL', 400, 'count min sketch are only supported on instant queries');
  }
  if (operation === 'sum' && of.kind === 'range' && canGroupAtOnce(of)) {
    const series = await evaluateRange(of, grouping ?? { names: [], isWithout: false }, evaluation);
    if (grouping?.isWithout !== true) return series;
    return series.map((each) => ({ ...each, labels: withoutEmpty(each.labels) }));
  }
  return aggregate(expr, await seriesOf(of, evaluation), evaluation.steps.count);
}

/** Returns the series of a metric; a number has none, and is refused as Loki refuses it. */
async function seriesOf(expr: MetricExpr, evaluation: Evaluation): Promise<readonly Series[]> {
  const result = await evaluate(expr, evaluation);
  if (result.kind === 'series') return result.series;
  throw new PodlogError('PODLOG_BAD_LOGQL', 500, NO_SERIES);
}

const NO_SERIES = 'unexpected expr type (*syntax.LiteralExpr) for Evaluator type (*logql.DefaultEvaluator) ';

/** Evaluates variants; the series of each get its number as a label. */
async function variants({ of }: VariantsExpr, evaluation: Evaluation): Promise<Evaluated> {
  const series: Series[] = [];
  for (const [i, expr] of of.entries()) {
    for (const each of await seriesOf(expr, evaluation)) {
      const labels = [...each.labels, ['__variant__', String(i)] as const].toSorted(([a], [b]) => (a < b ? -1 : 1));
      series.push({ ...each, labels });
    }
  }
  return { kind: 'series', series };
}

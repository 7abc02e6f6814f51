/** What the rules of the grammar make, and what is wrong with parts that are written correctly and mean nothing. */
import { calculated, compares, isComparison } from './arithmetic.ts';
import {
  type BinaryExpr,
  type BinaryOperator,
  type CompareOperator,
  type Grouping,
  isSetOperator,
  type LabelReplaceExpr,
  type LineFilter,
  type LiteralExpr,
  type LogRange,
  type Matcher,
  type Matching,
  type MatchOperator,
  type MetricExpr,
  type NumberFilter,
  type Query,
  type RangeExpr,
  type RangeOperation,
  type Stage,
  type VectorExpr,
  type VectorOperation,
} from './ast.ts';
import { LogqlError } from './errors.ts';
import { parsePatternText, patternProblem } from './pattern-text.ts';
import { anchored, groupsProblem, regexpProblem } from './regexp-text.ts';

export function matcher(name: string, operator: MatchOperator, value: string): Matcher {
  const isRegexp = operator === '=~' || operator === '!~';
  const problem = isRegexp ? (regexpProblem(value) ?? regexpProblem(anchored(value))) : undefined;
  if (problem !== undefined) throw new LogqlError(problem);
  return { name, operator, value };
}

export function lineFilters(filters: readonly Omit<LineFilter, 'kind'>[]): LineFilter[] {
  return filters.map(({ operator, texts }) => ({ kind: 'line', operator, texts }));
}

export function literal(text: string): LiteralExpr {
  return { kind: 'literal', value: float(text, 'literal') };
}

/** A number that labels are compared with: one that cannot be read is 0, and one that is too large infinite. */
export function comparedNumber(text: string): LiteralExpr {
  const value = floatOf(text);
  return { kind: 'literal', value: Number.isNaN(value) ? 0 : value };
}

/** Returns a number in Go's syntax, or NaN. */
function floatOf(text: string): number {
  const plain = text.replaceAll('_', '');
  const isDecimal = /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(plain);
  return /^0[xX]/.test(plain) ? hexFloat(plain) : isDecimal ? Number(plain) : NaN;
}

/** @param what  of the query it is, for the error */
export function float(text: string, what: string): number {
  const value = floatOf(text);
  const problem = Number.isNaN(value) ? 'invalid syntax' : value === Infinity ? 'value out of range' : undefined;
  if (problem === undefined) return value;
  const parsing = `strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${problem}`;
  throw new LogqlError(`unable to parse ${what} as a float: ${parsing}`);
}

/** Parses `0x1.8p3`; the exponent is required. */
function hexFloat(text: string): number {
  const match = /^0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?[pP]([-+]?\d+)$/.exec(text);
  if (match === null) return NaN;
  const [, whole = '', fraction = '', exponent] = match;
  if (whole + fraction === '') return NaN;
  return parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
}

export function numberFilter(
  kind: NumberFilter['kind'],
): (name: string, operator: CompareOperator | '=', value: bigint | number | LiteralExpr) => NumberFilter {
  return (name, operator, value) => ({
    kind,
    name,
    operator: operator === '=' ? '==' : operator,
    value: typeof value === 'object' ? value.value : Number(value),
  });
}

/** Checks a stage that is read when the query is. */
export function parsed(stage: Stage): Stage {
  if (stage.kind === 'regexp') {
    const problem = groupsProblem(stage.pattern);
    if (problem !== undefined) throw new LogqlError(`invalid regexp parser: ${problem}`);
  }
  if (stage.kind === 'pattern') {
    const problem = patternProblem(parsePatternText(stage.pattern));
    if (problem !== undefined) throw new LogqlError(`invalid pattern parser: ${problem}`);
  }
  return stage;
}

const GROUPED_RANGES: ReadonlySet<RangeOperation> = new Set([
  'avg_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'max_over_time',
  'min_over_time',
  'first_over_time',
  'last_over_time',
] as const);
const OF_NUMBERS: ReadonlySet<RangeOperation> = new Set([
  ...GROUPED_RANGES,
  'sum_over_time',
  'rate',
  'rate_counter',
  'absent_over_time',
] as const);
const OF_LINES: ReadonlySet<RangeOperation> = new Set([
  'bytes_over_time',
  'bytes_rate',
  'count_over_time',
  'rate',
  'absent_over_time',
] as const);

export function rangeAggregation(
  operation: RangeOperation,
  text: string | undefined,
  range: LogRange,
  grouping?: Grouping,
): RangeExpr {
  const takesParameter = operation === 'quantile_over_time';
  if (text !== undefined && !takesParameter)
    throw new LogqlError(`parameter ${text} not supported for operation ${operation}`);
  if (text === undefined && takesParameter) throw new LogqlError(`parameter required for operation ${operation}`);
  if (grouping !== undefined && !GROUPED_RANGES.has(operation))
    throw new LogqlError(`grouping not allowed for ${operation} aggregation`);
  const isOfNumbers = range.unwrap !== undefined;
  if (!(isOfNumbers ? OF_NUMBERS : OF_LINES).has(operation))
    throw new LogqlError(`invalid aggregation ${operation} ${isOfNumbers ? 'with' : 'without'} unwrap`);
  return {
    kind: 'range',
    operation,
    ...(text !== undefined && { parameter: literal(text).value }),
    range,
    ...(grouping !== undefined && { grouping }),
  };
}

const WITH_PARAMETER: ReadonlySet<VectorOperation> = new Set(['bottomk', 'topk', 'approx_topk'] as const);

export function vectorAggregation(
  operation: VectorOperation,
  text: string | undefined,
  of: MetricExpr,
  grouping?: Grouping,
): VectorExpr {
  const base = { kind: 'aggregate', operation, of, ...(grouping !== undefined && { grouping }) } as const;
  const isGrouped = grouping !== undefined && grouping.names.length > 0;
  if ((operation === 'sort' || operation === 'sort_desc') && isGrouped)
    throw new LogqlError("sort and sort_desc doesn't allow grouping by ");
  if (!WITH_PARAMETER.has(operation)) {
    if (text !== undefined) throw new LogqlError(`unsupported parameter for operation ${operation}(${text},`);
    return base;
  }
  if (text === undefined) throw new LogqlError(`parameter required for operation ${operation}`);
  if (!/^\d{1,18}$/.test(text)) throw new LogqlError(`invalid parameter ${operation}(${text},`);
  if (Number(text) === 0) throw new LogqlError(`invalid parameter (must be greater than 0) ${operation}(${text}`);
  if (operation === 'approx_topk' && grouping !== undefined)
    throw new LogqlError('grouping not allowed for approx_topk aggregation');
  return { ...base, parameter: Number(text) };
}

export function labelReplace(expr: LabelReplaceExpr): LabelReplaceExpr {
  const problem = regexpProblem(`^(?:${expr.pattern})$`);
  if (problem !== undefined) throw new LogqlError(`invalid regex in label_replace: ${problem}`);
  return expr;
}

/** Two literals are one at once. */
export function binary(
  left: Query,
  operator: BinaryOperator,
  { isBool, matching }: { readonly isBool: boolean; readonly matching?: Matching },
  right: Query,
): BinaryExpr | LiteralExpr {
  assertMetric(left, 'left', operator);
  assertMetric(right, 'right', operator);
  if (isSetOperator(operator)) {
    assertSeries(left, 'left', operator);
    assertSeries(right, 'right', operator);
  } else if (left.kind === 'literal' && right.kind === 'literal') {
    const { value: a } = left;
    const { value: b } = right;
    const value = isComparison(operator) ? Number(compares(operator, a, b)) : calculated(operator, a, b);
    return { kind: 'literal', value };
  }
  // `ignoring ()` means nothing, unless it carries a group.
  const isMatching =
    matching !== undefined && (matching.isOn || matching.names.length > 0 || matching.many !== undefined);
  return { kind: 'binary', operator, left, right, isBool, ...(isMatching && { matching }) };
}

function assertMetric(side: Query, leg: string, operator: BinaryOperator): asserts side is MetricExpr {
  if (side.kind !== 'log' && side.kind !== 'variants') return;
  const type = side.kind === 'variants' ? 'MultiVariantExpr' : side.stages.length > 0 ? 'PipelineExpr' : 'MatchersExpr';
  throw new LogqlError(`unexpected type for ${leg} leg of binary operation (${operator}): *syntax.${type}`);
}

function assertSeries(side: MetricExpr, leg: string, operator: BinaryOperator): void {
  if (side.kind !== 'literal') return;
  const number = side.value.toFixed(6);
  throw new LogqlError(`unexpected literal for ${leg} leg of logical/set binary operation (${operator}): ${number}`);
}

/** What the rules of the grammar make, and what is wrong with parts that are written correctly and mean nothing. */
import { calculated, compares, isComparison } from './arithmetic.ts';
import {
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
  type RangeOperation,
  type Stage,
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

/** A line that must have none of several texts is a filter for each of them, and written so. */
export function lineFilters(filters: readonly Omit<LineFilter, 'kind'>[]): LineFilter[] {
  return filters.flatMap(({ operator, texts }) => {
    const each = operator.startsWith('!') ? texts.map((text) => [text]) : [texts];
    return each.map((own) => ({ kind: 'line' as const, operator, texts: own }));
  });
}

export function literal(text: string): LiteralExpr {
  const value = floatOf(text);
  const expr: LiteralExpr = { kind: 'literal', value };
  const problem = floatProblem(text, value);
  if (problem !== undefined) PROBLEMS.set(expr, `unable to parse literal as a float: ${problem}`);
  return expr;
}

/**
 * What is wrong with an expression that is written correctly. It is told when the whole query has been read, and that of the
 * outermost expression first: until then, another expression is in its place.
 */
const PROBLEMS = new WeakMap<MetricExpr, string>();

export function problemOf(expr: MetricExpr): string | undefined {
  return PROBLEMS.get(expr);
}

function broken(problem: string): MetricExpr {
  const expr: MetricExpr = { kind: 'vector', value: 0 };
  PROBLEMS.set(expr, problem);
  return expr;
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

/** `vector(1)` */
export function vectorOf(text: string): MetricExpr {
  const value = floatOf(text);
  const problem = floatProblem(text, value);
  return problem === undefined
    ? { kind: 'vector', value }
    : broken(`unable to parse vectorExpr as a float: ${problem}`);
}

function floatProblem(text: string, value: number): string | undefined {
  const problem = Number.isNaN(value) ? 'invalid syntax' : value === Infinity ? 'value out of range' : undefined;
  return problem && `strconv.ParseFloat: parsing ${JSON.stringify(text)}: ${problem}`;
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
): MetricExpr {
  const takesParameter = operation === 'quantile_over_time';
  if (text !== undefined && !takesParameter)
    return broken(`parameter ${text} not supported for operation ${operation}`);
  if (text === undefined && takesParameter) return broken(`parameter required for operation ${operation}`);
  if (grouping !== undefined && !GROUPED_RANGES.has(operation))
    return broken(`grouping not allowed for ${operation} aggregation`);
  const isOfNumbers = range.unwrap !== undefined;
  if (!(isOfNumbers ? OF_NUMBERS : OF_LINES).has(operation))
    return broken(`invalid aggregation ${operation} ${isOfNumbers ? 'with' : 'without'} unwrap`);
  const value = text === undefined ? undefined : floatOf(text);
  const problem = value === undefined ? undefined : floatProblem(text!, value);
  if (problem !== undefined) return broken(`invalid parameter for operation ${operation}: ${problem}`);
  return {
    kind: 'range',
    operation,
    ...(value !== undefined && { parameter: value }),
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
): MetricExpr {
  const base = { kind: 'aggregate', operation, of, ...(grouping !== undefined && { grouping }) } as const;
  const isGrouped = grouping !== undefined && grouping.names.length > 0;
  if ((operation === 'sort' || operation === 'sort_desc') && isGrouped)
    return broken("sort and sort_desc doesn't allow grouping by ");
  if (!WITH_PARAMETER.has(operation)) {
    if (text !== undefined) return broken(`unsupported parameter for operation ${operation}(${text},`);
    return base;
  }
  if (text === undefined) return broken(`parameter required for operation ${operation}`);
  if (!/^\d{1,18}$/.test(text)) return broken(`invalid parameter ${operation}(${text},`);
  if (Number(text) === 0) return broken(`invalid parameter (must be greater than 0) ${operation}(${text}`);
  if (operation === 'approx_topk' && grouping !== undefined)
    return broken('grouping not allowed for approx_topk aggregation');
  return { ...base, parameter: Number(text) };
}

export function labelReplace(expr: LabelReplaceExpr): MetricExpr {
  const problem = regexpProblem(`^(?:${expr.pattern})$`);
  if (problem !== undefined) return broken(`invalid regex in label_replace: ${problem}`);
  return expr;
}

/** Two literals are one at once. */
export function binary(
  left: Query,
  operator: BinaryOperator,
  { isBool, matching }: { readonly isBool: boolean; readonly matching?: Matching },
  right: Query,
): MetricExpr {
  if (!isMetric(left)) return broken(wrongType(left, 'left', operator));
  if (!isMetric(right)) return broken(wrongType(right, 'right', operator));
  for (const side of [left, right]) if (side.kind === 'literal' && PROBLEMS.has(side)) return side;
  if (isSetOperator(operator)) {
    if (left.kind === 'literal') return broken(wrongLiteral(left, 'left', operator));
    if (right.kind === 'literal') return broken(wrongLiteral(right, 'right', operator));
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

function isMetric(side: Query): side is MetricExpr {
  return side.kind !== 'log' && side.kind !== 'variants';
}

function wrongType(side: Exclude<Query, MetricExpr>, leg: string, operator: BinaryOperator): string {
  const type = side.kind === 'variants' ? 'MultiVariantExpr' : side.stages.length > 0 ? 'PipelineExpr' : 'MatchersExpr';
  return `unexpected type for ${leg} leg of binary operation (${operator}): *syntax.${type}`;
}

function wrongLiteral({ value }: LiteralExpr, leg: string, operator: BinaryOperator): string {
  return `unexpected literal for ${leg} leg of logical/set binary operation (${operator}): ${value.toFixed(6)}`;
}

/** Operators between two metrics: which series belong together, and what becomes of their values. */
import { PodlogError } from '../../../../shared/errors.ts';
import { calculated, compares, isComparison } from '../syntax/arithmetic.ts';
import { type BinaryExpr, isSetOperator, type Matching, type SetOperator } from '../syntax/ast.ts';
import { type Evaluated, groupedLabels, keyOf, type Series, SeriesBuilder, type SeriesLabels } from './series.ts';

const ALL: Matching = { isOn: false, names: [], include: [] };

export function combined(expr: BinaryExpr, left: Evaluated, right: Evaluated, count: number): Evaluated {
  if (left.kind === 'scalar' || right.kind === 'scalar') return withScalar(expr, left, right);
  const { operator, matching = ALL } = expr;
  const series = isSetOperator(operator)
    ? setCombined(operator, matching, left.series, right.series, count)
    : matched(expr, matching, left.series, right.series, count);
  return { kind: 'series', series };
}

/** Returns undefined for a point that a comparison leaves out. */
function merged({ operator, isBool }: BinaryExpr, left: number, right: number, kept: number): number | undefined {
  if (!isComparison(operator)) return isSetOperator(operator) ? undefined : calculated(operator, left, right);
  const isTrue = compares(operator, left, right);
  if (isBool) return Number(isTrue);
  return isTrue ? kept : undefined;
}

/** A comparison keeps the value of the series, on whichever side it is. */
function withScalar(expr: BinaryExpr, left: Evaluated, right: Evaluated): Evaluated {
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const numeric = { ...expr, isBool: true };
    return { kind: 'scalar', value: merged(numeric, left.value, right.value, left.value)! };
  }
  const series = left.kind === 'series' ? left.series : (right as Extract<Evaluated, { kind: 'series' }>).series;
  const isKeptLeft = left.kind === 'series';
  const scalar = left.kind === 'scalar' ? left.value : (right as Extract<Evaluated, { kind: 'scalar' }>).value;
  return {
    kind: 'series',
    series: series.map((each) =>
      mapped(each, (value) => (isKeptLeft ? merged(expr, value, scalar, value) : merged(expr, scalar, value, value))),
    ),
  };
}

/** @param change  returns undefined for a point that is left out */
function mapped(
  { labels, steps, values }: Series,
  change: (value: number, step: number) => number | undefined,
): Series {
  const series = new SeriesBuilder(steps.length);
  for (const [i, step] of steps.entries()) {
    const value = change(values[i]!, step);
    if (value !== undefined) series.add(step, value);
  }
  return series.finish(labels);
}

function signatureOf(labels: SeriesLabels, { isOn, names }: Matching): string {
  return keyOf(groupedLabels(labels, names, !isOn));
}

function setCombined(
  operator: SetOperator,
  matching: Matching,
  left: readonly Series[],
  right: readonly Series[],
  count: number,
): Series[] {
  const presence = (series: readonly Series[]): Map<string, Uint8Array> => {
    const bySignature = new Map<string, Uint8Array>();
    for (const { labels, steps } of series) {
      const signature = signatureOf(labels, matching);
      const known = bySignature.get(signature) ?? new Uint8Array(count);
      for (const step of steps) known[step] = 1;
      bySignature.set(signature, known);
    }
    return bySignature;
  };
  if (operator === 'or') {
    const has = presence(left);
    return [...left, ...right.map((each) => masked(each, has.get(signatureOf(each.labels, matching)), false))];
  }
  const has = presence(right);
  return left.map((each) => masked(each, has.get(signatureOf(each.labels, matching)), operator === 'and'));
}

/** Keeps the points at the steps that a mask has, or those at the others. */
function masked(series: Series, mask: Uint8Array | undefined, isKept: boolean): Series {
  return mapped(series, (value, step) => (((mask?.[step] ?? 0) === 1) === isKept ? value : undefined));
}

function matched(
  expr: BinaryExpr,
  matching: Matching,
  left: readonly Series[],
  right: readonly Series[],
  count: number,
): Series[] {
  const isSwapped = matching.many === 'right';
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const bySignature = new Map<string, Series[]>();
  for (const each of one) {
    const signature = signatureOf(each.labels, matching);
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), each]);
  }
  for (const group of bySignature.values()) assertOneEach(group, count, isSwapped ? 'left' : 'right');
  const results = new Map<string, Series>();
  const points = new SeriesBuilder(count);
  const used = new Map<string, Uint8Array>();
  for (const each of many) {
    const signature = signatureOf(each.labels, matching);
    for (const other of bySignature.get(signature) ?? []) {
      const labels = resultLabels(each.labels, other.labels, expr.matching);
      const key = keyOf(labels);
      const identity = matching.many === undefined ? signature : `${signature} ${key}`;
      const taken = used.get(identity) ?? new Uint8Array(count);
      used.set(identity, taken);
      eachCommonStep(each, other, (step, own, others) => {
        if (taken[step] === 1) throw ambiguous(matching);
        taken[step] = 1;
        const [a, b] = isSwapped ? [others, own] : [own, others];
        const value = merged(expr, a, b, a);
        if (value !== undefined) points.add(step, value);
      });
      const result = points.finish(labels);
      const before = results.get(key);
      results.set(key, before === undefined ? result : joined(before, result));
    }
  }
  return [...results.values()];
}

function eachCommonStep(a: Series, b: Series, visit: (step: number, ofA: number, ofB: number) => void): void {
  for (let i = 0, j = 0; i < a.steps.length && j < b.steps.length;) {
    const [step, other] = [a.steps[i]!, b.steps[j]!];
    if (step === other) visit(step, a.values[i]!, b.values[j]!);
    if (step <= other) i++;
    if (other <= step) j++;
  }
}

/** Returns the points of both; where both have one, that of the second. */
function joined(first: Series, second: Series): Series {
  const points = new Map<number, number>();
  for (const { steps, values } of [first, second])
    for (const [i, step] of steps.entries()) points.set(step, values[i]!);
  const steps = Uint32Array.from(points.keys()).toSorted();
  return { labels: first.labels, steps, values: Float64Array.from(steps, (step) => points.get(step)!) };
}

function assertOneEach(group: readonly Series[], count: number, side: string): void {
  if (group.length < 2) return;
  const taken = new Uint8Array(count);
  for (const step of group.flatMap(({ steps }) => [...steps])) {
    if (taken[step] === 0) taken[step] = 1;
    else
      throw matchError(
        `found duplicate series on the ${side} hand-side;many-to-many matching not allowed: matching labels must be unique on one side`,
      );
  }
}

function ambiguous({ many }: Matching): PodlogError {
  return matchError(
    many === undefined
      ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
      : 'multiple matches for labels: grouping labels must ensure unique matches',
  );
}

function matchError(message: string): PodlogError {
  return new PodlogError('PODLOG_LOGQL_MATCHING', 500, message);
}

function resultLabels(many: SeriesLabels, one: SeriesLabels, matching: Matching | undefined): SeriesLabels {
  if (matching === undefined) return many;
  const { isOn, names, many: side, include } = matching;
  const own = side === undefined ? groupedLabels(many, names, !isOn) : many;
  const included = one.filter(([name]) => include.includes(name));
  return [...own.filter(([name]) => !include.includes(name)), ...included].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

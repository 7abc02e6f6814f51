/** `having=distinct>1`: which groups an aggregation answers with, by what is measured of them. */
import { ParameterError } from '../../shared/errors.ts';
import { parseQuantity, type Quantity } from '../../shared/quantity.ts';
import { unitOfName } from '../../shared/unit-of-name.ts';
import { AGGREGATE_MEASURES_MAX } from '../limits.ts';
import type { Having, Measure, OrderBy } from '../store/aggregate-plan.ts';
import type { Operator } from '../store/predicate.ts';
import { inUnitOf } from './operand.ts';

const COMPARISON = /^\s*([^<>=!]+?)\s*(>=|<=|!=|>|<|=)\s*(.+?)\s*$/s;
const NS_PER_SECOND = 1e9;
/** Values that each kind of quantity may be written as, for errors. */
const EXAMPLES: Readonly<Record<Quantity['kind'], string>> = { number: '500', duration: '1.5s', bytes: '10MiB' };

/**
 * @param rankedBy  what is measured under a name that `order` may have; undefined where nothing is
 * @param names  those names, for the error of another one
 * @throws ParameterError
 */
export function parseHaving(
  texts: readonly string[],
  measures: readonly Measure[],
  rankedBy: (name: string) => OrderBy | undefined,
  names: readonly string[],
): readonly Having[] {
  if (texts.length > AGGREGATE_MEASURES_MAX) {
    throw wrong(`${texts.length} comparisons`, `up to ${AGGREGATE_MEASURES_MAX}, which must all be true`);
  }
  return texts.map((text) => {
    const [, name, operator, operand] = COMPARISON.exec(text) ?? [];
    if (name === undefined)
      throw wrong(`"${text}" is not a comparison`, 'a measure, one of >, >=, <, <=, = and !=, and a number');
    const ranked = rankedBy(name);
    if (ranked === undefined && name !== 'rows') {
      throw wrong(`"${name}" is not measured`, ['rows', ...names].join(', '));
    }
    return { ranked, operator: operator as Operator, bound: boundOf(name, operand!, ranked, measures) };
  });
}

/** @throws ParameterError  the measure cannot be compared with this */
function boundOf(name: string, text: string, ranked: OrderBy | undefined, measures: readonly Measure[]): number {
  const measure = ranked === undefined ? undefined : measures[ranked.measure];
  const kinds = ranked?.by === 'count' ? COUNT : kindsOf(measure);
  const quantity = parseQuantity(text);
  if (quantity === undefined || !kinds.includes(quantity.kind)) {
    const values = kinds.map((kind) => EXAMPLES[kind]).join(' or ');
    throw wrong(`"${text}" is not a number that ${name} can be compared with`, `values such as ${values}`);
  }
  const { kind, value } = measure?.kind === 'numbers' ? inUnitOf(measure.of, quantity) : quantity;
  return kind === 'duration' ? value / NS_PER_SECOND : value;
}

const COUNT: readonly Quantity['kind'][] = ['number'];

/** Durations are measured in seconds, and sizes in bytes; of a field whose name has a unit, its numbers are. */
function kindsOf(measure: Measure | undefined): readonly Quantity['kind'][] {
  switch (measure?.kind) {
    case undefined:
    case 'rows':
    case 'distinct':
      return COUNT;
    case 'bytes':
      return ['number', 'bytes'];
    case 'numbers': {
      const unit = unitOfName(measure.of);
      return ['number', ...(unit === undefined ? (['duration', 'bytes'] as const) : [unit.kind])];
    }
  }
}

function wrong(problem: string, allowed: string): ParameterError {
  return new ParameterError('having', problem, allowed, 'by=request_id&distinct=pod&having=distinct>1');
}

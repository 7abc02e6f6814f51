/** `having=distinct>1`: which groups an aggregation answers with, by what is measured of them. */
import { ParameterError } from '../../shared/errors.ts';
import { measuredOf } from '../../shared/quantity.ts';
import { unitOfName } from '../../shared/unit-of-name.ts';
import { AGGREGATE_MEASURES_MAX } from '../limits.ts';
import type { Having, Measure, OrderBy } from '../store/aggregate-plan.ts';
import type { Operator } from '../store/predicate.ts';

const COMPARISON = /^\s*([^<>=!]+?)\s*(>=|<=|!=|>|<|=)\s*(.+?)\s*$/s;
const NS_PER_SECOND = 1e9;

/**
 * @param rankedBy  what is measured under a name that `order` may have; undefined where nothing is
 * @throws ParameterError
 */
export function parseHaving(
  texts: readonly string[],
  measures: readonly Measure[],
  rankedBy: (name: string) => OrderBy | undefined,
): readonly Having[] {
  if (texts.length > AGGREGATE_MEASURES_MAX) {
    throw wrong(`${texts.length} comparisons`, `up to ${AGGREGATE_MEASURES_MAX}, which must all be true`);
  }
  return texts.map((text) => {
    const [, name, operator, operand] = COMPARISON.exec(text) ?? [];
    if (name === undefined)
      throw wrong(`"${text}" is not a comparison`, 'a measure, >, >=, <, <=, = or !=, and a number');
    const ranked = rankedBy(name);
    if (ranked === undefined && name !== 'rows') {
      throw wrong(`"${name}" is not measured`, 'rows, or what order may have of the measures of this query');
    }
    const bound = boundOf(operand!, ranked === undefined ? undefined : measures[ranked.measure]);
    if (Number.isNaN(bound)) throw wrong(`"${operand}" is not a number`, 'values such as 500, 1.5s or 10MiB');
    return { ranked, operator: operator as Operator, bound };
  });
}

/** Durations are measured in seconds, and sizes in bytes; of a field whose name has a unit, its numbers are. */
function boundOf(text: string, measure: Measure | undefined): number {
  const bound = measuredOf(text);
  const unit = measure?.kind === 'numbers' && Number.isNaN(Number(text)) ? unitOfName(measure.of) : undefined;
  if (unit === undefined) return bound;
  return unit.kind === 'duration' ? (bound * NS_PER_SECOND) / unit.size : bound / unit.size;
}

function wrong(problem: string, allowed: string): ParameterError {
  return new ParameterError('having', problem, allowed, 'by=request_id&distinct=pod&having=distinct>1');
}

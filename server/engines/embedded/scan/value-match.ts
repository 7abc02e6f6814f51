/**
 * Tests of a value: a text, a text with `*` for any characters, a regular expression, a quantity. Tests run on the
 * bytes of values; a `*` never backtracks, so a match takes time linear in the value for each part.
 */
import { quantityOf } from '../../../../shared/quantity.ts';
import { matchesWildcard, type Wildcard } from '../../../../shared/wildcard.ts';
import type { Operator, ValueTest } from '../../../store/predicate.ts';
import { matchesRegexp } from './regexps.ts';

/** Longer texts are not quantities: thirty digits, a point and a unit. */
const QUANTITY_BYTES_MAX = 64;

export function matchesAny(tests: readonly ValueTest[], value: Buffer): boolean {
  for (const test of tests) if (matches(test, value)) return true;
  return false;
}

export function matches(test: ValueTest, value: Buffer): boolean {
  switch (test.kind) {
    case 'exists':
      return true;
    case 'equals':
      return value.equals(test.text);
    case 'wildcard':
      // Only their bytes are used, so it does not matter that a worker thread gets them as other objects.
      return matchesWildcard(test.parts as Wildcard, value, 0, value.length);
    case 'regexp':
      return matchesRegexp(test, value);
    case 'compare': {
      if (value.length > QUANTITY_BYTES_MAX) return false;
      const { kind, value: bound } = test.operand;
      return compares(quantityOf(value.toString(), kind), test.operator, bound);
    }
  }
}

/** Returns false for a NaN, whatever the operator. */
export function compares(value: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '=':
      return value === bound;
    case '!=':
      return value < bound || value > bound;
  }
}

/**
 * What a comparison compares with: a number, a duration or a size, or a level. Where a field's name says the unit of its
 * numbers, a value with a unit is converted to it: `latency_ms>1.5s` finds the numbers above 1500.
 */
import { LEVEL, levelsFrom } from '../../shared/levels.ts';
import { parseQuantity, type Quantity } from '../../shared/quantity.ts';
import { unitOfName } from '../../shared/unit-of-name.ts';
import { parseName } from '../store/asked-name.ts';
import type { Operator, ValueTest } from '../store/predicate.ts';

/** What is allowed, for errors. */
export const OPERANDS = 'values such as 500, 1.5s or 10MiB; for level, trace, debug, info, warn, error, fatal';

/** Returns undefined for a text that is not an operand. */
export function parseOperand(asked: string, operator: Operator, text: string): readonly ValueTest[] | undefined {
  const { name } = parseName(asked);
  // A number is that of a logger, such as 50 of pino.
  if (name === LEVEL) {
    return levelsFrom(text.trim(), operator)?.map((level) => ({ kind: 'equals', text: Buffer.from(level) }));
  }
  const operand = parseQuantity(text.trim());
  return operand === undefined ? undefined : [{ kind: 'compare', operator, operand: inUnitOf(name, operand) }];
}

/** Returns a quantity as the numbers of a field have it whose name says their unit. */
export function inUnitOf(name: string, operand: Quantity): Quantity {
  const unit = unitOfName(name);
  if (unit?.kind !== operand.kind) return operand;
  return { kind: 'number', value: operand.value / unit.size };
}

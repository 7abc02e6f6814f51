/**
 * Tests as ranges of numbers, with which integers are compared instead of their texts. A column of integers has only
 * canonical texts, so at most one integer has a given text.
 */
import type { ValueTest } from '../../../store/predicate.ts';
import { rangesOfPrefix } from './number-prefix.ts';

/** The numbers from low[i] to high[i], both included, for each i. */
export interface NumberRanges {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const CANONICAL_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const INTEGER_TEXT = /^[-0-9]*$/;

/** Returns the integers that pass one of the tests; undefined where only their texts decide. */
export function rangesOf(tests: readonly ValueTest[]): NumberRanges | undefined {
  const low: number[] = [];
  const high: number[] = [];
  for (const test of tests) {
    const ranges = rangesOfTest(test);
    if (ranges === undefined) return undefined;
    for (const [from, to] of ranges) {
      low.push(from);
      high.push(to);
    }
  }
  return { low, high };
}

function rangesOfTest(test: ValueTest): readonly (readonly [number, number])[] | undefined {
  switch (test.kind) {
    case 'exists':
      return [[-Infinity, Infinity]];
    case 'equals': {
      const text = latin1(test.text);
      return CANONICAL_INTEGER.test(text) ? [[Number(text), Number(text)]] : [];
    }
    case 'regexp':
      return undefined;
    case 'wildcard':
      if (!test.parts.every((part) => INTEGER_TEXT.test(latin1(part)))) return [];
      return test.parts.slice(1).every((part) => part.length === 0) ? rangesOfPrefix(test.parts[0]!) : undefined;
    case 'compare':
      // A duration has a unit; a plain number compares as a size in bytes.
      return test.operand.kind === 'duration' ? [] : comparedRanges(test);
  }
}

function comparedRanges({ operator, operand: { value } }: ValueTest & { readonly kind: 'compare' }) {
  const below = [-Infinity, Math.ceil(value) - 1] as const;
  const above = [Math.floor(value) + 1, Infinity] as const;
  switch (operator) {
    case '>':
      return [above];
    case '>=':
      return [[Math.ceil(value), Infinity] as const];
    case '<':
      return [below];
    case '<=':
      return [[-Infinity, Math.floor(value)] as const];
    case '=':
      return Number.isInteger(value) ? [[value, value] as const] : [];
    case '!=':
      return [below, above];
  }
}

/** Returns whether no number between min and max is in a range, all are, or some may be. */
export function reach({ low, high }: NumberRanges, min: number, max: number): 'none' | 'some' | 'all' {
  if (!low.some((from, i) => from <= max && high[i]! >= min)) return 'none';
  return low.some((from, i) => from <= min && high[i]! >= max) ? 'all' : 'some';
}

/**
 * Marks the numbers that are in one of the ranges.
 * @param min  of the numbers
 * @param max  of the numbers
 */
export function markRanges(
  numbers: ArrayLike<number>,
  { low, high }: NumberRanges,
  min: number,
  max: number,
  mask: Uint8Array,
): void {
  for (let r = 0; r < low.length; r++) {
    const from = low[r]!;
    const to = high[r]!;
    if (from > max || to < min) continue;
    for (let i = 0; i < mask.length; i++) if (numbers[i]! >= from && numbers[i]! <= to) mask[i] = 1;
  }
}

/** Returns the only numbers that are in a range; undefined when some range has more than one. */
export function singleNumbers({ low, high }: NumberRanges): number[] | undefined {
  return low.every((from, i) => from === high[i]) ? [...new Set(low)] : undefined;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

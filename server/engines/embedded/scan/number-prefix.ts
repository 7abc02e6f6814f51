/**
 * Compares texts with a `*` at their end (`/api/tasks/12*`) with numbers instead of the texts that contain them: those
 * of an integer column, or those that were cut out of texts with numbers.
 */
import { isDigit } from '../../../../shared/ascii.ts';
import { NUMBER_DIGITS_MAX } from '../../../../shared/row-group/encodings/pattern.ts';

const ZERO = 0x30;
const MINUS = 0x2d;
const CANONICAL = /^(?:0|[1-9]\d{0,14})$/;

/**
 * Returns ranges, both ends included, of the numbers whose canonical text begins with some digits; undefined for other
 * texts.
 */
export function rangesOfPrefix(prefix: Uint8Array): (readonly [low: number, high: number])[] | undefined {
  const text = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.length).toString('latin1');
  if (text === '') return [[-Infinity, Infinity]];
  if (text === '-') return [[-Infinity, -1]];
  const isNegative = prefix[0] === MINUS;
  const digits = isNegative ? text.slice(1) : text;
  if (!/^\d+$/.test(digits)) return undefined;
  if (!CANONICAL.test(digits) || (isNegative && digits === '0')) return [];
  const least = Number(digits);
  if (least === 0) return [[0, 0]];
  return Array.from({ length: NUMBER_DIGITS_MAX - digits.length + 1 }, (_, more) => {
    const low = least * 10 ** more;
    const high = (least + 1) * 10 ** more - 1;
    return isNegative ? ([-high, -low] as const) : ([low, high] as const);
  });
}

/** Conditions on the numbers of a pattern's texts under which the texts begin with a prefix. */
export interface NumbersOfPrefix {
  /** The first numbers, by place. */
  readonly equal: readonly number[];
  /** Digits with which the number of the next place begins; undefined when it may be any. */
  readonly digits: number | undefined;
}

/**
 * @param shape  a pattern, see ../../../shared/row-group/encodings/pattern.ts
 * @returns `none` or `all` of its texts begin with the prefix; `each` when only the texts themselves decide
 */
export function numbersOfPrefix(shape: Buffer, prefix: Uint8Array): NumbersOfPrefix | 'none' | 'all' | 'each' {
  const equal: number[] = [];
  let at = 0;
  for (let i = 0; i < shape.length; i++) {
    const byte = shape[i]!;
    if (at === prefix.length) return equal.length === 0 ? 'all' : { equal, digits: undefined };
    if (!isDigit(byte)) {
      if (prefix[at++] !== byte) return 'none';
      continue;
    }
    // A number with leading zeros, or a run of digits that is cut in two.
    if (byte !== ZERO || isDigit(shape[i + 1] ?? 0)) return 'each';
    let end = at;
    while (end < prefix.length && isDigit(prefix[end]!)) end++;
    const digits = Buffer.from(prefix.subarray(at, end)).toString('latin1');
    if (!CANONICAL.test(digits)) return 'none';
    if (end < prefix.length) equal.push(Number(digits));
    else if (digits === '0') return { equal: [...equal, 0], digits: undefined };
    else return { equal, digits: Number(digits) };
    at = end;
  }
  if (at < prefix.length) return 'none';
  return equal.length === 0 ? 'all' : { equal, digits: undefined };
}

/** Whether a number's text begins with some digits, the first of which is not 0. */
export function beginsWith(number: number, digits: number): boolean {
  let rest = number;
  while (rest > digits) rest = Math.floor(rest / 10);
  return rest === digits;
}

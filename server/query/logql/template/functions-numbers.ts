/** Functions of numbers, which read texts as numbers where they can, and as zero where not. */
import { bytesProblem, goDurationProblem, parseBytes, parseGoDuration } from '../syntax/durations.ts';
import { TemplateError } from './errors.ts';
import { fixed, intOf, type Named, textOf, variadic } from './function.ts';
import type { Value } from './values.ts';

const INT_MAX = 2n ** 63n;

export const NUMBER_FUNCTIONS: readonly Named[] = [
  fixed('int', 1, ([value]) => toInt(value!)),
  fixed('float64', 1, ([value]) => toFloat(value!)),
  variadic('add', 0, (values) => wrapped(values.map(toInt).reduce((a, b) => a + b, 0n))),
  fixed('sub', 2, ([a, b]) => wrapped(toInt(a!) - toInt(b!))),
  variadic('mul', 1, (values) => wrapped(values.map(toInt).reduce((a, b) => a * b, 1n))),
  fixed('div', 2, ([a, b]) => toInt(a!) / divisor(toInt(b!))),
  fixed('mod', 2, ([a, b]) => toInt(a!) % divisor(toInt(b!))),
  variadic('addf', 0, (values) => decimal(values.map(toFloat).reduce((a, b) => a + b, 0))),
  variadic('subf', 1, ([first, ...rest]) => decimal(rest.map(toFloat).reduce((a, b) => a - b, toFloat(first!)))),
  variadic('mulf', 1, ([first, ...rest]) => decimal(rest.map(toFloat).reduce((a, b) => a * b, toFloat(first!)))),
  variadic('divf', 1, ([first, ...rest]) =>
    rest.map(toFloat).reduce((a, b) => quotient(a, nonZero(b)), toFloat(first!)),
  ),
  variadic('max', 1, (values) => values.map(toInt).reduce((a, b) => (b > a ? b : a))),
  variadic('min', 1, (values) => values.map(toInt).reduce((a, b) => (b < a ? b : a))),
  variadic('maxf', 1, (values) => Math.max(...values.map(toFloat))),
  variadic('minf', 1, (values) => Math.min(...values.map(toFloat))),
  fixed('ceil', 1, ([value]) => Math.ceil(toFloat(value!))),
  fixed('floor', 1, ([value]) => Math.floor(toFloat(value!))),
  variadic('round', 2, ([value, digits, half]) =>
    rounded(toFloat(value!), intOf(digits), half === undefined ? 0.5 : toFloat(half)),
  ),
  fixed('bytes', 1, ([text]) => bytesOf(textOf(text))),
  fixed('duration', 1, ([text]) => secondsOf(textOf(text))),
  fixed('duration_seconds', 1, ([text]) => secondsOf(textOf(text))),
];

export function toInt(value: Value): bigint {
  switch (typeof value) {
    case 'bigint':
      return value;
    case 'number':
      return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
    case 'boolean':
      return value ? 1n : 0n;
    case 'string':
      return intOfText(value);
    default:
      return 0n;
  }
}

const WHOLE = /^([-+]?)(?:(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|[1-9]\d*|0)|0([0-7]+))$/;

/** Reads whole numbers of Go's bases, and cuts the fraction of decimal ones; anything else is zero. */
function intOfText(text: string): bigint {
  const [whole = '', fraction] = text.split('.');
  const match = fraction === undefined || /^\d*$/.test(fraction) ? WHOLE.exec(whole) : null;
  if (match === null) return 0n;
  const [, sign, digits, octal] = match;
  const size = BigInt(digits ?? `0o${octal!}`);
  const value = sign === '-' ? -size : size;
  return value >= INT_MAX || value < -INT_MAX ? 0n : value;
}

function toFloat(value: Value): number {
  if (typeof value === 'string') return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ? Number(value) : 0;
  return typeof value === 'number' ? value : Number(toInt(value));
}

function wrapped(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new TemplateError('runtime error: integer divide by zero');
  return value;
}

function nonZero(value: number): number {
  if (value === 0) throw new TemplateError('decimal division by 0');
  return value;
}

/** Rounds off the noise of binary fractions: 0.1 + 0.2 is 0.3. */
function decimal(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(15)) : value;
}

const QUOTIENT_DIGITS = 16;

/** Divides decimal numbers, as they are written, up to so many digits of the fraction. */
function quotient(dividend: number, by: number): number {
  if (!Number.isFinite(dividend) || !Number.isFinite(by)) return dividend / by;
  const [above, below] = [decimalOf(dividend), decimalOf(by)];
  const exponent = QUOTIENT_DIGITS + above.exponent - below.exponent;
  const [top, bottom] =
    exponent >= 0
      ? [above.digits * 10n ** BigInt(exponent), below.digits]
      : [above.digits, below.digits * 10n ** BigInt(-exponent)];
  const twice = (2n * top) / bottom;
  const nearest = (twice + (twice < 0n ? -1n : 1n)) / 2n;
  return Number(`${nearest}e-${QUOTIENT_DIGITS}`);
}

/** Returns whole digits, and the power of ten to multiply them with. */
function decimalOf(value: number): { readonly digits: bigint; readonly exponent: number } {
  const [mantissa = '', exponent] = value.toExponential().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** @param half  from which fraction on it is rounded up */
function rounded(value: number, digits: number, half: number): number {
  const power = 10 ** digits;
  const scaled = power * value;
  const whole = Math.trunc(scaled);
  const fraction = scaled - whole;
  return (fraction >= half ? Math.ceil(scaled) : fraction <= -half ? Math.floor(scaled) : whole) / power;
}

function bytesOf(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new TemplateError(bytesProblem(text));
  return bytes;
}

function secondsOf(text: string): number {
  const ns = parseGoDuration(text);
  if (ns === undefined) throw new TemplateError(goDurationProblem(text));
  return Number(ns) / 1e9;
}

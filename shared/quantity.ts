/**
 * Numbers, durations and sizes in texts, as comparisons and measures read them. Both use this parser, so that
 * `latency>500` finds the rows whose numbers an aggregate counts.
 */

/** A number without a unit, or one in nanoseconds or in bytes. */
export interface Quantity {
  readonly kind: 'number' | 'duration' | 'bytes';
  readonly value: number;
}

/** Returns NaN for a text that is not a finite number. */
export function numberOf(text: string): number {
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : NaN;
}

/** What the texts of all quantities begin with. */
const QUANTITY_START = /^\s*[-+.\d]/;
const NS_PER_SECOND = 1e9;

/** Returns what measures count of a text: a number, the seconds of a duration, the bytes of a size; NaN for other texts. */
export function measuredOf(text: string): number {
  const number = numberOf(text);
  if (!Number.isNaN(number) || !QUANTITY_START.test(text)) return number;
  const ns = durationOf(text);
  return Number.isNaN(ns) ? sizeOf(text) : ns / NS_PER_SECOND;
}

const NS_OF_UNIT: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3, // micro sign
  μs: 1e3, // Greek mu
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
};
const DURATION = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+$/;
const DURATION_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/g;

/**
 * Returns the nanoseconds of a duration as Go and Prometheus write it (`1.5s`, `1h30m`, `250µs`); NaN for other texts.
 */
export function durationOf(text: string): number {
  if (!DURATION.test(text)) return NaN;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(DURATION_PART)) sum += Number(number) * NS_OF_UNIT[unit!]!;
  return text.startsWith('-') ? -sum : sum;
}

/**
 * `10MiB`, `1.5 GB`, `20Gi`, `512k`, `3b`. A single small letter is a unit of size only where it is not also one of
 * time.
 */
const SIZE = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)) ?(?:([kmgtpe]?)(i?)b|([kmgtpe])i|([kmgtpe]))$/i;
const PREFIXES = 'kmgtpe';

/**
 * Returns the bytes of a size with a unit: powers of 1000, or of 1024 with an `i`; NaN for other texts, including plain
 * numbers.
 */
export function sizeOf(text: string): number {
  const match = SIZE.exec(text);
  if (match === null) return NaN;
  const [, number, ofBytes, isBinary, binary, alone] = match;
  if (alone !== undefined && alone !== 'k' && alone !== alone.toUpperCase()) return NaN;
  const prefix = (ofBytes ?? binary ?? alone ?? '').toLowerCase();
  const base = binary !== undefined || (isBinary ?? '') !== '' ? 1024 : 1000;
  if (prefix === '' && base === 1024) return NaN;
  return Number(number) * base ** (prefix === '' ? 0 : PREFIXES.indexOf(prefix) + 1);
}

/** Returns undefined for a text that is not a quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  for (const [kind, read] of [
    ['number', numberOf],
    ['duration', durationOf],
    ['bytes', sizeOf],
  ] as const) {
    const value = read(text);
    if (!Number.isNaN(value)) return { kind, value };
  }
  return undefined;
}

/** Returns the value of a text as a quantity of a kind; NaN if it is not one. As a size, a plain number is in bytes. */
export function quantityOf(text: string, kind: Quantity['kind']): number {
  switch (kind) {
    case 'number':
      return numberOf(text);
    case 'duration':
      return durationOf(text);
    case 'bytes': {
      const size = sizeOf(text);
      return Number.isNaN(size) ? numberOf(text) : size;
    }
  }
}

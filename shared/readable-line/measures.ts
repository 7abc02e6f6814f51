/**
 * Durations and sizes with their units, at most three significant digits. Only a name or a format says a unit; a number
 * without one is shown as it was written.
 */
import { durationOf } from '../quantity.ts';
import { DURATION_NAMES, durationMsOf } from '../request-names.ts';
import { unitOfName } from '../unit-of-name.ts';

/** Durations as Go writes them, with a unit at each number. */
const GO_DURATION = /^-?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s)$/;

/** Numbers of JSON with as many digits as a float64 keeps. */
const NUMBER = /^-?\d{1,15}(?:\.\d+)?(?:[eE][+-]?\d{1,2})?$/;

export interface Measure {
  /** The name without its unit. */
  readonly name: string;
  readonly text: string;
}

/** Returns undefined where neither name nor value says a unit. */
export function measureOf(name: string, value: string): Measure | undefined {
  if (!NUMBER.test(value)) return GO_DURATION.test(value) ? { name, text: durationText(durationOf(value)) } : undefined;
  const number = Number(value);
  const unit = unitOfName(name);
  const bare = name.replace(UNIT_AT_END, '');
  if (unit !== undefined && bare !== '') {
    const size = number * unit.size;
    return { name: bare, text: unit.kind === 'bytes' ? sizeText(size) : durationText(size) };
  }
  const ms = DURATION_NAMES.includes(name) ? durationMsOf(name, value) : undefined;
  return ms === undefined ? undefined : { name, text: durationText(ms * 1e6) };
}

/** What unitOfName reads. */
const UNIT_AT_END = /[_.-]\p{L}+$|(?<=[\p{Ll}\d])\p{Lu}\p{Ll}*$/u;

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** `850 ns`, `12.3 µs`, `1.52 s`, `2 min 05 s`, `3 h 07 min`, `2 d 01 h`. */
export function durationText(ns: number): string {
  if (ns < 0) return `-${durationText(-ns)}`;
  if (ns === 0) return '0 s';
  // A value that is rounded up to the next unit is one of it.
  for (const [unit, size, next] of [
    ['ns', 1, 1e3],
    ['µs', 1e3, 1e3],
    ['ms', 1e6, 1e3],
    ['s', 1e9, MINUTE_S],
  ] as const) {
    const text = threeDigits(ns / size);
    if (Number(text) < next) return `${text} ${unit}`;
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < HOUR_S) return twoUnits(seconds, MINUTE_S, 'min', 1, 's');
  if (seconds < DAY_S) return twoUnits(seconds, HOUR_S, 'h', MINUTE_S, 'min');
  return twoUnits(seconds, DAY_S, 'd', HOUR_S, 'h');
}

/** `512 B`, `1.5 kB`, `148 MB`: powers of 1000. */
export function sizeText(bytes: number): string {
  return scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']);
}

/** Writes memory in powers of 1024: `148 MiB`. */
export function memoryText(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
}

/** Writes CPU time: `210 m`, `1.2 cores`. */
export function coresText(cores: number): string {
  if (Math.abs(cores) < 1) return `${threeDigits(cores * 1000)} m`;
  return cores === 1 ? '1 core' : `${threeDigits(cores)} cores`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let left = value;
  while (Math.abs(Number(threeDigits(left))) >= base && unit < units.length - 1) {
    left /= base;
    unit++;
  }
  return `${threeDigits(left)} ${units[unit]}`;
}

function twoUnits(seconds: number, size: number, unit: string, smallerSize: number, smaller: string): string {
  const rest = Math.floor((seconds % size) / smallerSize);
  return `${Math.floor(seconds / size)} ${unit} ${String(rest).padStart(2, '0')} ${smaller}`;
}

/** At most three significant digits, without zeros at the end, and without an exponent. */
function threeDigits(value: number): string {
  return String(Number(Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3)));
}

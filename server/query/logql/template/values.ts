/**
 * The values that templates work on. A whole number (Go's int) is a bigint, a float64 a number; an instant has the zone that
 * it is shown in.
 */
import { goFloat } from '../syntax/go-float.ts';
import { formatGoTime, type GoTime, isGoTime } from './go-time.ts';

/** An imaginary number (`2i`), which can only be printed. */
export interface GoImaginary {
  readonly imaginary: number;
}

/** A value of a type of Go's own: a month, a day of the week, a duration or a zone. */
export interface GoNamed {
  readonly type: string;
  readonly text: string;
  /** Of all but a zone. */
  readonly number?: bigint;
}

export function isGoNamed(value: unknown): value is GoNamed {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Labels as one value: `index` finds an empty text for a name that they lack. */
export class LabelsValue extends Map<string, string> {}

export type Value =
  | string
  | bigint
  | number
  | boolean
  | null
  | GoTime
  | GoImaginary
  | GoNamed
  | readonly Value[]
  | ReadonlyMap<string, Value>;

/** As `if` and `and` see it: zero, empty and nil are false. */
export function isTrue(value: Value): boolean {
  if (value instanceof Map) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isGoTime(value)) return true;
  if (isImaginary(value)) return value.imaginary !== 0;
  if (isGoNamed(value)) return value.number !== 0n;
  return value !== '' && value !== 0n && value !== 0 && value !== false && value !== null;
}

function isImaginary(value: object | Value): value is GoImaginary {
  return typeof value === 'object' && value !== null && 'imaginary' in value;
}

/** As an action prints it. */
export function printed(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return '<no value>';
  if (typeof value === 'number') return goFloat(value);
  if (isGoTime(value)) return formatGoTime(value, '2006-01-02 15:04:05.999999999 -0700 MST');
  if (isGoNamed(value)) return value.text;
  if (isImaginary(value)) return `(0${value.imaginary < 0 ? '' : '+'}${goFloat(value.imaginary)}i)`;
  if (value instanceof Map) {
    const entries = [...value].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([name, each]) => `${name}:${inside(each)}`).join(' ')}]`;
  }
  if (Array.isArray(value)) return `[${value.map(inside).join(' ')}]`;
  return `${value as bigint | boolean}`;
}

function inside(value: Value): string {
  return value === null ? '<nil>' : printed(value);
}

export function typeOf(value: Value): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (value === null) return '<nil>';
  if (isGoTime(value)) return 'time.Time';
  if (isImaginary(value)) return 'complex128';
  if (isGoNamed(value)) return value.type;
  if (value instanceof LabelsValue) return 'map[string]string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

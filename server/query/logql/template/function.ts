/** What a function of templates is, and how its arguments are read. */
import { ArgumentError } from './errors.ts';
import { typeOf, type Value } from './values.ts';

/** What a template sees of a line. */
export interface TemplateScope {
  readonly line: string;
  /** ns since 1970. */
  readonly timestamp: () => bigint;
  readonly nowMs: number;
  readonly label: (name: string) => string | undefined;
  readonly labels: () => ReadonlyMap<string, string>;
}

export interface TemplateFunction {
  /** Number of arguments. */
  readonly least: number;
  readonly most: number;
  readonly call: (values: readonly Value[], scope: TemplateScope) => Value;
}

export type Named = readonly [name: string, fn: TemplateFunction];

/** A function of a fixed number of arguments. */
export function fixed(name: string, count: number, call: TemplateFunction['call']): Named {
  return [name, { least: count, most: count, call }];
}

export function variadic(name: string, least: number, call: TemplateFunction['call']): Named {
  return [name, { least, most: Infinity, call }];
}

/** A function of texts. */
export function ofTexts(name: string, count: number, call: (...texts: string[]) => Value): Named {
  return fixed(name, count, (values) => call(...values.map(textOf)));
}

/** @throws TemplateError  it is not a text */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new ArgumentError(`wrong type for value; expected string; got ${typeOf(value ?? null)}`, value, 'string');
}

/** A whole number as an argument of a Go function: no other type will do. @throws TemplateError */
export function intOf(value: Value | undefined): number {
  if (typeof value === 'bigint') return Number(value);
  throw new ArgumentError(`wrong type for value; expected int; got ${typeOf(value ?? null)}`, value, 'integer');
}

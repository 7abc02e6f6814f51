/** A text of JSON as a value of templates. */
import type { Value } from './values.ts';

/** What is not JSON is empty, as Sprig has it. */
export function fromJson(text: string): Value {
  try {
    return valueOf(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return '';
  }
}

function valueOf(value: unknown): Value {
  if (Array.isArray(value)) return value.map(valueOf);
  if (typeof value !== 'object' || value === null) return value as string | number | boolean | null;
  return new Map(Object.entries(value).map(([name, each]) => [name, valueOf(each)]));
}

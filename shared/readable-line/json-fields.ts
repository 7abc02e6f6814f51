/** The fields of a line from JSON: of the line itself, or of the object `fields` of a row. Numbers stay as they were written. */
import type { Field } from './segment.ts';

/** Deeper objects are values. */
const DEPTH_MAX = 16;

/** A number, true, false or null as it was written. */
class Written {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  toJSON(): unknown {
    return (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON(this.source);
  }
}

/**
 * Parses JSON, with everything but strings, arrays and objects as it was written: 12345678901234567890, `1.10` and `1e5` are none
 * of a float64's texts.
 * @throws SyntaxError
 */
export function parseWritten(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    context?.source === undefined || typeof value === 'string' ? value : new Written(context.source);
  return JSON.parse(text, revive);
}

/** Returns the fields of an object that `parseWritten` has read, keys of nested ones joined by dots. */
export function fieldsOf(object: object): Field[] {
  const fields: Field[] = [];
  addFields(object, '', 1, fields);
  return fields;
}

function addFields(object: object, prefix: string, depth: number, fields: Field[]): void {
  for (const [key, value] of Object.entries(object) as [string, unknown][]) {
    const name = prefix + key;
    if (typeof value === 'string') fields.push({ name, value });
    else if (value instanceof Written) fields.push({ name, value: value.source });
    else if (depth < DEPTH_MAX && !Array.isArray(value)) addFields(value as object, `${name}.`, depth + 1, fields);
    else fields.push({ name, value: JSON.stringify(value) });
  }
}

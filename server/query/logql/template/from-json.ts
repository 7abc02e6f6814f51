/** A text of JSON as a value of templates. */
import { LOGQL_DEPTH_MAX } from '../../../limits.ts';
import { TemplateError } from './errors.ts';
import type { Value } from './values.ts';

/** Parses JSON; invalid text gives no value. */
export function fromJson(text: string): Value {
  try {
    return valueOf(JSON.parse(text), 0);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function valueOf(value: unknown, depth: number): Value {
  if (depth > LOGQL_DEPTH_MAX) throw new TemplateError(`nested too deeply: more than ${LOGQL_DEPTH_MAX} levels`);
  if (Array.isArray(value)) return value.map((each) => valueOf(each, depth + 1));
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value as number | boolean | null;
  return new Map(Object.entries(value).map(([name, each]) => [name.toWellFormed(), valueOf(each, depth + 1)]));
}

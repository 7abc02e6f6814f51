/**
 * The fields of an object as `| json` of LogQL finds them: the members of nested objects have the keys joined. What finds them in a
 * line, and what knows them of all lines of a template, both use this walk and so always agree.
 */
import { sanitizedKey } from './label-name.ts';
import { eachMember, JsonError, type JsonValue } from './walk.ts';

/** Levels of objects in objects; as many as LogQL allows of its own expressions. Beyond: the line has an error. */
export const JSON_DEPTH_MAX = 200;

/**
 * Calls for each value that gives a label, in order; of several with one name the first counts.
 * @throws JsonError  what was read before a mistake counts
 */
export function eachField(line: string, visit: (field: string, value: JsonValue) => void): void {
  readObject(line, 0, '', visit, 0);
}

function readObject(
  line: string,
  from: number,
  prefix: string,
  visit: (field: string, value: JsonValue) => void,
  depth: number,
): void {
  if (depth > JSON_DEPTH_MAX) throw new JsonError(`nested too deeply: more than ${JSON_DEPTH_MAX} levels`);
  eachMember(line, from, (key, value) => {
    const field = fieldName(prefix, key);
    if (field === '') return true;
    if (value.kind === 'object') readObject(line, value.start, field, visit, depth + 1);
    else if (value.kind !== 'array' && value.kind !== 'null') visit(field, value);
    return true;
  });
}

/** A name that is empty adds nothing to that of the object. */
export function fieldName(prefix: string, key: string): string {
  const own = sanitizedKey(key, prefix === '');
  if (own === '') return prefix;
  return prefix === '' ? own : `${prefix}_${own}`;
}

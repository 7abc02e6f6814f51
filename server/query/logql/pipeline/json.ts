/** `| json`: the members of an object, those of nested ones with joined names. */
import { LOGQL_DEPTH_MAX } from '../../../limits.ts';
import { eachMember, JsonError, type JsonValue, unescapedJson } from './json-walk.ts';
import { sanitizedKey } from './label-name.ts';
import type { LineLabels } from './line-labels.ts';
import type { Run, Wanted } from './stage.ts';

export const JSON_ERROR = 'JSONParserErr';

export function jsonStage({ nothing, isWanted }: Wanted): Run {
  return ({ line, labels }) => {
    if (nothing) return true;
    attempt(labels, () => readObject(line, 0, '', labels, isWanted, 0));
    return true;
  };
}

/** What was read before a mistake stays. */
function attempt(labels: LineLabels, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    labels.fail(JSON_ERROR, error.message);
  }
}

function readObject(
  line: string,
  from: number,
  prefix: string,
  labels: LineLabels,
  isWanted: (name: string) => boolean,
  depth: number,
): void {
  if (depth > LOGQL_DEPTH_MAX) throw new JsonError(`nested too deeply: more than ${LOGQL_DEPTH_MAX} levels`);
  eachMember(line, from, (key, value) => {
    const field = fieldName(prefix, key);
    if (field === '') return true;
    if (value.kind === 'object') readObject(line, value.start, field, labels, isWanted, depth + 1);
    else if (value.kind !== 'array' && value.kind !== 'null') {
      const name = labels.claim(field, isWanted);
      if (name !== undefined) labels.set(name, textOf(line, value));
    }
    return true;
  });
}

/** A name that is empty adds nothing to that of the object. */
function fieldName(prefix: string, key: string): string {
  const own = sanitizedKey(key, prefix === '');
  if (own === '') return prefix;
  return prefix === '' ? own : `${prefix}_${own}`;
}

/** Returns where the fields of an object are that jsonStage finds without a mistake, by their names. */
export function jsonPaths(line: string): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const walk = (from: number, prefix: string, outer: readonly string[]): void =>
    eachMember(line, from, (key, value) => {
      const field = fieldName(prefix, key);
      const path = [...outer, key];
      if (value.kind === 'object') walk(value.start, field, path);
      else if (!paths.has(field)) paths.set(field, path);
      return true;
    });
  walk(0, '', []);
  return paths;
}

/** Returns a value as a label has it. */
export function textOf(line: string, { kind, start, end }: JsonValue): string {
  const text = line.slice(start, end);
  return kind === 'string' ? unescapedJson(text) : text;
}

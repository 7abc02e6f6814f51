/** `| json`: the members of an object, those of nested ones with joined names. */
import { eachField, fieldName } from '../../../../shared/loki-json/fields.ts';
import { eachMember, JsonError, type JsonValue, unescapedJson } from '../../../../shared/loki-json/walk.ts';
import type { Run, Wanted } from './stage.ts';

export const JSON_ERROR = 'JSONParserErr';

/** What was read before a mistake stays. */
export function jsonStage({ nothing, isWanted }: Wanted): Run {
  return ({ line, labels }) => {
    if (nothing) return true;
    try {
      eachField(line, (field, value) => {
        const name = labels.claim(field, isWanted);
        if (name !== undefined) labels.set(name, textOf(line, value));
      });
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      labels.fail(JSON_ERROR, error.message);
    }
    return true;
  };
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

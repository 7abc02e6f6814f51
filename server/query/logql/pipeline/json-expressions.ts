/**
 * `| json x="a.b[0]"`: values at some places of an object. Keys are looked for as leniently as Loki does: what is wrong
 * elsewhere in the line does not matter.
 */
import type { Extraction } from '../syntax/ast.ts';
import { JSON_ERROR, textOf } from './json.ts';
import {
  blockEnd,
  eachElement,
  eachMember,
  JsonError,
  type JsonValue,
  quoteEnd,
  spaceEnd,
  unescapedJson,
  valueAt,
} from '../../../../shared/loki-json/walk.ts';
import { parseJsonPath, type PathStep } from './paths.ts';
import type { Run, Wanted } from './stage.ts';

interface Path {
  readonly name: string;
  readonly steps: readonly PathStep[];
}

/** @throws SyntaxError  an expression is not a path */
export function jsonExpressionStage(expressions: readonly Extraction[], { nothing }: Wanted): Run {
  const paths = expressions.map(({ name, expression }): Path => ({ name, steps: parseJsonPath(expression) }));
  return ({ line, labels }) => {
    if (nothing || line === '') return true;
    if (!/^[{["]/.test(line)) {
      labels.fail(JSON_ERROR, '');
      return true;
    }
    const { values, problem } = findAll(line, paths);
    if (problem !== undefined) labels.fail(JSON_ERROR, problem);
    for (const path of paths) labels.set(labels.nameFor(path.name), values.get(path) ?? '');
    return true;
  };
}

interface Found {
  readonly values: Map<Path, string>;
  problem: string | undefined;
}

function findAll(line: string, paths: readonly Path[]): Found {
  const found: Found = { values: new Map(), problem: undefined };
  try {
    const keys: string[] = [];
    if (line[0] === '[') take(line, [], 0, paths, found);
    else eachKey(line, keys, (start) => take(line, keys, start, paths, found));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  return found;
}

/**
 * Calls for each key of an object, whatever is between them. Arrays are passed over.
 * @param keys  those of the objects around the value, and its own
 * @throws JsonError  a text or an array does not end
 */
function eachKey(line: string, keys: string[], visit: (valueStart: number) => void): void {
  let level = 0;
  for (let at = 0; at < line.length; at++) {
    switch (line[at]) {
      case '{':
        level++;
        break;
      case '}':
        level--;
        break;
      case '[':
        at = blockEnd(line, at) - 1;
        break;
      case '"': {
        const end = quoteEnd(line, at);
        const colon = spaceEnd(line, end + 1);
        if (line[colon] === ':' && level > 0) {
          keys.length = level - 1;
          keys.push(unescapedJson(line.slice(at + 1, end)));
          visit(spaceEnd(line, colon + 1));
        }
        at = end;
      }
    }
  }
}

/** Takes the value of a key for the paths that lead to it, or into it if it is an array. */
function take(line: string, keys: readonly string[], start: number, paths: readonly Path[], found: Found): void {
  for (const path of paths) {
    const { steps } = path;
    const isOnPath = steps.length >= keys.length && keys.every((key, i) => steps[i] === key);
    const isInArray = typeof steps[keys.length] === 'number';
    if (!isOnPath || found.values.has(path) || (steps.length > keys.length && !isInArray)) continue;
    try {
      const value = memberAt(line, valueAt(line, start), steps.slice(keys.length));
      if (value !== undefined) found.values.set(path, value.kind === 'null' ? '' : textOf(line, value));
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      found.problem ??= error.message;
    }
  }
}

function memberAt(line: string, from: JsonValue, steps: readonly PathStep[]): JsonValue | undefined {
  let value = from;
  for (const step of steps) {
    let member: JsonValue | undefined;
    if (typeof step === 'string') {
      if (value.kind !== 'object') return undefined;
      eachMember(line, value.start, (key, each) => {
        if (key === step) member = each;
        return member === undefined;
      });
    } else {
      if (value.kind !== 'array') return undefined;
      let at = 0;
      eachElement(line, value.start, (each) => {
        if (at++ === step) member = each;
        return member === undefined;
      });
    }
    if (member === undefined) return undefined;
    value = member;
  }
  return value;
}

/** `| json`: the members of an object, those of nested ones with joined names; and `| json x="a.b[0]"`. */
import { LOGQL_DEPTH_MAX } from '../../../limits.ts';
import type { Extraction } from '../syntax/ast.ts';
import { eachElement, eachMember, JsonError, type JsonValue, unescapedJson } from './json-walk.ts';
import { sanitizedKey } from './label-name.ts';
import type { LineLabels } from './line-labels.ts';
import type { Run, Wanted } from './stage.ts';

const JSON_ERROR = 'JSONParserErr';

export function jsonStage({ nothing, isWanted }: Wanted): Run {
  return ({ line, labels }) => {
    if (nothing || line === '') return true;
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
    const own = sanitizedKey(key, prefix === '');
    if (own === '' && prefix === '') return true;
    const field = prefix === '' ? own : `${prefix}_${own}`;
    if (value.kind === 'object') readObject(line, value.start, field, labels, isWanted, depth + 1);
    else if (value.kind !== 'array' && value.kind !== 'null') {
      const name = labels.claim(field, isWanted);
      if (name !== undefined) labels.set(name, textOf(line, value));
    }
    return true;
  });
}

/** Returns where the fields of an object are that jsonStage finds without a mistake, by their names. */
export function jsonPaths(line: string): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const walk = (from: number, prefix: string, outer: readonly string[]): void =>
    eachMember(line, from, (key, value) => {
      const own = sanitizedKey(key, prefix === '');
      const field = prefix === '' ? own : `${prefix}_${own}`;
      const path = [...outer, key];
      if (value.kind === 'object') walk(value.start, field, path);
      else if (!paths.has(field)) paths.set(field, path);
      return true;
    });
  walk(0, '', []);
  return paths;
}

function textOf(line: string, { kind, start, end }: JsonValue): string {
  const text = line.slice(start, end);
  return kind === 'string' ? unescapedJson(text) : text;
}

type Step = string | number;

interface Path {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** @throws SyntaxError  an expression is not a path */
export function jsonExpressionStage(expressions: readonly Extraction[], { nothing }: Wanted): Run {
  const paths = expressions.map(({ name, expression }): Path => ({ name, steps: parsePath(expression) }));
  return ({ line, labels }) => {
    if (nothing || line === '') return true;
    if (!/^\s*\{/.test(line)) labels.fail(JSON_ERROR, '');
    else attempt(labels, () => readPaths(line, paths, labels));
    return true;
  };
}

function readPaths(line: string, paths: readonly Path[], labels: LineLabels): void {
  for (const { name, steps } of paths) {
    const value = valueAt(line, steps);
    labels.set(labels.nameFor(name), value === undefined || value.kind === 'null' ? '' : textOf(line, value));
  }
}

function valueAt(line: string, steps: readonly Step[]): JsonValue | undefined {
  let value: JsonValue | undefined = { kind: 'object', start: line.indexOf('{'), end: line.length };
  for (const step of steps) {
    const { kind, start }: JsonValue = value;
    let found: JsonValue | undefined;
    if (typeof step === 'string') {
      if (kind !== 'object') return undefined;
      eachMember(line, start, (key, member) => {
        if (key === step) found = member;
        return found === undefined;
      });
    } else {
      if (kind !== 'array') return undefined;
      let at = 0;
      eachElement(line, start, (element) => {
        if (at++ === step) found = element;
        return found === undefined;
      });
    }
    if (found === undefined) return undefined;
    value = found;
  }
  return value;
}

const STEP = /\.?([a-zA-Z_][\w-]*)|\[(\d+)\]|\["((?:\\.|[^"\\])*)"\]/y;

/** Parses `a.b[0]["c d"]`. @throws SyntaxError */
function parsePath(text: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    const isDotted = text[at] === '.';
    if (match === null || (at === 0 && isDotted) || (at > 0 && !isDotted && match[1] !== undefined)) {
      throw new SyntaxError(`cannot parse expression [${text}]: syntax error: unexpected ${JSON.stringify(text[at])}`);
    }
    const [, name, index, quoted] = match;
    steps.push(index === undefined ? (name ?? unescapedJson(quoted!)) : Number(index));
    at = STEP.lastIndex;
  }
  if (steps.length === 0) throw new SyntaxError(`cannot parse expression [${text}]: syntax error: unexpected $end`);
  return steps;
}

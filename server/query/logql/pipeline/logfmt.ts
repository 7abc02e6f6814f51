/** `| logfmt`: the pairs of a line, and `| logfmt x, y="z"` for some of them. */
import type { Parser } from '../syntax/ast.ts';
import { sanitizedKey } from '../../../../shared/loki-json/label-name.ts';
import type { LineLabels } from './line-labels.ts';
import { parseLogfmtKey } from './paths.ts';
import type { Run, Wanted } from './stage.ts';

const LOGFMT_ERROR = 'LogfmtParserErr';

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** A mistake in a pair: its place, from 1 on, and what was there. */
interface Mistake {
  readonly at: number;
  readonly problem: string;
}

type Logfmt = Extract<Parser, { kind: 'logfmt' }>;

export function logfmtStage({ isStrict, keepsEmpty }: Logfmt, { nothing, isWanted }: Wanted): Run {
  return ({ line, labels }) => {
    if (nothing || line === '') return true;
    read(line, isStrict, labels, ({ key, value }) => {
      const field = sanitizedKey(key, true);
      if (field === '' || (value === '' && !keepsEmpty)) return;
      const name = labels.claim(field, isWanted);
      if (name !== undefined) labels.set(name, value);
    });
    return true;
  };
}

/**
 * The last of several pairs counts here, and a field that has the name of an asked label gives its value, too.
 * @throws SyntaxError  an expression is not the name of a field
 */
export function logfmtExpressionStage({ isStrict, expressions }: Logfmt, { nothing }: Wanted): Run {
  const asked = new Map(expressions.map(({ name, expression }) => [name, parseLogfmtKey(expression)]));
  const byField = Map.groupBy(asked.keys(), (name) => asked.get(name)!);
  return ({ line, labels }) => {
    if (nothing || line === '') return true;
    for (const name of asked.keys()) if (labels.nameFor(name) === name) labels.set(name, '');
    read(line, isStrict, labels, ({ key, value }) => {
      const field = sanitizedKey(key, true);
      for (const name of byField.get(field) ?? (asked.has(field) ? [field] : [])) {
        labels.set(labels.nameFor(name), value);
      }
    });
    return true;
  };
}

function read(line: string, isStrict: boolean, labels: LineLabels, take: (pair: Pair) => void): void {
  const mistake = eachPair(line, isStrict, take);
  if (mistake === undefined) return;
  labels.fail(LOGFMT_ERROR, `logfmt syntax error at pos ${mistake.at} : ${mistake.problem}`);
}

/** Returns the first mistake if that ends the reading; otherwise the pair is skipped. */
function eachPair(line: string, isStrict: boolean, take: (pair: Pair) => void): Mistake | undefined {
  let at = 0;
  while (at < line.length) {
    if (isSpace(line, at)) {
      at++;
      continue;
    }
    const pair = pairAt(line, at);
    if ('mistake' in pair) {
      if (isStrict) return pair.mistake;
      at = pair.mistake.at;
      while (at < line.length && !isSpace(line, at)) at++;
      continue;
    }
    take(pair);
    at = pair.end;
  }
  return undefined;
}

function isSpace(line: string, at: number): boolean {
  return line.charCodeAt(at) <= 0x20;
}

function unexpected(line: string, at: number): { mistake: Mistake } {
  return {
    mistake: {
      at: at + 1,
      problem: `unexpected ${JSON.stringify(line[at])}`.replaceAll('"\\""', "'\"'").replace(/"(.)"$/, "'$1'"),
    },
  };
}

function pairAt(line: string, start: number): (Pair & { end: number }) | { mistake: Mistake } {
  let at = start;
  while (at < line.length && !isSpace(line, at) && line[at] !== '=') {
    if (line[at] === '"') return unexpected(line, at);
    at++;
  }
  const key = line.slice(start, at);
  if (line[at] !== '=') return { key, value: '', end: at };
  if (key === '') return unexpected(line, at);
  at++;
  if (at >= line.length || isSpace(line, at)) return { key, value: '', end: at };
  if (line[at] === '"') return quotedPair(line, key, at);
  const valueStart = at;
  while (at < line.length && !isSpace(line, at)) {
    if (line[at] === '=' || line[at] === '"') return unexpected(line, at);
    at++;
  }
  return { key, value: line.slice(valueStart, at).replaceAll('\uFFFD', ' '), end: at };
}

function quotedPair(line: string, key: string, start: number): (Pair & { end: number }) | { mistake: Mistake } {
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') {
      const value = unquoted(line.slice(start, at + 1));
      if (value === undefined) return { mistake: { at: at + 2, problem: 'invalid quoted value' } };
      return { key, value, end: at + 1 };
    }
  }
  return { mistake: { at: line.length + 1, problem: 'unterminated quoted value' } };
}

function unquoted(text: string): string | undefined {
  try {
    const value = JSON.parse(
      text.replaceAll(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
    return typeof value === 'string' ? value.replaceAll('\uFFFD', ' ') : undefined;
  } catch {
    return undefined;
  }
}

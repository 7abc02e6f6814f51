/**
 * Parses one parameter of a query into a condition on lines. `!` before a value negates it, `~` (after the `!`) makes
 * it a regular expression; `\!` and `\~` are the characters themselves. Comparisons are split as URLs are: for
 * `status>=500`, HTTP gives `status>` as the name; for `latency_ms>500`, all of it.
 */
import { isAscii } from 'node:buffer';
import { ParameterError } from '../../shared/errors.ts';
import { parseQuantity } from '../../shared/quantity.ts';
import { assertRegexp } from '../../shared/regexp/regexp.ts';
import { VALUES_PER_FILTER_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import {
  allOf,
  anyOf,
  not,
  type Operator,
  regexpLeaf,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../store/predicate.ts';
import { parsePattern } from '../store/value-test.ts';

/** A parameter that compares: its label or field, its operator, and its operand if that is in the parameter's name. */
const COMPARISON = /^(?<name>[^<>]+)(?<sign>[<>])(?<operand>.*)$/s;

/**
 * Parses a condition on a label or field.
 * @throws ParameterError
 */
export function parseCondition(parameter: string, texts: readonly string[], ignoreCase: boolean): Where {
  const comparison = COMPARISON.exec(parameter);
  if (comparison !== null) {
    const { name, sign, operand } = comparison.groups as { name: string; sign: '<' | '>'; operand: string };
    const isInName = operand !== '';
    if (!isInName || texts.every((text) => text === '')) {
      return parseComparison(name.trim(), isInName ? sign : `${sign}=`, isInName ? [operand] : texts);
    }
  }
  // `level!=debug` means `level=!debug`.
  const isRefused = parameter.length > 1 && parameter.endsWith('!');
  const name = isRefused ? parameter.slice(0, -1) : parameter;
  const { wanted, refused } = parseValues(name, isRefused ? texts.map((text) => `!${text}`) : texts);
  const some = (values: readonly Value[]): Where => {
    return valueLeaf(
      name,
      values.map((value) => testOf(name, value, ignoreCase)),
    );
  };
  return satisfying(wanted, refused, some);
}

/**
 * Parses a condition on the text of lines.
 * @throws ParameterError
 */
export function parseText(texts: readonly string[], ignoreCase: boolean): Where {
  const { wanted, refused } = parseValues('q', texts);
  if ([...wanted, ...refused].some(({ text }) => text === '')) {
    throw new ParameterError('q', 'empty', 'at least one character', 'q=timeout');
  }
  return satisfying(wanted, refused, (values) =>
    anyOf(
      values.map(({ text, isRegexp }) => {
        if (isRegexp) return regexpLeaf(parseRegexp('q', text, ignoreCase));
        if (!ignoreCase) return textLeaf(text);
        // Only regular expressions fold letters beyond ASCII.
        return isAscii(Buffer.from(text))
          ? { ...textLeaf(text), ignoreCase }
          : regexpLeaf(parseRegexp('q', quoted(text), true));
      }),
    ),
  );
}

function parseComparison(name: string, operator: Operator, texts: readonly string[]): Where {
  const [text = '', another] = texts;
  const parameter = `${name}${operator}`;
  if (another !== undefined) throw new ParameterError(parameter, 'given more than once', 'one value', `${name}>=1`);
  const operand = parseQuantity(text.trim());
  if (operand !== undefined) return valueLeaf(name, [{ kind: 'compare', operator, operand }]);
  const problem = `"${text}" is not a number, a duration or a size`;
  throw new ParameterError(parameter, problem, 'values such as 500, 1.5s or 10MiB', `${name}>=500`);
}

/**
 * Lines that satisfy one of the wanted tests, if there are any, and none of the refused.
 * @param some  makes a condition that holds for lines that pass one of these tests
 */
function satisfying(
  wanted: readonly Value[],
  refused: readonly Value[],
  some: (values: readonly Value[]) => Where,
): Where {
  return allOf([...(wanted.length === 0 ? [] : [some(wanted)]), ...(refused.length === 0 ? [] : [not(some(refused))])]);
}

interface Value {
  readonly text: string;
  readonly isRegexp: boolean;
}

/** Separates values with `!` from those without. */
function parseValues(name: string, texts: readonly string[]): { wanted: Value[]; refused: Value[] } {
  if (texts.length > VALUES_PER_FILTER_MAX) {
    throw new ParameterError(name, `${texts.length} values`, `up to ${VALUES_PER_FILTER_MAX}`, `${name}=a&${name}=b`);
  }
  const wanted: Value[] = [];
  const refused: Value[] = [];
  for (const text of texts) {
    if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
      throw new ParameterError(name, 'the value is too long', `up to ${TEXT_BYTES_MAX} bytes`, `${name}=abc*`);
    }
    if (text.startsWith('!')) refused.push(valueOf(text.slice(1)));
    else wanted.push(text.startsWith('\\!') ? { text: text.slice(1), isRegexp: false } : valueOf(text));
  }
  return { wanted, refused };
}

function valueOf(text: string): Value {
  if (text.startsWith('~')) return { text: text.slice(1), isRegexp: true };
  return { text: text.startsWith('\\~') ? text.slice(1) : text, isRegexp: false };
}

function testOf(name: string, { text, isRegexp }: Value, ignoreCase: boolean): ValueTest {
  if (isRegexp) return { kind: 'regexp', pattern: parseRegexp(name, text, ignoreCase) };
  const test = parsePattern(text);
  if (!ignoreCase) return test;
  const parts = test.kind === 'wildcard' ? test.parts : test.kind === 'equals' ? [test.text] : [];
  const pattern = parts.map((part) => quoted(Buffer.from(part).toString())).join('(?s:.*)');
  return { kind: 'regexp', pattern: parseRegexp(name, `^${pattern}$`, true) };
}

function parseRegexp(name: string, text: string, ignoreCase: boolean): string {
  const pattern = ignoreCase ? `(?i)${text}` : text;
  try {
    // The error names a place in the text as it was given.
    assertRegexp(text);
    assertRegexp(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const problem = `"${text}" is not a valid regular expression: ${error.message}`;
    throw new ParameterError(name, problem, "RE2's syntax, without look-around and back references", `${name}=~^a.*b$`);
  }
  return pattern;
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

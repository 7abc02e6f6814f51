/**
 * Parses one parameter of a query into a condition on lines. `!` before a value negates it, `~` (after the `!`) makes
 * it a regular expression; `\!` and `\~` are the characters themselves. Comparisons are split as URLs are: for
 * `status>=500`, HTTP gives `status>` as the name; for `latency_ms>500`, all of it.
 */
import { quotedPattern } from '../../shared/regexp/quoted-pattern.ts';
import { isAscii } from 'node:buffer';
import { ParameterError } from '../../shared/errors.ts';
import { assertRegexp } from '../../shared/regexp/regexp.ts';
import { VALUES_PER_FILTER_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import { parseName } from '../store/asked-name.ts';
import {
  allOf,
  anyOf,
  leafOf,
  not,
  type Operator,
  regexpLeaf,
  textLeaf,
  type ValueTest,
  type Where,
} from '../store/predicate.ts';
import { mayBeEscaped } from '../store/read-text.ts';
import { partsOfPattern, testOfParts } from '../store/value-test.ts';
import { OPERANDS, parseOperand } from './operand.ts';

/** How the filters of a query are read. */
export interface Reading {
  readonly ignoreCase: boolean;
  /** Several values of a name, or several texts, must all match; otherwise they are alternatives. */
  readonly matchAll: boolean;
}

/** A parameter that compares: its label or field, its operator, and its operand if that is in the parameter's name. */
const COMPARISON = /^(?<name>[^<>]+)(?<sign>[<>])(?<operand>.*)$/s;

/**
 * Parses a condition on a label or field.
 * @throws ParameterError
 */
export function parseCondition(parameter: string, texts: readonly string[], reading: Reading): Where {
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
  assertName(parameter, name);
  const { wanted, refused } = parseValues(name, isRefused ? texts.map((text) => `!${text}`) : texts);
  const some = (values: readonly Value[]): Where => {
    const tests = values.map(({ text, isRegexp }) =>
      isRegexp
        ? regexpTest(name, text, reading.ignoreCase)
        : valueTest(partsOfPattern(text), reading.ignoreCase, (pattern) => parseRegexp(name, pattern, false)),
    );
    return leafOf(name, tests);
  };
  return satisfying(wanted, refused, reading, some);
}

/**
 * Parses a condition on the text of lines.
 * @throws ParameterError
 */
export function parseText(parameter: 'q' | 'q.raw', texts: readonly string[], reading: Reading): Where {
  const { wanted, refused } = parseValues(parameter, texts);
  if ([...wanted, ...refused].some(({ text }) => text === '')) {
    throw new ParameterError(parameter, 'empty', 'at least one character', `${parameter}=timeout`);
  }
  return satisfying(wanted, refused, reading, (values) =>
    anyOf(
      values.map(({ text, isRegexp }) =>
        isRegexp
          ? regexpLeaf(parseRegexp(parameter, text, reading.ignoreCase))
          : textWhere(text, { ignoreCase: reading.ignoreCase, isRaw: parameter === 'q.raw' }, (pattern) =>
              parseRegexp(parameter, pattern, false),
            ),
      ),
    ),
  );
}

/**
 * Lines that contain a text: as they are written or, unless it is raw, as they are read.
 * @param checked  returns the expression, or throws if it is too large
 */
export function textWhere(
  text: string,
  { ignoreCase, isRaw }: { readonly ignoreCase: boolean; readonly isRaw: boolean },
  checked: (pattern: string) => string,
): Where {
  const reading = !isRaw && mayBeEscaped(text) ? { asRead: true as const } : {};
  if (!ignoreCase) return { ...textLeaf(text), ...reading };
  if (isAscii(Buffer.from(text))) return { ...textLeaf(text), ignoreCase, ...reading };
  // Only regular expressions fold letters beyond ASCII.
  return { ...regexpLeaf(checked(`(?i)${quotedPattern(text)}`)), ...reading };
}

/**
 * Returns the test of a whole value.
 * @param parts  texts with any characters between them
 * @param checked  returns the expression, or throws if it is too large
 */
export function valueTest(
  parts: readonly string[],
  ignoreCase: boolean,
  checked: (pattern: string) => string,
): ValueTest {
  if (!ignoreCase || parts.every((part) => part === '')) return testOfParts(parts);
  return { kind: 'regexp', pattern: checked(`(?i)^${parts.map(quotedPattern).join(ANYTHING)}$`) };
}

function parseComparison(name: string, operator: Operator, texts: readonly string[]): Where {
  const [text = '', another] = texts;
  const parameter = `${name}${operator}`;
  assertName(parameter, name);
  if (another !== undefined) throw new ParameterError(parameter, 'given more than once', 'one value', `${name}>=1`);
  const tests = parseOperand(name, operator, text);
  if (tests !== undefined) return leafOf(name, tests);
  const problem = `"${text}" is not a number, a duration or a size`;
  throw new ParameterError(parameter, problem, OPERANDS, `${name}>=500`);
}

/** `label.=x` names nothing. */
function assertName(parameter: string, asked: string): void {
  if (parseName(asked).name !== '' || asked === '') return;
  throw new ParameterError(parameter, 'without a name', 'the name of a label or field', `${asked}pod=api-1`);
}

/**
 * Lines that satisfy one of the wanted tests, or all, if there are any, and none of the refused.
 * @param some  makes a condition that holds for lines that pass one of these tests
 */
function satisfying(
  wanted: readonly Value[],
  refused: readonly Value[],
  { matchAll }: Reading,
  some: (values: readonly Value[]) => Where,
): Where {
  const groups = matchAll ? wanted.map((value) => [value]) : wanted.length === 0 ? [] : [wanted];
  return allOf([...groups.map(some), ...(refused.length === 0 ? [] : [not(some(refused))])]);
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
    if (/^![=<>]/.test(text)) {
      const value = text.replace(/^![=<>]+~?/, '');
      const problem = `"${text}" has an operator in the value`;
      throw new ParameterError(name, problem, '! before the value, for any other value', `${name}=!${value}`);
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

function regexpTest(name: string, text: string, ignoreCase: boolean): ValueTest {
  return { kind: 'regexp', pattern: parseRegexp(name, text, ignoreCase) };
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

/** An expression that matches any text, also of several lines. */
export const ANYTHING = '(?s:.*)';

/** Returns the expression that matches a text. */

/**
 * The search text, in which everything that filters lines can be asked for (`search=`): the same text for the API, the page,
 * the command line, saved views and alerts. From its tree to a condition on lines.
 */
import { quotedPattern } from '../../shared/regexp/quoted-pattern.ts';
import { SearchTextError } from '../../shared/errors.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { assertRegexp } from '../../shared/regexp/regexp.ts';
import { parseName } from '../store/asked-name.ts';
import { allOf, anyOf, EVERYTHING, leafOf, not, regexpLeaf, type ValueTest, type Where } from '../store/predicate.ts';
import { mayBeEscaped } from '../store/read-text.ts';
import { ANYTHING, type Reading, textWhere, valueTest } from './conditions.ts';
import { OPERANDS, parseOperand } from './operand.ts';
import { parseSearchText } from './search-text/parser.ts';
import { type Problem, timeInText } from './search-text/problems.ts';
import type { SearchNode, SearchRegexp, SearchValue } from './search-text/tree.ts';

/** Names that people write for the range of time, and the parameters that they mean. */
const TIME_PARAMETERS: ReadonlyMap<string, 'since' | 'until'> = new Map([
  ['since', 'since'],
  ['earliest', 'since'],
  ['until', 'until'],
  ['latest', 'until'],
]);
/** Fields of times: what they are compared with is a time, but for numbers. */
const TIME_FIELDS: readonly string[] = ['time', 'timestamp', '@timestamp', '_time', 'ts', 'datetime'];
const RELATIVE_TIMES: readonly string[] = ['now', 'today', 'yesterday'];

/** @throws ParameterError  with the place of what is wrong */
export function parseSearch(text: string, { ignoreCase }: Pick<Reading, 'ignoreCase'>): Where {
  return new Compiler(text, ignoreCase).where(parseSearchText(text));
}

class Compiler {
  readonly #text: string;
  readonly #ignoreCase: boolean;

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text;
    this.#ignoreCase = ignoreCase;
  }

  where(node: SearchNode): Where {
    switch (node.kind) {
      case 'all':
        return allOf(node.of.map((each) => this.where(each)));
      case 'any':
        return anyOf(node.of.map((each) => this.where(each)));
      case 'not':
        return not(this.where(node.of));
      case 'text':
        return node.isExact ? this.#textWhere(node, node.parts.join(''), this.#ignoreCase) : this.#wordWhere(node);
      case 'regexp':
        return regexpLeaf(this.#pattern(node.regexp));
      case 'field':
        this.#assertName(node, node.name);
        for (const value of node.values) {
          if (value.kind === 'parts') this.#assertNoTime(node, node.name, value.parts.join('*'), false);
        }
        return leafOf(
          node.name,
          node.values.map((value) => this.#test(node, value)),
        );
      case 'compare': {
        this.#assertName(node, node.name);
        this.#assertNoTime(node, node.name, node.operand, true);
        const tests = parseOperand(node.name, node.operator, node.operand);
        if (tests !== undefined) return leafOf(node.name, tests);
        throw this.#error(node, {
          problem: `"${node.operand}" is not a number, a duration or a size`,
          allowed: `${OPERANDS}; a text that has such signs, between two "`,
          example: `${node.name}>=500`,
        });
      }
    }
  }

  #test(node: SearchNode, value: SearchValue): ValueTest {
    if (value.kind === 'regexp') return { kind: 'regexp', pattern: this.#pattern(value) };
    return valueTest(value.parts, this.#ignoreCase, (pattern) => this.#checked(node, pattern));
  }

  #textWhere(node: SearchNode, text: string, ignoreCase: boolean): Where {
    return textWhere(text, { ignoreCase, isRaw: false }, (pattern) => this.#checked(node, pattern));
  }

  /** A bare word is found in any case and anywhere, so that a `*` at its ends means nothing. */
  #wordWhere(node: SearchNode & { readonly kind: 'text' }): Where {
    const { parts } = node;
    const first = parts.findIndex((part) => part !== '');
    if (first < 0) return EVERYTHING;
    const inner = parts.slice(first, parts.findLastIndex((part) => part !== '') + 1);
    if (inner.length === 1) return this.#textWhere(node, inner[0]!, true);
    const leaf = regexpLeaf(this.#checked(node, `(?i)${inner.map(quotedPattern).join(ANYTHING)}`));
    return mayBeEscaped(inner.join('')) ? { ...leaf, asRead: true } : leaf;
  }

  #checked(node: SearchNode, pattern: string): string {
    try {
      assertRegexp(pattern);
      return pattern;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const problem = `too long to be found in any case: ${error.message}`;
      throw this.#error(node, { problem, allowed: 'a shorter text, or one between two "', example: '"Timed Out"' });
    }
  }

  /** Returns the pattern of an expression that is known to be valid, also in any case. */
  #pattern({ pattern, ignoreCase }: SearchRegexp): string {
    return ignoreCase || this.#ignoreCase ? `(?i)${pattern}` : pattern;
  }

  #assertName(node: SearchNode, asked: string): void {
    if (parseName(asked).name !== '') return;
    throw this.#error(node, {
      problem: 'without a name',
      allowed: 'the name of a label or field behind label. or field.',
      example: 'label.pod:api-1',
    });
  }

  /** `since:1h`, `time>2026-11-23`: the parameter is meant. */
  #assertNoTime(node: SearchNode, name: string, text: string, isDateEnough: boolean): void {
    const isDate = /^\d{4}-\d\d-\d\d/.test(text);
    const isRelative = parseDurationMs(text.replace(/^(?:now)?-/, '')) !== undefined || RELATIVE_TIMES.includes(text);
    const isTime = isDate || isRelative;
    const parameter =
      TIME_PARAMETERS.get(name) ?? (node.kind === 'compare' && node.operator.startsWith('<') ? 'until' : 'since');
    const isMeant = TIME_PARAMETERS.has(name) || TIME_FIELDS.includes(name) ? isTime : isDateEnough && isDate;
    if (isMeant) throw this.#error(node, timeInText(parameter, text, name));
  }

  #error(node: SearchNode, problem: Problem): SearchTextError {
    return new SearchTextError(this.#text, node.range, problem);
  }
}

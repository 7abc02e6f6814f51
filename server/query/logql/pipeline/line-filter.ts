/** Line filters: a line has one of some texts, or none of them. */
import { Regexp } from '../../../../shared/regexp/regexp.ts';
import type { LineFilter, LineOperator, LineText } from '../syntax/ast.ts';
import { filterPatternProblem, parsePatternText } from '../syntax/pattern-text.ts';
import { regexpProblem } from '../syntax/regexp-text.ts';
import { hasAddress, parseIpRange } from './ip.ts';
import { fits } from './pattern.ts';
import type { Run } from './stage.ts';

/** @throws SyntaxError, InvalidIp */
export function lineFilterStage({ operator, texts }: LineFilter): Run {
  const tests = askedTexts(operator, texts).map((text) => testOf(operator, text));
  const isWanted = !isNegative(operator);
  if (tests.length === 1) {
    const test = tests[0]!;
    return ({ line }) => test(line) === isWanted;
  }
  return ({ line }) => tests.some((test) => test(line)) === isWanted;
}

/**
 * Of several texts, Loki leaves out those that each line has: `|= "" or "x"` looks for x.
 */
export function askedTexts(operator: LineOperator, texts: readonly LineText[]): readonly LineText[] {
  const asked = texts.filter(({ text, isIp }) => isIp || !isInEachLine(operator, text));
  return asked.length === 0 ? texts.slice(0, 1) : asked;
}

function isInEachLine(operator: LineOperator, text: string): boolean {
  return operator === '|=' ? text === '' : operator === '|~' && (text === '' || text === '.*');
}

export function isNegative(operator: LineOperator): boolean {
  return operator.startsWith('!');
}

function testOf(operator: LineOperator, { text, isIp }: LineText): (line: string) => boolean {
  if (isIp) {
    if (operator !== '|=' && operator !== '!=') throw new SyntaxError('ip: invalid operation');
    const range = parseIpRange(text);
    return (line) => hasAddress(range, line);
  }
  switch (operator) {
    case '|=':
    case '!=':
      return (line) => line.includes(text);
    case '|~':
    case '!~': {
      const problem = regexpProblem(text);
      if (problem !== undefined) throw new SyntaxError(problem);
      const regexp = new Regexp(text);
      return (line) => regexp.testText(line);
    }
    case '|>':
    case '!>': {
      const parts = parsePatternText(text);
      const problem = filterPatternProblem(parts);
      if (problem !== undefined) throw new SyntaxError(problem);
      return (line) => fits(parts, line);
    }
  }
}

/** What an operator makes of two numbers. */
import type { ArithmeticOperator, CompareOperator } from './ast.ts';
import { goPow } from './go-pow.ts';

export function compares(operator: CompareOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
  }
}

/** Division by zero is not a number, whatever is divided. */
export function calculated(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? NaN : left / right;
    case '%':
      return right === 0 ? NaN : left % right;
    case '^':
      return goPow(left, right);
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '>=', '<', '<=']);

export function isComparison(operator: string): operator is CompareOperator {
  return COMPARISONS.has(operator);
}

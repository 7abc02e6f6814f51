/** The finder of a redact rule: that of a redactor, or one for an expression of the operator's own. */
import { compileExpression } from '../rules/expression.ts';
import type { RedactorName, RedactRule } from '../rules/rule-set.ts';
import { findBearerToken } from './find-bearer-token.ts';
import { findCardNumber } from './find-card-number.ts';
import { findEmail } from './find-email.ts';
import { findIpv4 } from './find-ipv4.ts';
import { HAS_AT, HAS_DOT } from './line-text.ts';
import type { Finder, Redaction } from './redaction.ts';

const NEEDS: Readonly<Partial<Record<RedactorName, number>>> = { email: HAS_AT, ipv4: HAS_DOT };

const FINDERS: Readonly<Record<RedactorName, Finder>> = {
  email: findEmail,
  'bearer-token': findBearerToken,
  'card-number': findCardNumber,
  ipv4: findIpv4,
};

/** @throws when this agent is older than the server and does not know the pattern */
export function compileRedaction({ name, expression, ignoreCase = false, replace }: RedactRule): Redaction {
  const find = expression === undefined ? FINDERS[name as RedactorName] : findExpression(expression, ignoreCase);
  if (find === undefined) throw new Error(`this agent does not know the pattern ${name}: update it`);
  const isNamed = expression === undefined;
  const needs = isNamed ? (NEEDS[name as RedactorName] ?? 0) : 0;
  return { name, find, replacement: replace, needs, isNamed };
}

function findExpression(expression: string, ignoreCase: boolean): Finder {
  const findIn = compileExpression(expression, ignoreCase);
  const span = { start: 0, end: 0 };
  const prefix = Buffer.from(ignoreCase ? '' : literalPrefix(expression));
  return (bytes, at, end, found) => {
    // Most lines have no match.
    if (prefix.length > 0 && !bytes.subarray(at, end).includes(prefix)) return false;
    found.text ??= bytes.toString('latin1', found.lineStart, end);
    if (!findIn(found.text, at - found.lineStart, span)) return false;
    found.start = found.lineStart + span.start;
    found.end = found.lineStart + span.end;
    return true;
  };
}

/** Returns characters with which every match of the expression begins; empty when none are certain. */
function literalPrefix(expression: string): string {
  if (expression.includes('|')) return '';
  const [literal = ''] = /^[\w :=@/,;"'-]*/.exec(expression) ?? [];
  return /^[*?{]/.test(expression.slice(literal.length)) ? literal.slice(0, -1) : literal;
}

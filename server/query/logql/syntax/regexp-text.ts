/** Checks of regular expressions, with the messages that Go gives. */
import { assertRegexp } from '../../../../shared/regexp/regexp.ts';

/** What Go says of it ends with a text that is empty. */
const TRAILING = 'trailing backslash at end of expression';
const GROUP = /\(\?P?<(\w*)>/g;

/** Returns what is wrong with an expression in RE2's syntax. */
export function regexpProblem(pattern: string): string | undefined {
  try {
    assertRegexp(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = error.cause instanceof Error ? error.cause.message : `error parsing regexp: ${error.message}`;
    return message.endsWith(TRAILING) ? `${message}: \`\`` : message;
  }
}

/** The whole of a label's value must match. */
export function anchored(pattern: string): string {
  return `^(?s:${pattern})$`;
}

/** Returns what is wrong with an expression whose named groups become labels. */
export function groupsProblem(pattern: string): string | undefined {
  const names = groupNames(pattern);
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  const problem = regexpProblem(pattern);
  if (problem !== undefined)
    return repeated !== undefined && problem.includes('duplicate capture group name')
      ? `duplicate extracted label name '${repeated}'`
      : problem;
  return names.length === 0 ? 'at least one named capture must be supplied' : undefined;
}

/** Returns the names of the groups of a valid expression, in their order. */
function groupNames(pattern: string): string[] {
  const withoutEscapes = pattern
    .replaceAll(/\\Q[^]*?(?:\\E|$)|\\[^]/g, '')
    .replaceAll(/\[\^?\]?(?:\[:\w+:\]|[^\]])*\]/g, '');
  return [...withoutEscapes.matchAll(GROUP)].map(([, name]) => name!);
}

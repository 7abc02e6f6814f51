/** Where a query is wrong: Loki says it in words. */
import { AnswerError } from '../../shared/client/client.ts';

const PLACE = /^parse error (?:at line (\d+), col (\d+))?\s*:\s*/;

/** Returns the same error with the place of the token that is wrong; the whole query, where the server names none. */
export function located(error: AnswerError, query: string): AnswerError {
  const [place, line, column] = PLACE.exec(error.message) ?? [];
  if (place === undefined) return error;
  const message = error.message.slice(place.length).replace('unexpected $end', 'unexpected end of the query');
  const at = line === undefined ? undefined : indexOf(query.split('\n'), Number(line), Number(column));
  const [start, length] = at === undefined ? [0, query.length] : [at, tokenLength(query.slice(at))];
  return new AnswerError(error.status, { code: error.code, message, position: start + 1, length }, undefined);
}

/** Columns are in characters. What is missing at the end is shown at the last one. Some tokens have no line: 0. */
function indexOf(lines: readonly string[], line: number, column: number): number | undefined {
  if (line === 0 && lines.length > 1) return undefined;
  const own = Math.max(0, line - 1);
  const before = lines.slice(0, own).reduce((sum, each) => sum + each.length + 1, 0);
  const inLine = Array.from(lines[own] ?? '')
    .slice(0, Math.max(0, column - 1))
    .join('').length;
  return Math.min(before + inLine, Math.max(0, lines.join('\n').trimEnd().length - 1));
}

function tokenLength(rest: string): number {
  return /^(?:[\w.]+|"(?:[^"\\]|\\.)*"?|`[^`]*`?|[^]?)/.exec(rest)![0].length;
}

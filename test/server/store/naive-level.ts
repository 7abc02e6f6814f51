/** What `level` means, looked up in the table row by row: the slow half of the comparison with patterns and codes. */
import { LEVEL_FIELDS } from '../../../shared/level-fields.ts';
import { type Level, LEVELS, SLOG_WORDS } from '../../../shared/levels.ts';
import type { ValueTest } from '../../../server/store/predicate.ts';
import { matches } from '../../../server/engines/embedded/scan/value-match.ts';

export type Field = readonly [name: string, value: string];

/** The values of a line's level: those of the first field that may hold it. */
export function levelValues(fields: readonly Field[]): string[] {
  const holder = LEVEL_FIELDS.find((each) => fields.some(([name]) => name === each));
  return fields.flatMap(([name, value]) => (name === holder ? [value] : []));
}

export function naiveCanonical(value: string): string {
  return rowOf(value)?.canonical ?? value;
}

/** A canonical level is asked for as a whole, another word of it alone. */
export function isLevel(test: ValueTest, value: string): boolean {
  if (matches(test, Buffer.from(value))) return true;
  const row = rowOf(value);
  if (row === undefined) return false;
  if (test.kind === 'wildcard') return matches(test, Buffer.from(row.canonical));
  if (test.kind === 'regexp') return matches(test, Buffer.from(row.canonical));
  if (test.kind !== 'equals') return false;
  const asked = rowOf(Buffer.from(test.text).toString().toLowerCase());
  return asked === row || (asked?.word === asked?.canonical && asked?.canonical === row.canonical);
}

function rowOf(value: string): Level | undefined {
  const [, priority] = /^<(\d{1,3})>$/.exec(value) ?? [];
  if (priority !== undefined && String(Number(priority)) === priority && Number(priority) < 192) {
    return LEVELS.find((level) => level.priority === Number(priority) % 8);
  }
  return LEVELS.find(({ spellings }) => spellings.some((spelling) => isWritten(spelling, value)));
}

function isWritten(spelling: string, value: string): boolean {
  const forms = [spelling, spelling.toUpperCase(), spelling.charAt(0).toUpperCase() + spelling.slice(1)];
  return forms.some(
    (form) =>
      value === form ||
      (SLOG_WORDS.includes(spelling) && (value.startsWith(`${form}+`) || value.startsWith(`${form}-`))),
  );
}

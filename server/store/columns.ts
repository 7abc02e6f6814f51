/**
 * Names of columns that are no label or field. `level` and `message` are those of every line, whatever its logger calls them;
 * every other name is that of a label or field, see asked-name.ts.
 */
import { LEVEL } from '../../shared/levels.ts';

export const TIME_COLUMN = 'time';
export const LINE_COLUMN = 'line';
export const MESSAGE_COLUMN = 'message';
export const CURSOR_COLUMN = 'cursor';
/** All labels; all fields. */
export const LABELS_COLUMN = 'labels';
export const FIELDS_COLUMN = 'fields';

/** Columns that every line may have, whatever its labels and fields are. */
const OWN_COLUMNS: readonly string[] = [
  TIME_COLUMN,
  LEVEL,
  LINE_COLUMN,
  MESSAGE_COLUMN,
  CURSOR_COLUMN,
  LABELS_COLUMN,
  FIELDS_COLUMN,
];

/** Whether a column has the values of a label or field. */
export function isOfName(column: string): boolean {
  return !OWN_COLUMNS.includes(column);
}

/**
 * Names of columns that are no label or field. `level` and `message` are those of every line, whatever its logger calls them;
 * every other name is that of a label or field, see asked-name.ts.
 */
export const TIME_COLUMN = 'time';
export const LINE_COLUMN = 'line';
export const MESSAGE_COLUMN = 'message';
export const CURSOR_COLUMN = 'cursor';
/** All labels; all fields. */
export const LABELS_COLUMN = 'labels';
export const FIELDS_COLUMN = 'fields';

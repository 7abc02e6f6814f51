/** Columns of CSV where none are asked for. */
import { csvRow } from '../../shared/csv.ts';

/** Labels that have a column of their own where no columns are asked for; the others are joined in one. */
export const CSV_LABELS = ['namespace', 'pod', 'container', 'stream'] as const;
const CSV_COLUMNS = ['time', ...CSV_LABELS, 'labels', 'line'];

/** Returns the line with the names of the columns. */
export function csvHeader(columns: readonly string[] = CSV_COLUMNS): string {
  return csvRow(columns, false);
}

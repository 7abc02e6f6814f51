/** CSV, as RFC 4180 and spreadsheets have it. */

/** Labels that have a column of their own where no columns are asked for; the others are joined in one. */
export const CSV_LABELS = ['namespace', 'pod', 'container', 'stream'] as const;
const CSV_COLUMNS = ['time', ...CSV_LABELS, 'labels', 'line'];

/** Returns the line with the names of the columns. */
export function csvHeader(columns: readonly string[] = CSV_COLUMNS): string {
  return csvRow(columns, false);
}

/** @param isExact  cells unchanged; otherwise none of them runs as a formula in a spreadsheet */
export function csvRow(cells: readonly string[], isExact: boolean): string {
  return `${cells.map((cell) => csvCell(isExact ? cell : harmless(cell))).join(',')}\n`;
}

/** Quotes where a comma, quote or line break would be misread. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet takes a cell that begins like this for a formula, except where it is a number. */
const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;
const NUMBER = /^[+-]\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** Lines are untrusted input: what a spreadsheet would run as a formula becomes text. */
function harmless(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

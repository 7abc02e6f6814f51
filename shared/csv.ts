/** Rows of CSV, as RFC 4180 and spreadsheets have them. */

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

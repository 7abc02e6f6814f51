/**
 * Template order: the rows of template 0 in row order, then those of template 1, and so on. The values of a column are
 * in this order; a row's *rank* is its place among the rows of its template.
 */

import type { SmallCodes } from './encodings/integer.ts';
import { takeInt32s } from './pages/part-memory.ts';

/** Rows in template order; those of template t are [templateStarts[t], templateStarts[t + 1]). */
export interface TemplateOrder {
  readonly templateRows: Int32Array;
  readonly templateStarts: Int32Array;
}

/** Counting sort of rows by template; within a template, rows keep their order. */
export function rowsByTemplate(templateCodes: Uint16Array, rowCount: number, templateCount: number): TemplateOrder {
  const templateStarts = new Int32Array(templateCount + 1);
  for (let row = 0; row < rowCount; row++) templateStarts[templateCodes[row]! + 1]!++;
  for (let t = 0; t < templateCount; t++) templateStarts[t + 1]! += templateStarts[t]!;
  const next = templateStarts.slice();
  const templateRows = takeInt32s(rowCount);
  for (let row = 0; row < rowCount; row++) templateRows[next[templateCodes[row]!]!++] = row;
  return { templateRows, templateStarts };
}

/** Some rows, ascending and each once, with their ranks. */
export interface RankedRows {
  readonly rows: Int32Array;
  readonly ranks: Int32Array;
}

/** Returns the ranks of a few rows, given in any order: one pass over the codes up to the last of them. */
export function rankedRows(templateCodes: SmallCodes, templateCount: number, wanted: ArrayLike<number>): RankedRows {
  const rows = Int32Array.from(new Set(Array.from(wanted))).toSorted();
  const ranks = new Int32Array(rows.length);
  const counts = new Int32Array(templateCount);
  for (let row = 0, i = 0; i < rows.length; row++) {
    const rank = counts[templateCodes[row]!]!++;
    if (row === rows[i]) ranks[i++] = rank;
  }
  return { rows, ranks };
}

/** The rows of one template among some ranked rows. */
export interface TemplateRows {
  /** Their indices among the ranked rows, ascending. */
  readonly places: number[];
  readonly ranks: Int32Array;
}

/** Splits by template; only templates with rows. */
export function splitByTemplate(
  { rows, ranks }: RankedRows,
  templateCodes: SmallCodes,
): ReadonlyMap<number, TemplateRows> {
  const places = Map.groupBy(rows.keys(), (place) => templateCodes[rows[place]!]!);
  return new Map(
    [...places].map(([template, own]) => [
      template,
      { places: own, ranks: Int32Array.from(own, (place) => ranks[place]!) },
    ]),
  );
}

/**
 * Returns the rows of a few ranks, ascending: one pass over the codes up to the last of them.
 * @param wanted  by template: ranks that ascend; undefined or empty for none
 */
export function rowsOfRanks(
  templateCodes: SmallCodes,
  templateCount: number,
  wanted: readonly (ArrayLike<number> | undefined)[],
): Int32Array {
  const next = Int32Array.from({ length: templateCount }, (_, t) => wanted[t]?.[0] ?? -1);
  const found = new Int32Array(templateCount);
  const counts = new Int32Array(templateCount);
  const rows = new Int32Array(wanted.reduce((sum, ranks) => sum + (ranks?.length ?? 0), 0));
  for (let row = 0, at = 0; at < rows.length && row < templateCodes.length; row++) {
    const template = templateCodes[row]!;
    if (counts[template]!++ !== next[template]) continue;
    rows[at++] = row;
    next[template] = wanted[template]![++found[template]!] ?? -1;
  }
  return rows;
}

/** Returns the index of a number that is present in ascending numbers. */
export function placeOf(ascending: Int32Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which rows have the values of a column: the rows of its templates, one template after the other. */
import type { ColumnInfo } from './header.ts';
import { takeInt32s } from './pages/part-memory.ts';
import type { TemplateOrder } from './template-order.ts';

/** Returns the rows of a template, ascending. */
export function rowsOfTemplate({ templateRows, templateStarts }: TemplateOrder, template: number): Int32Array {
  return templateRows.subarray(templateStarts[template], templateStarts[template + 1]);
}

/** Returns the rows of a column's values, in the order of the values. */
export function rowsOfColumn(order: TemplateOrder, { parts, count }: ColumnInfo): Int32Array {
  if (parts.length === 1) return rowsOfTemplate(order, parts[0]!.template);
  const rows = new Int32Array(count);
  for (const { template, firstValue } of parts) rows.set(rowsOfTemplate(order, template), firstValue);
  return rows;
}

/**
 * Returns the rows of some values of a column, ascending.
 * @param indices  of values, ascending
 */
export function rowsOfValues(order: TemplateOrder, { parts }: ColumnInfo, indices: ArrayLike<number>): Int32Array {
  const { templateRows, templateStarts } = order;
  const rows = new Int32Array(indices.length);
  for (let i = 0, p = 0; i < rows.length; i++) {
    while ((parts[p + 1]?.firstValue ?? Infinity) <= indices[i]!) p++;
    const { template, firstValue } = parts[p]!;
    rows[i] = templateRows[templateStarts[template]! + indices[i]! - firstValue]!;
  }
  return parts.length === 1 ? rows : rows.toSorted();
}

/**
 * Returns the ranks of some values of a column, by template; undefined for templates without any.
 * @param indices  of values, ascending
 */
export function ranksOfValues({ parts }: ColumnInfo, indices: ArrayLike<number>): readonly (number[] | undefined)[] {
  const ranks: number[][] = [];
  for (let i = 0, p = 0; i < indices.length; i++) {
    while ((parts[p + 1]?.firstValue ?? Infinity) <= indices[i]!) p++;
    const { template, firstValue } = parts[p]!;
    (ranks[template] ??= []).push(indices[i]! - firstValue);
  }
  return ranks;
}

/** Returns the rank of each row. */
export function ranksByRow({ templateRows, templateStarts }: TemplateOrder): Int32Array {
  const ranks = takeInt32s(templateRows.length);
  for (let t = 0; t + 1 < templateStarts.length; t++) {
    const start = templateStarts[t]!;
    for (let i = start, end = templateStarts[t + 1]!; i < end; i++) ranks[templateRows[i]!] = i - start;
  }
  return ranks;
}

/** Values of names in a few rows of a row group, row by row, from the columns of these names alone: no line is built. */
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import { KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { rankedRows, splitByTemplate } from '../../../../shared/row-group/template-order.ts';
import { pickedValuesOf } from '../scan/picked-values.ts';
import { ValueText } from '../aggregate/value-text.ts';
import type { RowFields } from './row-fields.ts';

interface PickedRows extends RowFields {
  /** One for each of the rows, up to the one whose values reach a limit: empty. */
  readonly lines: ByteStrings;
  /** Size of the values of these rows, at most. */
  readonly sizeBytes: number;
}

/**
 * Returns undefined where the rows are not few, or columns do not tell all values.
 * @throws CorruptionError
 */
export function pickedFields(
  group: RowGroup,
  names: readonly string[],
  wanted: Uint32Array,
  bytesMax: number,
): PickedRows | undefined {
  if (!group.areFew(wanted.length) || group.columns.some(({ slot }) => slot.kind === KIND_TEXT)) return undefined;
  const codes = group.passingTemplateCodes();
  const ranked = rankedRows(codes, group.templates.length, wanted);
  const byTemplate = splitByTemplate(ranked, codes);
  const places = new Map([...byTemplate].map(([template, { ranks }]) => [template, [...ranks]]));
  const placeOfRow = new Map<number, readonly [template: number, index: number]>();
  for (const [own, rows] of byTemplate) {
    for (const [i, at] of rows.places.entries()) placeOfRow.set(ranked.rows[at]!, [own, i]);
  }
  const picked = pickedValuesOf(group, names, places);
  if (picked === undefined) return undefined;
  const text = new ValueText();
  let template = 0;
  let index = 0;
  const moveTo = (row: number): void => {
    [template, index] = placeOfRow.get(row)!;
  };
  let count = 0;
  let sizeBytes = 0;
  for (; count < wanted.length && sizeBytes < bytesMax; count++) {
    moveTo(wanted[count]!);
    for (const values of picked) sizeBytes += values.get(template)?.sizeMax(index) ?? 0;
  }
  return {
    lines: { bytes: Buffer.alloc(0), offsets: new Uint32Array(count + 1) },
    sizeBytes,
    text,
    moveTo,
    read: (field) => {
      const value = picked[field]!.get(template)?.at(index);
      if (value === undefined) return false;
      text.refer(value, 0, value.length);
      return true;
    },
  };
}

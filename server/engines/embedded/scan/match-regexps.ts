/**
 * Regular expressions on the values of a column, many at a time: their texts are written one after the other, and one
 * string of all of them is cut into slices. A string for each would take longer than the expression.
 */
import type { ColumnValues } from '../../../../shared/row-group/encodings/column-values.ts';
import { valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { markMatchingLines, regexpOf } from './regexps.ts';

const TEXTS_IN_TURN = 4096;
const BYTES_IN_TURN = 64 * 1024;

let bytes = Buffer.allocUnsafeSlow(BYTES_IN_TURN);
const offsets = new Uint32Array(TEXTS_IN_TURN + 1);
const places = new Uint32Array(TEXTS_IN_TURN);

/**
 * Marks the values whose text matches.
 * @param codes  by value: its code, and `wanted`, by code: 1 where it is looked at; undefined for all values
 */
export function markMatchingValues(
  values: ColumnValues,
  test: { readonly pattern: string },
  codes: Uint8Array | Uint16Array | undefined,
  wanted: Uint8Array,
  marks: Uint8Array,
): void {
  const regexp = regexpOf(test);
  let count = 0;
  const flush = (): void => {
    markMatchingLines(regexp, { bytes, offsets: offsets.subarray(0, count + 1) }, places, marks);
    count = 0;
  };
  for (let i = 0; i < marks.length; i++) {
    if (codes !== undefined && wanted[codes[i]!] === 0) continue;
    const sizeMax = valueSizeMax(values, i);
    if (count === TEXTS_IN_TURN || offsets[count]! + sizeMax > bytes.length) flush();
    if (sizeMax > bytes.length) bytes = Buffer.allocUnsafeSlow(sizeMax);
    places[count] = i;
    const end = writeValue(values, i, bytes, offsets[count]!);
    offsets[++count] = end;
  }
  flush();
}

/** The numbers of a field, straight from its columns, in template order as they are stored. */
import type { ColumnValues } from '../../../../shared/row-group/column-values.ts';
import { byteStringAt } from '../../../../shared/row-group/byte-strings.ts';
import { valueCount, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { POWERS_OF_TEN } from '../../../../shared/row-group/encodings/decimal.ts';
import { numberOf } from '../../../../shared/quantity.ts';
import { KIND_TEXT } from '../../../../shared/row-group/format.ts';
import { firstValueOf, type RowGroup } from '../../../../shared/row-group/reader.ts';
import { answersOf, columnOfTemplates } from '../scan/name.ts';
import { forEachWholeLineValue } from '../scan/whole-lines.ts';

/** The numbers of one template's rows: numbers[first + rank]; NaN where there is none. */
export interface NumberPart {
  readonly numbers: Float64Array;
  readonly first: number;
}

/** By template; undefined where no row has a number. */
export function rowNumbers(group: RowGroup, name: string): (NumberPart | undefined)[] {
  const columns = new Map<number, Float64Array>();
  return columnOfTemplates(group, answersOf(group, name)).map((column, template) => {
    if (column === undefined) return undefined;
    let numbers = columns.get(column);
    if (numbers === undefined) columns.set(column, (numbers = columnNumbers(group, column, name)));
    return { numbers, first: firstValueOf(group.columns[column]!, template) };
  });
}

function columnNumbers(group: RowGroup, column: number, name: string): Float64Array {
  const { slot, count } = group.columns[column]!;
  if (slot.kind !== KIND_TEXT) return numbersOf(group.values(column));
  const numbers = new Float64Array(count).fill(NaN);
  forEachWholeLineValue(group, column, name, (row, value) => {
    numbers[group.ranks()[row]!] = numberOf(value.toString());
  });
  return numbers;
}

function numbersOf(values: ColumnValues): Float64Array {
  switch (values.kind) {
    case 'integer':
      return new Float64Array(values.values);
    case 'decimal': {
      const { mantissas, scales } = values;
      const numbers = new Float64Array(mantissas.length);
      for (let i = 0; i < numbers.length; i++) numbers[i] = mantissas[i]! / POWERS_OF_TEN[scales[i]!]!;
      return numbers;
    }
    case 'constant':
      return new Float64Array(values.count).fill(numberOf(values.value.toString()));
    case 'dictionary': {
      const { codes, values: texts } = values;
      const distinct = new Float64Array(texts.offsets.length - 1);
      for (let code = 0; code < distinct.length; code++)
        distinct[code] = numberOf(byteStringAt(texts, code).toString());
      const numbers = new Float64Array(codes.length);
      for (let i = 0; i < numbers.length; i++) numbers[i] = distinct[codes[i]!]!;
      return numbers;
    }
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw':
    case 'pattern':
      return Float64Array.from({ length: valueCount(values) }, (_, index) => numberOf(textOf(values, index)));
  }
}

function textOf(values: ColumnValues, index: number): string {
  const text = Buffer.allocUnsafe(valueSizeMax(values, index));
  return text.toString('utf8', 0, writeValue(values, index, text, 0));
}

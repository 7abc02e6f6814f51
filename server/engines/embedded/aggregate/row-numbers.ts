/**
 * The numbers of a field, straight from its columns, in template order as they are stored: also the seconds of durations, and the
 * bytes of sizes.
 */
import type { ColumnValues } from '../../../../shared/row-group/encodings/column-values.ts';
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import { firstValueOf, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { decimalNumbers } from '../../../../shared/row-group/encodings/decimal.ts';
import { measuredOf } from '../../../../shared/quantity.ts';
import { KIND_STRING, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import { type OfRun, parseName } from '../../../store/asked-name.ts';
import { answersOf, columnOfTemplates } from '../scan/name.ts';
import { forEachWholeLineValue } from '../scan/whole-lines.ts';
import { writeRunNumbers } from './run-codes.ts';

/** The numbers of one template's rows: numbers[first + rank]; NaN where there is none. */
export interface NumberPart {
  readonly numbers: Float64Array;
  readonly first: number;
}

/** Lends memory for numbers. */
export type LendNumbers = (count: number) => Float64Array;

/** By template; undefined where no row has a number. */
export function rowNumbers(group: RowGroup, asked: string, lend: LendNumbers): (NumberPart | undefined)[] {
  const columns = new Map<number, Float64Array>();
  const { name, ofRun, isJson } = parseName(asked);
  if (ofRun !== undefined) return runNumbers(group, ofRun, lend);
  return columnOfTemplates(group, answersOf(group, name, isJson), isJson).map((column, template) => {
    if (column === undefined) return undefined;
    let numbers = columns.get(column);
    if (numbers === undefined) columns.set(column, (numbers = columnNumbers(group, column, name, lend)));
    return { numbers, first: firstValueOf(group.columns[column]!, template) };
  });
}

function runNumbers(group: RowGroup, name: OfRun, lend: LendNumbers): NumberPart[] {
  const numbers = lend(group.info.rowCount);
  writeRunNumbers(group, name, numbers);
  const { templateStarts } = group.order();
  return group.templates.map((_, template) => ({ numbers, first: templateStarts[template]! }));
}

function columnNumbers(group: RowGroup, column: number, name: string, lend: LendNumbers): Float64Array {
  const { slot, count } = group.columns[column]!;
  const numbers = lend(count);
  if (slot.kind !== KIND_TEXT) {
    const read = slot.kind === KIND_STRING ? measuredString : measuredText;
    return readNumbers(group.values(column), numbers, read);
  }
  numbers.fill(NaN);
  forEachWholeLineValue(group, column, name, (index, value) => {
    numbers[index] = measuredOf(value.toString());
  });
  return numbers;
}

function measuredText(text: Buffer): number {
  return measuredOf(text.toString());
}

/** `250\u00b5s` is a duration, too. */
function measuredString(text: Buffer): number {
  return measuredText(unescaped(text));
}

function readNumbers(values: ColumnValues, numbers: Float64Array, measured: (text: Buffer) => number): Float64Array {
  switch (values.kind) {
    case 'integer':
      numbers.set(values.values);
      return numbers;
    case 'decimal':
      return decimalNumbers(values, numbers);
    case 'constant':
      return numbers.fill(measured(values.value));
    case 'dictionary': {
      const { codes, values: texts } = values;
      const distinct = Float64Array.from({ length: texts.offsets.length - 1 }, (_, code) =>
        measured(byteStringAt(texts, code)),
      );
      for (let i = 0; i < numbers.length; i++) numbers[i] = distinct[codes[i]!]!;
      return numbers;
    }
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw':
    case 'pattern':
      for (let i = 0; i < numbers.length; i++) numbers[i] = measured(textOf(values, i));
      return numbers;
  }
}

function textOf(values: ColumnValues, index: number): Buffer {
  const text = Buffer.allocUnsafe(valueSizeMax(values, index));
  return text.subarray(0, writeValue(values, index, text, 0));
}

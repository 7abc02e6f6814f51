/** What rows are grouped by and what is measured of them, by row, straight from codes and numbers. */
import { byteStringAt } from '../../../shared/row-group/byte-strings.ts';
import { type ColumnValues, valueSizeMax, writeValue } from '../../../shared/row-group/column.ts';
import { POWERS_OF_TEN } from '../../../shared/row-group/encodings/decimal.ts';
import { distinctCutTexts } from '../../../shared/row-group/encodings/pattern.ts';
import { KIND_STRING, KIND_TEXT } from '../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { labelOf } from '../../../shared/labels.ts';
import { forEachTextObject, mayHoldObjects } from '../scan/text-objects.ts';
import { unescaped } from '../scan/unescaped.ts';

/** Each row's value of a label or field, as an index into `values`; 0 is "none". */
export interface RowCodes {
  readonly codes: Uint32Array;
  readonly values: readonly string[];
}

/** Distinct values of one name, in order of arrival; the first is "none". */
class Values {
  readonly list = [''];
  readonly #codes = new Map<string, number>();

  codeOf(value: string): number {
    let code = this.#codes.get(value);
    if (code === undefined) {
      code = this.list.push(value) - 1;
      this.#codes.set(value, code);
    }
    return code;
  }
}

/** A stream's label comes before a field of the line; of a field that stands in a line more than once, the last counts. */
export function rowCodes(group: RowGroup, name: string): RowCodes {
  const values = new Values();
  const codes = new Uint32Array(group.info.rowCount);
  for (const [index, column] of group.columns.entries()) {
    if (column.slot.kind === KIND_TEXT) {
      forEachTextObject(group, index, name, (row, value) => (codes[row] = values.codeOf(value.toString())));
    } else if (column.slot.field === name) {
      const columnCodes = codesOf(group.values(index), column.slot.kind, values);
      const rows = group.valueRows(column);
      for (let i = 0; i < rows.length; i++) codes[rows[i]!] = columnCodes(i);
    }
  }
  const labels = group.info.streams.map((stream) => labelOf(stream, name));
  if (labels.some((label) => label !== undefined)) {
    const labelCodes = labels.map((label) => (label === undefined ? -1 : values.codeOf(label)));
    const streams = group.streamCodes();
    for (let row = 0; row < codes.length; row++) {
      const code = labelCodes[streams[row]!]!;
      if (code >= 0) codes[row] = code;
    }
  }
  return { codes, values: values.list };
}

/** Value → how many rows have it, over all rows of the group, when columns alone can tell; '' is "none". */
export function countByColumns(group: RowGroup, name: string): Map<string, number> | undefined {
  if (group.info.streams.some((stream) => labelOf(stream, name) !== undefined)) return undefined;
  const counts = new Map<string, number>();
  let none = group.info.rowCount;
  for (const [index, { slot, count }] of group.columns.entries()) {
    if (slot.kind === KIND_TEXT) {
      if (mayHoldObjects(group, index)) return undefined;
    } else if (slot.field === name) {
      if (slot.ordinal > 0) return undefined;
      const values = group.values(index);
      if (values.kind !== 'dictionary' && values.kind !== 'constant') return undefined;
      none -= count;
      for (const [value, times] of countDistinct(values, slot.kind))
        counts.set(value, (counts.get(value) ?? 0) + times);
    }
  }
  if (none > 0) counts.set('', (counts.get('') ?? 0) + none);
  return counts;
}

function countDistinct(values: ColumnValues & { kind: 'dictionary' | 'constant' }, kind: number): [string, number][] {
  if (values.kind === 'constant') return [[textOf(values.value, kind), values.count]];
  const counts = new Uint32Array(values.values.offsets.length - 1);
  for (let i = 0; i < values.codes.length; i++) counts[values.codes[i]!]!++;
  return Array.from(counts, (count, code) => [textOf(byteStringAt(values.values, code), kind), count]);
}

/** Gives each value of a column its code. */
function codesOf(values: ColumnValues, kind: number, known: Values): (index: number) => number {
  switch (values.kind) {
    case 'constant': {
      const code = known.codeOf(textOf(values.value, kind));
      return () => code;
    }
    case 'dictionary': {
      const translated = Uint32Array.from({ length: values.values.offsets.length - 1 }, (_, code) =>
        known.codeOf(textOf(byteStringAt(values.values, code), kind)),
      );
      return (index) => translated[values.codes[index]!]!;
    }
    case 'integer': {
      const translated = new Map<number, number>();
      return (index) => {
        const value = values.values[index]!;
        let code = translated.get(value);
        if (code === undefined) translated.set(value, (code = known.codeOf(String(value))));
        return code;
      };
    }
    case 'pattern': {
      const distinct = distinctCutTexts(values);
      const text = textReader(values);
      const translated = distinct.values.map((value) => known.codeOf(textOf(text(value), kind)));
      return (index) => translated[distinct.codes[index]!]!;
    }
    case 'decimal':
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw': {
      const text = textReader(values);
      return (index) => known.codeOf(textOf(text(index), kind));
    }
  }
}

/** Each row's number in a field; NaN where there is none. */
export function rowNumbers(group: RowGroup, field: string): Float64Array {
  const numbers = new Float64Array(group.info.rowCount).fill(NaN);
  for (const [index, column] of group.columns.entries()) {
    if (column.slot.kind === KIND_TEXT) {
      forEachTextObject(group, index, field, (row, value) => (numbers[row] = numberOf(value.toString())));
    } else if (column.slot.field === field) {
      const values = group.values(index);
      const rows = group.valueRows(column);
      const at = numbersOf(values);
      for (let i = 0; i < rows.length; i++) numbers[rows[i]!] = at(i);
    }
  }
  return numbers;
}

function numbersOf(values: ColumnValues): (index: number) => number {
  switch (values.kind) {
    case 'integer':
      return (index) => values.values[index]!;
    case 'decimal':
      return (index) => values.mantissas[index]! / POWERS_OF_TEN[values.scales[index]!]!;
    case 'constant': {
      const number = numberOf(values.value.toString());
      return () => number;
    }
    case 'dictionary': {
      const numbers = Float64Array.from({ length: values.values.offsets.length - 1 }, (_, code) =>
        numberOf(byteStringAt(values.values, code).toString()),
      );
      return (index) => numbers[values.codes[index]!]!;
    }
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw':
    case 'pattern': {
      const text = textReader(values);
      return (index) => numberOf(text(index).toString());
    }
  }
}

/** NaN for what is no finite number. */
function numberOf(text: string): number {
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : NaN;
}

function textOf(bytes: Buffer, kind: number): string {
  return (kind === KIND_STRING ? unescaped(bytes) : bytes).toString();
}

/** Values as text; the buffer is overwritten by the next call. */
function textReader(values: ColumnValues): (index: number) => Buffer {
  let scratch = Buffer.alloc(0);
  return (index) => {
    const sizeBytes = valueSizeMax(values, index);
    if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
    return scratch.subarray(0, writeValue(values, index, scratch, 0));
  };
}

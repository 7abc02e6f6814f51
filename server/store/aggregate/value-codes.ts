/**
 * What rows are grouped by, as numbers straight from the columns. Values stay in template order, as they are stored: the
 * rows of one template are a part, and parts of several names line up value by value.
 */
import {
  type ColumnValues,
  FIXED_VALUE_BYTES_MAX,
  valueSizeMax,
  writeValue,
} from '../../../shared/row-group/column.ts';
import { distinctCutTexts } from '../../../shared/row-group/encodings/pattern.ts';
import type { Answer } from '../../../shared/row-group/answer.ts';
import { ENCODING_CONSTANT, KIND_STRING, KIND_TEXT } from '../../../shared/row-group/format.ts';
import { firstValueOf, type RowGroup } from '../../../shared/row-group/reader.ts';
import { labelOf } from '../../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../../shared/levels.ts';
import { answersOf, columnOfTemplates } from '../scan/name.ts';
import { forEachWholeLineValue } from '../scan/whole-lines.ts';
import { unescaped } from '../../../shared/row-group/unescaped.ts';
import type { GroupKey } from './group-key.ts';

/** The codes of one template's rows: the same for all, or `base + codes[first + rank]`. */
export type CodePart =
  | { readonly kind: 'same'; readonly code: number }
  | { readonly kind: 'each'; readonly codes: Codes; readonly first: number; readonly base: number };

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** One of the things that rows are grouped by. Two codes may stand for the same value. */
export interface Dimension {
  /** Codes are below it. */
  readonly size: number;
  /** By code: rows of the whole row group, where its header tells; then `parts` need not be looked at to count all. */
  readonly totals?: Uint32Array | undefined;
  /** By template. */
  readonly parts: readonly CodePart[];
  /** Adds what a code stands for to a key. */
  write(code: number, key: GroupKey): void;
}

const NO_VALUE = 0;

/** Integers in a range of at most so many a value get one code each; in a wider one each row has a code of its own. */
const INTEGERS_RANGE_FACTOR = 2;

/** What is known of one column's codes. */
export interface ColumnCodes {
  /** Codes of the values, above `base`; undefined for one value that is that of `base`. */
  readonly codes: (() => Codes) | undefined;
  readonly base: number;
  /** By code above `base`: how many values have it, where the header tells. */
  readonly totals: ArrayLike<number> | undefined;
}

/** A stream's label comes before a field of the line; of a field that stands in a line more than once, the last counts. */
export function valueCodes(group: RowGroup, name: string): Dimension {
  const codes = writtenCodes(group, name);
  return name === LEVEL ? levelCodes(codes) : codes;
}

/** Codes of the values as they are written. */
function writtenCodes(group: RowGroup, name: string): Dimension {
  const texts = new Texts();
  const columns = new Map<number, ColumnCodes>();
  const answers = answersOf(group, name);
  const columnOfTemplate = columnOfTemplates(group, answers);
  const implied = impliedCodes(answers, texts);
  for (const column of columnOfTemplate) {
    if (column === undefined || columns.has(column)) continue;
    const isText = group.columns[column]!.slot.kind === KIND_TEXT;
    columns.set(column, isText ? wholeLineCodes(group, column, name, texts) : columnCodes(group, column, texts));
  }
  const partsOfFields = (): CodePart[] =>
    columnOfTemplate.map((column, template) => {
      if (column === undefined) return { kind: 'same', code: implied[template]! };
      const { codes, base } = columns.get(column)!;
      if (codes === undefined) return { kind: 'same', code: base };
      return { kind: 'each', codes: codes(), first: firstValueOf(group.columns[column]!, template), base };
    });
  const write = (code: number, key: GroupKey): void => texts.write(code, key);
  if (group.info.streams.some((stream) => labelOf(stream, name) !== undefined)) {
    const parts = underLabels(group, name, partsOfFields(), texts);
    return { size: texts.size, parts, write };
  }
  let parts: readonly CodePart[] | undefined;
  return {
    size: texts.size,
    totals: totalsOf(group, columnOfTemplate, columns, implied, texts.size),
    get parts() {
      return (parts ??= partsOfFields());
    },
    write,
  };
}

/** Undefined when the header does not tell, or some lines that have values in a column are answered by another. */
function totalsOf(
  group: RowGroup,
  columnOfTemplate: readonly (number | undefined)[],
  columns: ReadonlyMap<number, ColumnCodes>,
  implied: readonly number[],
  size: number,
): Uint32Array | undefined {
  const totals = new Uint32Array(size);
  for (const [template, code] of implied.entries()) {
    if (columnOfTemplate[template] === undefined) totals[code]! += group.templateRowCounts[template]!;
  }
  for (const [column, { base, totals: ofColumn }] of columns) {
    const { parts } = group.columns[column]!;
    if (ofColumn === undefined || parts.some(({ template }) => columnOfTemplate[template] !== column)) return undefined;
    for (let code = 0; code < ofColumn.length; code++) {
      totals[base + code]! += ofColumn[code]!;
    }
  }
  return totals;
}

/** By template: the code of what its lines mean without a value for it; NO_VALUE where they mean nothing. */
function impliedCodes(answers: readonly (Answer | undefined)[], texts: Texts): number[] {
  const known = new Map<Buffer, number>();
  return answers.map((answer) => {
    if (answer?.kind !== 'implied') return NO_VALUE;
    const { value } = answer;
    const code = known.get(value) ?? texts.add({ kind: 'constant', value, count: 1 }, 1, false);
    known.set(value, code);
    return code;
  });
}

/** Codes of a column of values, which are added to the texts. */
export function columnCodes(group: RowGroup, column: number, texts: Texts): ColumnCodes {
  const { slot, chunk, count } = group.columns[column]!;
  const mayEscape = chunk.byteSet === undefined ? chunk.encoding === ENCODING_CONSTANT : hasBackslash(chunk.byteSet);
  const escaped = slot.kind === KIND_STRING && mayEscape;
  const distinct = group.countedTexts(column);
  if (distinct !== undefined) {
    const codes = (): Codes => {
      const values = group.values(column);
      if (values.kind !== 'dictionary') throw new RangeError('BUG: a dictionary that is none');
      return values.codes;
    };
    const base = texts.add({ kind: 'raw', ...distinct }, distinct.offsets.length - 1, escaped);
    return { codes, base, totals: distinct.counts };
  }
  const values = group.values(column);
  switch (values.kind) {
    case 'constant':
      return { codes: undefined, base: texts.add(values, 1, escaped), totals: [count] };
    case 'integer': {
      const { min, max } = values;
      const range = max - min + 1;
      if (range > values.values.length * INTEGERS_RANGE_FACTOR) break;
      const codes = new Uint32Array(values.values.length);
      for (let i = 0; i < codes.length; i++) codes[i] = values.values[i]! - min;
      const all = Float64Array.from({ length: range }, (_, code) => min + code);
      const base = texts.add({ kind: 'integer', values: all, min, max }, range, false);
      return { codes: () => codes, base, totals: undefined };
    }
    case 'pattern': {
      const { codes, values: places } = distinctCutTexts(values);
      return { codes: () => codes, base: texts.add(values, places.length, escaped, places), totals: undefined };
    }
    case 'dictionary':
    case 'decimal':
    case 'timestamp':
    case 'uuid':
    case 'hex':
    case 'raw':
      break;
  }
  return { codes: () => countingUp(count), base: texts.add(values, count, escaped), totals: undefined };
}

export function countingUp(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/** Codes of a field of lines that are kept whole. */
function wholeLineCodes(group: RowGroup, column: number, name: string, texts: Texts): ColumnCodes {
  let codes: Uint32Array | undefined;
  forEachWholeLineValue(group, column, name, (row, value) => {
    codes ??= new Uint32Array(group.columns[column]!.count);
    codes[group.ranks()[row]!] = texts.add({ kind: 'constant', value: Buffer.from(value), count: 1 }, 1, false);
  });
  const own = codes;
  return own === undefined ? { codes: own, base: 0, totals: [] } : { codes: () => own, base: 0, totals: undefined };
}

/** Where a row's stream has a label of the name, its value is that row's. */
function underLabels(group: RowGroup, name: string, parts: readonly CodePart[], texts: Texts): readonly CodePart[] {
  const labels = group.info.streams.map((stream) => labelOf(stream, name));
  if (labels.every((label) => label === undefined)) return parts;
  const known = new Map<string, number>();
  const labelCodes = labels.map((label) => {
    if (label === undefined) return -1;
    let code = known.get(label);
    if (code === undefined) {
      code = texts.add({ kind: 'constant', value: Buffer.from(label), count: 1 }, 1, false);
      known.set(label, code);
    }
    return code;
  });
  const [only] = labelCodes;
  if (labelCodes.every((code) => code === only)) return parts.map(() => ({ kind: 'same', code: only! }));
  const streams = group.streamCodes();
  const { templateRows, templateStarts } = group.order();
  return parts.map((part, template): CodePart => {
    const rows = templateRows.subarray(templateStarts[template], templateStarts[template + 1]);
    const codes = new Uint32Array(rows.length);
    addCodes(part, 1, codes);
    for (let i = 0; i < rows.length; i++) {
      const code = labelCodes[streams[rows[i]!]!]!;
      if (code >= 0) codes[i] = code;
    }
    return { kind: 'each', codes, first: 0, base: 0 };
  });
}

/** Adds a part's codes, times a factor. */
export function addCodes(part: CodePart, factor: number, to: Uint32Array): void {
  if (part.kind === 'same') {
    if (part.code > 0) for (let i = 0; i < to.length; i++) to[i]! += part.code * factor;
    return;
  }
  const { codes, first, base } = part;
  for (let i = 0; i < to.length; i++) to[i]! += (base + codes[first + i]!) * factor;
}

/** The same codes, which stand for canonical levels. */
function levelCodes(written: Dimension): Dimension {
  /** By code: the level that takes the place of what is written; null where they are the same. */
  const levels: (Buffer | null)[] = [];
  const write = (code: number, key: GroupKey): void => {
    const before = key.end;
    written.write(code, key);
    const start = before === 0 ? key.start : before;
    let level = levels[code];
    if (level === undefined) levels[code] = level = canonicalLevel(key.bytes, start, key.end) ?? null;
    if (level === null) return;
    if (before === 0) key.refer(level, 0, level.length);
    else key.replaceFrom(before, level);
  };
  return {
    size: written.size,
    totals: written.totals,
    get parts() {
      return written.parts;
    },
    write,
  };
}

/** What the codes of one name stand for; 0 is "none". */
export class Texts {
  readonly #runs: {
    readonly base: number;
    readonly values: ColumnValues;
    readonly escaped: boolean;
    readonly places: Uint32Array | undefined;
  }[] = [];
  size = 1;

  /**
   * @param places  which of the values get codes; undefined for the first `count` of them
   * @returns the code of the first of the values
   */
  add(values: ColumnValues, count: number, escaped: boolean, places?: Uint32Array): number {
    const base = this.size;
    this.#runs.push({ base, values, escaped, places });
    this.size += count;
    return base;
  }

  write(code: number, key: GroupKey): void {
    if (code === 0) return;
    const { base, values, escaped, places } = this.#runs[this.#runOf(code)]!;
    const index = places === undefined ? code - base : places[code - base]!;
    if (values.kind === 'raw' && !escaped && key.isEmpty) {
      // Nearly all keys are one value of a dictionary.
      key.refer(values.bytes, values.offsets[index]!, values.offsets[index + 1]!);
      return;
    }
    const start = key.end;
    key.reserve(Math.max(FIXED_VALUE_BYTES_MAX, valueSizeMax(values, index)));
    key.end = writeValue(values, index, key.bytes, start);
    if (escaped) key.replaceFrom(start, unescaped(key.bytes.subarray(start, key.end)));
  }

  #runOf(code: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[middle]!.base <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const BACKSLASH = 0x5c;

function hasBackslash(byteSet: Buffer): boolean {
  return (byteSet[BACKSLASH >> 3]! & (1 << (BACKSLASH & 7))) !== 0;
}

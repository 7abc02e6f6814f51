/**
 * The values that rows are grouped by, as numbers straight from the columns. Values stay in template order, as they are
 * stored: the rows of one template are a part, and parts of several names line up value by value.
 */
import type { Integers } from '../../../../shared/row-group/encodings/column-values.ts';
import { firstValueOf, valueCount } from '../../../../shared/row-group/column.ts';
import type { Answer } from '../../../../shared/row-group/answer.ts';
import { UUID_PACKED_BYTES } from '../../../../shared/row-group/encodings/uuid-short.ts';
import { KIND_STRING, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { labelOf } from '../../../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../../../shared/levels.ts';
import { valuesMayHave } from '../scan/column-bytes.ts';
import { countingUp } from '../scan/counting-up.ts';
import { linePatterns } from '../scan/line-patterns.ts';
import { answersOf, columnOfTemplates } from '../scan/name.ts';
import { forEachWholeLineValue } from '../scan/whole-lines.ts';
import type { CodePart, Codes, Dimension, Lend } from './dimension.ts';
import { NUMBERS_RANGE_FACTOR, patternCodes } from './pattern-codes.ts';
import { WHOLE_STREAM } from '../../../store/aggregate-plan.ts';
import { type AskedName, type OfRun, parseName } from '../../../store/asked-name.ts';
import { ID, shapeOf } from '../scan/shape.ts';
import { shapeCodesOf } from '../scan/shape-codes.ts';
import { bucketCodesOf, foldToBucket } from './log-codes.ts';
import { runCodes } from './run-codes.ts';
import { countStreams, NO_LABEL, streamParts } from './stream-codes.ts';
import { streamKeys } from './stream-keys.ts';
import { Texts } from './texts.ts';

const BACKSLASH = 0x5c;
const NO_VALUE = 0;

/** The codes of one column. */
export interface ColumnCodes {
  /** The codes of the values, minus `base`; undefined for a single value with the code `base`. */
  readonly codes: (() => Codes) | undefined;
  readonly base: number;
  /** Adds the number of all values to each code; undefined where that is no cheaper than reading each. */
  readonly addTotals: ((totals: Uint32Array) => void) | undefined;
}

/**
 * A stream's label takes precedence over a field of the line; of a field that occurs in a line more than once, the last
 * counts.
 */
export function valueCodes(group: RowGroup, asked: string, lend: Lend = newCodes): Dimension {
  if (asked === WHOLE_STREAM) return byStream(group, streamKeys(group), new Texts(), lend);
  const { name, only, isShape, isPattern, ofRun, isBucket, isJson } = parseName(asked);
  if (isPattern) return patternDimension(group);
  if (ofRun !== undefined) return runDimension(group, ofRun, lend);
  const fold = isShape ? shapeOf : isBucket ? foldToBucket : name === LEVEL && !isJson ? canonicalLevel : undefined;
  const texts = new Texts(fold);
  const labels = group.info.streams.map((stream) => (only === 'field' ? undefined : labelOf(stream, name)));
  if (!labels.includes(undefined)) return byStream(group, labels, texts, lend);
  if (only === 'label') {
    return byStream(group, labels, texts, lend, () => group.templates.map(() => ({ kind: 'same', code: NO_VALUE })));
  }
  const columns = new Map<number, ColumnCodes>();
  const answers = answersOf(group, name, isJson);
  const columnOfTemplate = columnOfTemplates(group, answers, isJson);
  const implied = impliedCodes(answers, texts);
  for (const column of columnOfTemplate) {
    if (column === undefined || columns.has(column)) continue;
    const isText = group.columns[column]!.slot.kind === KIND_TEXT;
    columns.set(
      column,
      isText
        ? wholeLineCodes(group, column, name, texts)
        : (derivedCodes(group, column, texts, { isShape, isBucket }, lend) ?? columnCodes(group, column, texts, lend)),
    );
  }
  const partsOfFields = (): CodePart[] =>
    columnOfTemplate.map((column, template) => {
      if (column === undefined) return { kind: 'same', code: implied[template]! };
      const { codes, base } = columns.get(column)!;
      if (codes === undefined) return { kind: 'same', code: base };
      return { kind: 'each', codes: codes(), first: firstValueOf(group.columns[column]!, template), base };
    });
  if (labels.some((label) => label !== undefined)) return byStream(group, labels, texts, lend, partsOfFields);
  if (columns.size === 0 && implied.every((code) => code === implied[0])) {
    return { size: texts.size, constant: implied[0]!, parts: partsOfFields(), texts };
  }
  let parts: readonly CodePart[] | undefined;
  return {
    size: texts.size,
    addTotals: totalsOf(group, columnOfTemplate, columns, implied),
    get parts() {
      return (parts ??= partsOfFields());
    },
    texts,
  };
}

/** Whether all rows of a stream have the same value of a name, whichever stream it is: that of its label. */
export function hasOneOfEachStream({ info: { streams } }: RowGroup, asked: string): boolean {
  if (asked === WHOLE_STREAM) return true;
  const { name, only, isPattern, ofRun } = parseName(asked);
  if (isPattern || ofRun !== undefined || only === 'field') return false;
  return streams.every((stream) => labelOf(stream, name) !== undefined);
}

/** Returns codes of what is made of values, where that does not need the text of each. */
function derivedCodes(
  group: RowGroup,
  column: number,
  texts: Texts,
  { isShape, isBucket }: Pick<AskedName, 'isShape' | 'isBucket'>,
  lend: Lend,
): ColumnCodes | undefined {
  if (isShape) return shapeCodes(group, column, texts);
  return isBucket ? bucketCodesOf(group.values(column), texts, lend) : undefined;
}

function patternDimension(group: RowGroup): Dimension {
  const { patterns, codes } = linePatterns(group);
  const texts = new Texts();
  const base = texts.size;
  for (const pattern of patterns) texts.addText(Buffer.from(pattern));
  const parts = codes.map((own): CodePart => {
    return typeof own === 'number' ? { kind: 'same', code: base + own } : { kind: 'each', codes: own, first: 0, base };
  });
  return { size: texts.size, parts, constant: patterns.length === 1 ? base : undefined, texts };
}

function runDimension(group: RowGroup, name: OfRun, lend: Lend): Dimension {
  const texts = new Texts();
  const { constant, write } = runCodes(group, name, texts);
  if (constant !== undefined) return constantDimension(group, constant, texts);
  const codes = lend(group.info.rowCount);
  write(codes);
  const { templateStarts } = group.order();
  const parts = group.templates.map((_, template): CodePart => {
    return { kind: 'each', codes, first: templateStarts[template]!, base: 0 };
  });
  return { size: texts.size, parts, texts };
}

function constantDimension(group: RowGroup, code: number, texts: Texts): Dimension {
  const parts = group.templates.map((): CodePart => ({ kind: 'same', code }));
  return { size: texts.size, constant: code, parts, texts };
}

/**
 * Rows of a stream with a label have that as their value; the others have that of their fields.
 * @param labels  by stream
 * @param partsOfFields  undefined if all streams have a label
 */
function byStream(
  group: RowGroup,
  labels: readonly (string | undefined)[],
  texts: Texts,
  lend: Lend,
  partsOfFields?: () => readonly CodePart[],
): Dimension {
  const known = new Map<string | undefined, number>([[undefined, NO_LABEL]]);
  for (const label of labels) if (!known.has(label)) known.set(label, texts.addText(Buffer.from(label!)));
  const codes = Int32Array.from(labels, (label) => known.get(label)!);
  const [only] = codes;
  if (partsOfFields === undefined && codes.every((code) => code === only)) {
    return constantDimension(group, only!, texts);
  }
  let parts: readonly CodePart[] | undefined;
  return {
    size: texts.size,
    addTotals:
      partsOfFields === undefined ? (totals) => countStreams(group.streamCodes(), 'all', codes, totals) : undefined,
    ofStreams: partsOfFields === undefined ? codes : undefined,
    get parts() {
      return (parts ??= streamParts(group, codes, lend, partsOfFields));
    },
    texts,
  };
}

/**
 * Undefined when that of a column is, or when another column has the value of some lines that have values in a column.
 */
function totalsOf(
  group: RowGroup,
  columnOfTemplate: readonly (number | undefined)[],
  columns: ReadonlyMap<number, ColumnCodes>,
  implied: readonly number[],
): ((totals: Uint32Array) => void) | undefined {
  for (const [column, { addTotals }] of columns) {
    const { parts } = group.columns[column]!;
    if (addTotals === undefined || parts.some(({ template }) => columnOfTemplate[template] !== column))
      return undefined;
  }
  return (totals) => {
    for (const [template, code] of implied.entries()) {
      if (columnOfTemplate[template] === undefined) totals[code]! += group.templateRowCounts[template]!;
    }
    for (const { addTotals } of columns.values()) addTotals!(totals);
  };
}

/** By template: the code of the value that its lines imply without a field for it; NO_VALUE where they imply none. */
function impliedCodes(answers: readonly (Answer | undefined)[], texts: Texts): number[] {
  const known = new Map<Buffer, number>();
  return answers.map((answer) => {
    if (answer?.kind !== 'implied') return NO_VALUE;
    const { value } = answer;
    const code = known.get(value) ?? texts.addText(value);
    known.set(value, code);
    return code;
  });
}

/** Does the same for their shapes, where these do not depend on each value. */
function shapeCodes(group: RowGroup, column: number, texts: Texts): ColumnCodes | undefined {
  const values = group.values(column);
  const escaped = group.columns[column]!.slot.kind === KIND_STRING;
  if (values.kind === 'uuid' || (values.kind === 'integer' && values.min >= 0)) {
    return constantCodes(texts.addFolded(ID), valueCount(values));
  }
  const byShape = values.kind === 'pattern' ? shapeCodesOf(values, escaped) : undefined;
  if (byShape === undefined) return undefined;
  const { codes, counts, shapes } = byShape;
  const base = texts.addAllFolded(shapes.length, (index) => shapes[index]!);
  return { codes: () => codes, base, addTotals: (totals) => addCounts(counts, base, totals) };
}

function newCodes(size: number): Uint32Array {
  return new Uint32Array(size);
}

/** Returns the codes of a column of values, which are added to the texts. */
export function columnCodes(group: RowGroup, column: number, texts: Texts, lend: Lend = newCodes): ColumnCodes {
  const { slot, count } = group.columns[column]!;
  const escaped = slot.kind === KIND_STRING && valuesMayHave(group, column, BACKSLASH);
  const distinct = group.countedTexts(column);
  if (distinct !== undefined) {
    const codes = (): Codes => {
      const values = group.values(column);
      if (values.kind !== 'dictionary') throw new RangeError('BUG: not a dictionary');
      return values.codes;
    };
    const base = texts.add({ kind: 'raw', ...distinct }, distinct.offsets.length - 1, escaped);
    const { counts } = distinct;
    return { codes, base, addTotals: counts && ((totals) => addCounts(counts, base, totals)) };
  }
  const values = group.values(column);
  switch (values.kind) {
    case 'constant':
      return constantCodes(texts.add(values, 1, escaped), count);
    case 'integer':
      return integerCodes(values, texts);
    case 'pattern':
      return patternCodes(values, escaped, texts, lend);
    case 'uuid': {
      const { places, packed } = values;
      if (places === undefined) break;
      // Each stored one has a code, however often it is repeated.
      const stored = { ...values, places: undefined, count: packed.length / UUID_PACKED_BYTES };
      return { codes: () => places, base: texts.add(stored, stored.count, escaped), addTotals: undefined };
    }
    case 'dictionary':
    case 'decimal':
    case 'timestamp':
    case 'hex':
    case 'raw':
      break;
  }
  return { codes: () => countingUp(count), base: texts.add(values, count, escaped), addTotals: undefined };
}

function constantCodes(base: number, count: number): ColumnCodes {
  return { codes: undefined, base, addTotals: (totals) => (totals[base]! += count) };
}

function addCounts(counts: Uint32Array, base: number, totals: Uint32Array): void {
  for (let code = 0; code < counts.length; code++) totals[base + code]! += counts[code]!;
}

function integerCodes({ values, min, max }: Integers, texts: Texts): ColumnCodes {
  const range = max - min + 1;
  if (range > values.length * NUMBERS_RANGE_FACTOR || !(values instanceof Int32Array)) {
    const base = texts.addNumbers(undefined, values);
    return { codes: () => countingUp(values.length), base, addTotals: undefined };
  }
  return { codes: () => values, base: texts.addRange(undefined, min, range) - min, addTotals: undefined };
}

/** Returns the codes of a field of lines that are kept whole. */
function wholeLineCodes(group: RowGroup, column: number, name: string, texts: Texts): ColumnCodes {
  let codes: Uint32Array | undefined;
  forEachWholeLineValue(group, column, name, (index, value) => {
    codes ??= new Uint32Array(group.columns[column]!.count);
    codes[index] = texts.addText(Buffer.from(value));
  });
  const own = codes;
  if (own === undefined) return constantCodes(NO_VALUE, group.columns[column]!.count);
  return { codes: () => own, base: 0, addTotals: undefined };
}

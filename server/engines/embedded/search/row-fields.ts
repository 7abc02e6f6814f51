/**
 * Values of names, row by row: from the columns that belong to them or, where few rows of a row group are wanted, from their
 * lines, which are built anyway. Decoding columns for a few rows would cost as much as for all.
 */
import { type Answer, answerTo, fieldsOfTemplate } from '../../../../shared/row-group/answer.ts';
import { KIND_METADATA, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type Labels, labelOf } from '../../../../shared/labels.ts';
import { canonicalLevel, LEVEL } from '../../../../shared/levels.ts';
import { isPlainName } from '../../../store/asked-name.ts';
import type { Dimension } from '../aggregate/dimension.ts';
import { valueCodes } from '../aggregate/value-codes.ts';
import { ValueText } from '../aggregate/value-text.ts';
import { WholeLine } from '../scan/whole-lines.ts';

/** Lines are cut when at most one row in this many is wanted: a line costs two microseconds, a value of a column a tenth. */
const CUT_FACTOR = 16;

export interface RowFields {
  /** Moves to a row and its line. */
  moveTo(row: number, bytes: Buffer, start: number, end: number): void;
  /** Sets `text` to the value of a name in that row. @returns false where it has none */
  read(field: number): boolean;
  readonly text: ValueText;
}

/**
 * @param rowCount  of the rows that will be read
 * @throws CorruptionError
 */
export function rowFields(group: RowGroup, names: readonly string[], rowCount: number): RowFields {
  return areReadFromColumns(group, names, rowCount) ? new ColumnFields(group, names) : new LineFields(group, names);
}

/** Whether lines are not needed for the values. */
export function areReadFromColumns(group: RowGroup, names: readonly string[], rowCount: number): boolean {
  const areMany = names.length === 0 || rowCount * CUT_FACTOR > group.info.rowCount;
  return areMany || !names.every(isPlainName);
}

const NO_VALUE = 0;

class ColumnFields implements RowFields {
  readonly #readers: readonly ColumnReader[];
  #row = 0;
  text = new ValueText();

  constructor(group: RowGroup, names: readonly string[]) {
    this.#readers = names.map((name) => new ColumnReader(group, name));
  }

  moveTo(row: number): void {
    this.#row = row;
  }

  read(field: number): boolean {
    const reader = this.#readers[field]!;
    this.text = reader.text;
    return reader.read(this.#row);
  }
}

class ColumnReader {
  readonly #values: Pick<Dimension, 'constant' | 'parts' | 'texts'>;
  readonly #templateCodes: Uint16Array;
  readonly #ranks: Int32Array;
  readonly text = new ValueText();

  constructor(group: RowGroup, name: string) {
    const { constant, parts, texts } = valueCodes(group, name);
    this.#values = { constant, parts, texts };
    this.#templateCodes = group.templateCodes();
    this.#ranks = group.ranks();
  }

  read(row: number): boolean {
    const code = this.#values.constant ?? this.#codeOf(row);
    this.#values.texts.write(code, this.text);
    return code !== NO_VALUE;
  }

  #codeOf(row: number): number {
    const part = this.#values.parts[this.#templateCodes[row]!]!;
    return part.kind === 'same' ? part.code : part.base + part.codes[part.first + this.#ranks[row]!]!;
  }
}

class LineFields implements RowFields {
  readonly #group: RowGroup;
  readonly #names: readonly string[];
  readonly #templateCodes: Uint16Array;
  readonly #streamCodes: Uint16Array;
  readonly #line = new WholeLine();
  readonly #answers = new Map<number, readonly (Answer | undefined)[]>();
  /** By stream: the labels that have precedence over fields. */
  readonly #labels: readonly (readonly (Buffer | undefined)[])[];
  /** Reads lines that are cut differently now than when they were stored, and those with metadata. */
  #columns: ColumnFields | undefined;
  #row = 0;
  #template = 0;
  #how: 'whole' | 'template' | 'columns' = 'whole';
  text = new ValueText();

  constructor(group: RowGroup, names: readonly string[]) {
    this.#group = group;
    this.#names = names;
    this.#templateCodes = group.templateCodes();
    this.#streamCodes = group.streamCodes();
    this.#labels = group.info.streams.map((stream) => names.map((name) => labelAsField(stream, name)));
  }

  moveTo(row: number, bytes: Buffer, start: number, end: number): void {
    const group = this.#group;
    this.#row = row;
    this.#template = this.#templateCodes[row]!;
    const { slots } = group.templates[this.#template]!;
    const isWhole = slots.some(({ kind }) => kind === KIND_TEXT);
    const hasMetadata = slots.at(-1)?.kind === KIND_METADATA;
    const isCut = this.#line.cut(row, bytes, start, end);
    // Metadata is not in the line.
    if (hasMetadata) this.#how = 'columns';
    else if (isWhole) this.#how = isCut ? 'whole' : 'columns';
    else this.#how = isCut && areFieldsOf(slots, this.#line.fields) ? 'template' : 'columns';
    if (this.#how === 'columns') (this.#columns ??= new ColumnFields(group, this.#names)).moveTo(row);
  }

  read(field: number): boolean {
    const label = this.#labels[this.#streamCodes[this.#row]!]![field];
    if (label !== undefined) return this.#refer(label);
    if (this.#how === 'columns') {
      const isPresent = this.#columns!.read(field);
      this.text = this.#columns!.text;
      return isPresent;
    }
    const value = this.#how === 'whole' ? this.#line.answer(this.#names[field]!) : this.#valueOf(field);
    if (value === undefined) return this.#refer(NOTHING) && false;
    return this.#refer(this.#names[field] === LEVEL ? (canonicalLevel(value, 0, value.length) ?? value) : value);
  }

  #valueOf(field: number): Buffer | undefined {
    let answers = this.#answers.get(this.#template);
    if (answers === undefined) {
      const fields = fieldsOfTemplate(this.#group.templates[this.#template]!);
      answers = this.#names.map((name) => answerTo(name, fields));
      this.#answers.set(this.#template, answers);
    }
    const answer = answers[field];
    if (answer?.kind === 'implied') return answer.value;
    return answer === undefined || answer.path !== '' ? undefined : this.#line.value(answer.slot);
  }

  #refer(value: Buffer): true {
    this.text.refer(value, 0, value.length);
    return true;
  }
}

const NOTHING = Buffer.alloc(0);

/** False of a line that a pod's annotation has cut in another way. */
function areFieldsOf(slots: readonly { readonly field: string | undefined }[], fields: readonly string[]): boolean {
  return slots.length === fields.length && slots.every(({ field }, i) => field === fields[i]);
}

function labelAsField(stream: Labels, name: string): Buffer | undefined {
  const label = labelOf(stream, name);
  if (label === undefined) return undefined;
  const bytes = Buffer.from(label);
  return name === LEVEL ? (canonicalLevel(bytes, 0, bytes.length) ?? bytes) : bytes;
}

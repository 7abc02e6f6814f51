/** The fields of the lines of a row group, line by line: their names from templates, their values from the lines. */
import type { CutLines } from '../../../../shared/row-group/line-sink.ts';
import { cutLine } from '../../../../shared/row-group/line-formats/cut-line.ts';
import { KIND_METADATA, KIND_STRING, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { Field } from '../../../../shared/readable-line/segment.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { Tokens } from '../../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';
import { type FieldShape, shapeOf, shapeOfTemplate } from './field-shape.ts';

const NO_FIELDS: FieldShape = {
  count: 0,
  fields: [],
  kinds: [],
  slots: [],
  metadata: [],
  level: undefined,
  isObject: false,
};
/** One for all lines of a thread. */
const tokens = new Tokens({ areNamed: true });

export class LineFields {
  /** The names of the current line's fields. */
  shape: FieldShape = NO_FIELDS;
  /** The value of a slot is bytes[starts[first + slot], ends[first + slot]). */
  readonly bytes: Buffer;
  starts: ArrayLike<number> = [];
  ends: ArrayLike<number> = [];
  first = 0;
  /** False of a line in no known format. */
  isCut = true;
  readonly #group: RowGroup;
  readonly #lines: CutLines;
  readonly #templateCodes: Uint16Array;

  constructor(group: RowGroup, lines: CutLines) {
    this.#group = group;
    this.#lines = lines;
    this.bytes = lines.bytes;
    this.#templateCodes = group.templateCodes();
  }

  /** Moves to a row and the index of its line. */
  moveTo(row: number, line: number): void {
    const { firstValues, valueStarts, valueEnds, offsets } = this.#lines;
    const template = this.#group.templates[this.#templateCodes[row]!]!;
    if (template.slots[0]?.kind === KIND_TEXT) this.#cutWhole(offsets[line]!, offsets[line + 1]!);
    else {
      this.isCut = true;
      this.shape = shapeOfTemplate(template);
      this.first = firstValues[line]!;
      this.starts = valueStarts;
      this.ends = valueEnds;
      return;
    }
    const names = template.slots.slice(1).map(({ field }) => field);
    if (names.length > 0) this.#addMetadata(names, firstValues[line]! + 1);
  }

  /** Returns the bytes of a slot in the line, as a view. */
  raw(slot: number): Buffer {
    return this.bytes.subarray(this.starts[this.first + slot], this.ends[this.first + slot]);
  }

  /** Does the same, of a string without its escapes. */
  value(slot: number): Buffer {
    const value = this.raw(slot);
    return this.shape.kinds[slot] === KIND_STRING ? unescaped(value) : value;
  }

  /** Returns all fields with their values as texts, in the order of the line. */
  texts(): Field[] {
    return this.#textsOf(this.shape.slots);
  }

  metadataTexts(): Field[] {
    return this.#textsOf(this.shape.metadata);
  }

  #textsOf(slots: readonly number[]): Field[] {
    const { fields } = this.shape;
    return slots.map((slot) => ({ name: fields[slot]!, value: this.value(slot).toString() }));
  }

  /** Adds metadata to a line that was cut here. @param first  its first value among those of the lines */
  #addMetadata(names: readonly string[], first: number): void {
    const { valueStarts, valueEnds } = this.#lines;
    const lineCount = this.shape.count;
    const own = <T>(values: ArrayLike<T>): T[] => Array.prototype.slice.call(values, 0, lineCount) as T[];
    this.starts = [...own(this.starts), ...valueStarts.subarray(first, first + names.length)];
    this.ends = [...own(this.ends), ...valueEnds.subarray(first, first + names.length)];
    this.shape = shapeOf({
      count: lineCount + names.length,
      lineCount,
      fields: [...own(this.shape.fields), ...names],
      kinds: [...own(this.shape.kinds), ...names.map(() => KIND_METADATA)],
    });
  }

  /** The line's shape was one too many when it was stored. */
  #cutWhole(start: number, end: number): void {
    this.isCut = cutLine('auto', this.bytes, start, end, tokens) >= 0;
    this.shape = this.isCut ? shapeOf(tokens) : NO_FIELDS;
    this.first = 0;
    this.starts = tokens.starts;
    this.ends = tokens.ends;
  }
}

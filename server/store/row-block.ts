/**
 * Some lines of an answer as columns: the form in which a search passes lines on for further processing (a pipeline, a
 * page, an alert). Plain typed arrays, which can be transferred between threads. In the order of the answer.
 */
import type { Labels } from '../../shared/labels.ts';
import type { BlockTexts } from './block-texts.ts';
import { type BlockMetadata, buffersOfMetadata, MetadataBuilder, type MetadataPlaces } from './block-metadata.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';

export interface RowBlock {
  readonly rowCount: number;
  /** By row: UTC days since 1970, and ns since their start; two numbers, because one float64 cannot hold both. */
  readonly days: Int32Array;
  readonly timesNs: Float64Array;
  /** The streams of these rows, each once; and by row, an index into them. */
  readonly streams: readonly Labels[];
  readonly streamCodes: Uint32Array;
  /** By row: FLAG_… bits of shared/row-group/format.ts. */
  readonly flags: Uint8Array;
  readonly lines: BlockTexts;
  /** One for each name that the sink asks for, in its order. */
  readonly fields: readonly BlockField[];
  /** Undefined where no row has any, and where the sink does not ask for it. */
  readonly metadata: BlockMetadata | undefined;
}

/**
 * The values of a name, as in aggregations: of a label, or else of the last field of the name; a level is its canonical
 * word.
 */
export interface BlockField {
  readonly name: string;
  /** Also empty where a row has none. */
  readonly values: BlockTexts;
  /** By row: 1 where it has a value. */
  readonly isPresent: Uint8Array;
}

const FLAG_NAMES = [
  [FLAG_PARTIAL, 'partial'],
  [FLAG_TRUNCATED, 'truncated'],
  [FLAG_UNPARSED, 'unparsed'],
] as const;

/** Returns the names that answers have for the flags of a row. */
export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}

export function labelsAt({ streams, streamCodes }: RowBlock, row: number): Labels {
  return streams[streamCodes[row]!]!;
}

/** Returns the buffers of a block, to be transferred or counted; labels are few and are not counted. */
export function buffersOfBlock(block: RowBlock): ArrayBuffer[] {
  const { days, timesNs, streamCodes, flags, lines, fields, metadata } = block;
  const arrays = [days, timesNs, streamCodes, flags, lines.bytes, lines.offsets];
  for (const { values, isPresent } of fields) arrays.push(values.bytes, values.offsets, isPresent);
  // Names that no row has share theirs.
  const buffers = arrays.map(({ buffer }) => buffer as ArrayBuffer);
  return [...new Set(metadata === undefined ? buffers : [...buffers, ...buffersOfMetadata(metadata)])];
}

export function sizeOfBlock(block: RowBlock): number {
  return buffersOfBlock(block).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Builds a block row by row; finally each of its arrays has memory of its own. */
export class RowBlockBuilder {
  readonly #days: Int32Array;
  readonly #timesNs: Float64Array;
  readonly #streamCodes: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #codes = new Map<Labels, number>();
  readonly #lines: TextsBuilder;
  readonly #fields: FieldsBuilder;
  /** Undefined as long as no row has any. */
  #metadata: MetadataBuilder | undefined;
  readonly #rowsMax: number;
  #rowCount = 0;

  constructor(fields: readonly string[], rowsMax: number) {
    this.#days = new Int32Array(rowsMax);
    this.#timesNs = new Float64Array(rowsMax);
    this.#streamCodes = new Uint32Array(rowsMax);
    this.#flags = new Uint8Array(rowsMax);
    this.#lines = new TextsBuilder(rowsMax);
    this.#fields = new FieldsBuilder(fields, rowsMax);
    this.#rowsMax = rowsMax;
  }

  /** @param labels  equal ones should be one object. The row's line and fields must follow. */
  addRow(day: number, timeNs: number, labels: Labels, flags: number): void {
    let code = this.#codes.get(labels);
    if (code === undefined) this.#codes.set(labels, (code = this.#codes.size));
    const row = this.#rowCount++;
    this.#days[row] = day;
    this.#timesNs[row] = timeNs;
    this.#streamCodes[row] = code;
    this.#flags[row] = flags;
  }

  addLine(bytes: Uint8Array, start: number, end: number): void {
    this.#lines.set(this.#rowCount - 1, bytes, start, end);
  }

  /** Adds the value of field i of the row that was added last; rows without one need no call. */
  addValue(field: number, bytes: Uint8Array, start: number, end: number): void {
    this.#fields.add(this.#rowCount - 1, field, bytes, start, end);
  }

  /** Adds the metadata of the row that was added last; rows without any need no call. */
  addMetadata(names: readonly string[], places: MetadataPlaces): void {
    this.#metadata ??= new MetadataBuilder(this.#rowsMax);
    this.#metadata.add(this.#rowCount - 1, names, places);
  }

  /**
   * Adds a row of another block of the same fields.
   * @param present  fields that some row of the block has
   */
  addFrom(block: RowBlock, row: number, present: readonly number[]): void {
    const { days, timesNs, flags, lines, fields, metadata } = block;
    this.addRow(days[row]!, timesNs[row]!, labelsAt(block, row), flags[row]!);
    this.addLine(lines.bytes, lines.offsets[row]!, lines.offsets[row + 1]!);
    for (const field of present) {
      const { values, isPresent } = fields[field]!;
      if (isPresent[row] === 1) this.addValue(field, values.bytes, values.offsets[row]!, values.offsets[row + 1]!);
    }
    if (metadata === undefined || metadata.codes[row] === 0) return;
    const { bytes, offsets } = metadata.values;
    const places = { bytes, starts: offsets, ends: offsets.subarray(1), first: metadata.firstValues[row]! };
    this.addMetadata(metadata.names[metadata.codes[row]! - 1]!, places);
  }

  finish(): RowBlock {
    const rowCount = this.#rowCount;
    return {
      rowCount,
      days: this.#days.slice(0, rowCount),
      timesNs: this.#timesNs.slice(0, rowCount),
      streams: [...this.#codes.keys()],
      streamCodes: this.#streamCodes.slice(0, rowCount),
      flags: this.#flags.slice(0, rowCount),
      lines: this.#lines.finish(rowCount),
      fields: this.#fields.finish(rowCount),
      metadata: this.#metadata?.finish(rowCount),
    };
  }
}

/** Builds the values of names alone. */
export class FieldsBuilder {
  readonly #names: readonly string[];
  readonly #rowsAtFirst: number;
  /** By name; undefined as long as no row has it: most rows have few of the names that are asked for. */
  readonly #fields: ({ readonly values: TextsBuilder; isPresent: Uint8Array } | undefined)[];

  /** @param rowsAtFirst  there is room for; more take time */
  constructor(names: readonly string[], rowsAtFirst: number) {
    this.#names = names;
    this.#rowsAtFirst = rowsAtFirst;
    this.#fields = names.map(() => undefined);
  }

  /** Adds the value of a row; the rows of a field ascend, and those without a value need no call. */
  add(row: number, field: number, bytes: Uint8Array, start: number, end: number): void {
    const own = (this.#fields[field] ??= {
      values: new TextsBuilder(this.#rowsAtFirst),
      isPresent: new Uint8Array(this.#rowsAtFirst),
    });
    own.values.set(row, bytes, start, end);
    if (row >= own.isPresent.length) own.isPresent = lengthened(own.isPresent, row + 1);
    own.isPresent[row] = 1;
  }

  finish(rowCount: number): BlockField[] {
    const ofNone = { values: new TextsBuilder(0).finish(rowCount), isPresent: new Uint8Array(rowCount) };
    return this.#names.map((name, i) => {
      const field = this.#fields[i];
      if (field === undefined) return { name, ...ofNone };
      return { name, values: field.values.finish(rowCount), isPresent: sized(field.isPresent, rowCount) };
    });
  }
}

/** Returns a copy that has at least twice the length. */
function lengthened(bytes: Uint8Array, lengthMin: number): Uint8Array {
  return sized(bytes, Math.max(lengthMin, bytes.length * 2));
}

/** Returns a copy of another length. */
function sized(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

const BYTES_AT_FIRST = 4096;

class TextsBuilder {
  #offsets: Uint32Array;
  #bytes = new Uint8Array(0);
  /** Texts before this one are set; those that were left out are empty. */
  #count = 0;

  /** @param countAtFirst  there is room for; more take time */
  constructor(countAtFirst: number) {
    this.#offsets = new Uint32Array(countAtFirst + 1);
  }

  /** Sets a text; indices ascend. */
  set(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (index + 1 >= this.#offsets.length) {
      const offsets = new Uint32Array(Math.max(index + 2, this.#offsets.length * 2));
      offsets.set(this.#offsets);
      this.#offsets = offsets;
    }
    const from = this.#offsets[this.#count]!;
    for (; this.#count < index; this.#count++) this.#offsets[this.#count + 1] = from;
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(to, this.#bytes.length * 2, BYTES_AT_FIRST));
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), from);
    this.#offsets[++this.#count] = to;
  }

  /** @param count  of all texts */
  finish(count: number): BlockTexts {
    const end = this.#offsets[this.#count]!;
    const offsets = new Uint32Array(count + 1);
    offsets.set(this.#offsets.subarray(0, this.#count + 1));
    offsets.fill(end, this.#count + 1);
    return { bytes: this.#bytes.slice(0, end), offsets };
  }
}

/** Builds lines from the literals of their templates and the values of their columns. */
import { CorruptionError } from '../errors.ts';
import type { ByteStrings } from '../byte-strings.ts';
import type { ColumnValues } from './encodings/column-values.ts';
import { valueSizeMax, writeValue } from './column.ts';
import { RAW_BYTES_MAX } from './format.ts';
import { placeOf } from './template-order.ts';

/** A template with the columns of its slots. */
export interface OpenTemplate {
  readonly literals: readonly Buffer[];
  readonly slots: readonly OpenSlot[];
  /** Absent where none is wanted. */
  readonly metadata?: readonly OpenSlot[];
}

export interface OpenSlot {
  readonly values: ColumnValues;
  /** Index of the template's first value. */
  readonly firstValue: number;
  /** Where only some values were picked: the ranks of their rows, in the order of the values. */
  readonly ranks: Int32Array | undefined;
}

/** Lines, and where their values are: in them, and those of metadata after all lines. */
export interface CutLines extends ByteStrings {
  /** By line: its first value; one entry more than there are lines. */
  readonly firstValues: Uint32Array;
  /** By value, in the order of its template's slots as far as they are wanted: it is bytes[valueStarts[i], valueEnds[i]). */
  readonly valueStarts: Uint32Array;
  readonly valueEnds: Uint32Array;
}

const NEWLINE = 0x0a;

/** A buffer begins with room for lines of this size. */
const LINE_BYTES_EXPECTED = 320;

/** Which places of values are wanted: those of all, or only of metadata. */
type WantedValues = 'none' | 'metadata' | 'all';

/** A value of metadata that is still to be written, and the number of its place. */
interface PendingValue {
  readonly place: number;
  readonly values: ColumnValues;
  readonly index: number;
}

/** Writes lines one after the other into a growing buffer. */
export class LineSink {
  readonly takesMetadata: boolean;
  readonly #offsets: Uint32Array;
  readonly #values: ValuePlaces | undefined;
  /** The same where places of values in lines are wanted. */
  readonly #lineValues: ValuePlaces | undefined;
  readonly #pending: PendingValue[] = [];
  readonly #withNewlines: boolean;
  #bytes: Buffer;
  #count = 0;

  /**
   * @param sizeBytes  expected size of the lines
   * @param withNewlines  whether each line ends with one
   */
  constructor(
    lines: number,
    sizeBytes: number,
    { values = 'none', withNewlines = false }: { values?: WantedValues; withNewlines?: boolean } = {},
  ) {
    this.#values = values === 'none' ? undefined : new ValuePlaces(lines);
    this.#lineValues = values === 'all' ? this.#values : undefined;
    this.takesMetadata = values !== 'none';
    this.#withNewlines = withNewlines;
    this.#offsets = new Uint32Array(lines + 1);
    this.#bytes = Buffer.allocUnsafe(Math.max(1024, Math.min(lines * LINE_BYTES_EXPECTED, sizeBytes)));
  }

  get sizeBytes(): number {
    return this.#offsets[this.#count]!;
  }

  add({ literals, slots, metadata }: OpenTemplate, rank: number): void {
    let at = this.#offsets[this.#count]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const { values: column, firstValue, ranks } = slots[slot]!;
      const index = firstValue + (ranks === undefined ? rank : placeOf(ranks, rank));
      const literal = literals[slot]!;
      this.#reserve(at, literal.length + valueSizeMax(column, index));
      at = copyLiteral(literal, this.#bytes, at);
      const start = at;
      at = writeValue(column, index, this.#bytes, at);
      this.#lineValues?.add(start, at);
    }
    const tail = literals[slots.length]!;
    this.#reserve(at, tail.length + 1);
    at = copyLiteral(tail, this.#bytes, at);
    if (this.#withNewlines) this.#bytes[at++] = NEWLINE;
    this.#offsets[++this.#count] = at;
    if (metadata !== undefined && metadata.length > 0) this.#addMetadata(metadata, rank);
    this.#values?.endLine(this.#count);
  }

  finish(): ByteStrings {
    const offsets = this.#offsets.subarray(0, this.#count + 1);
    return { bytes: this.#bytes.subarray(0, this.sizeBytes), offsets };
  }

  /** Only of lines with the places of their values. */
  finishCut(): CutLines {
    if (this.#values === undefined) throw new RangeError('BUG: the places of values were not wanted');
    const { offsets } = this.finish();
    const end = this.#writePending(this.#values);
    return { bytes: this.#bytes.subarray(0, end), offsets, ...this.#values.finish(this.#count) };
  }

  #addMetadata(slots: readonly OpenSlot[], rank: number): void {
    for (const { values, firstValue, ranks } of slots) {
      const index = firstValue + (ranks === undefined ? rank : placeOf(ranks, rank));
      this.#pending.push({ place: this.#values!.add(0, 0), values, index });
    }
  }

  /** @returns the end of the last of them */
  #writePending(places: ValuePlaces): number {
    let at = this.sizeBytes;
    for (const { place, values, index } of this.#pending) {
      this.#reserve(at, valueSizeMax(values, index));
      const start = at;
      at = writeValue(values, index, this.#bytes, at);
      places.set(place, start, at);
    }
    return at;
  }

  #reserve(at: number, sizeBytes: number): void {
    if (at + sizeBytes <= this.#bytes.length) return;
    if (at + sizeBytes > RAW_BYTES_MAX) throw new CorruptionError(`lines of more than ${RAW_BYTES_MAX} bytes`);
    const larger = Buffer.allocUnsafe(Math.max(at + sizeBytes, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, at);
    this.#bytes = larger;
  }
}

/** A call of `copy` takes as long as this many bytes. */
const COPIED_BY_BYTE_MAX = 32;

/** @returns the position after it */
function copyLiteral(literal: Buffer, to: Buffer, at: number): number {
  const { length } = literal;
  if (length > COPIED_BY_BYTE_MAX) return at + literal.copy(to, at);
  for (let i = 0; i < length; i++) to[at + i] = literal[i]!;
  return at + length;
}

const VALUES_AT_FIRST = 1024;

class ValuePlaces {
  readonly #firstValues: Uint32Array;
  #starts = new Uint32Array(VALUES_AT_FIRST);
  #ends = new Uint32Array(VALUES_AT_FIRST);
  #count = 0;

  constructor(lines: number) {
    this.#firstValues = new Uint32Array(lines + 1);
  }

  /** @returns its number */
  add(start: number, end: number): number {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    return this.#count++;
  }

  set(place: number, start: number, end: number): void {
    this.#starts[place] = start;
    this.#ends[place] = end;
  }

  endLine(count: number): void {
    this.#firstValues[count] = this.#count;
  }

  finish(count: number): Omit<CutLines, keyof ByteStrings> {
    return {
      firstValues: this.#firstValues.subarray(0, count + 1),
      valueStarts: this.#starts,
      valueEnds: this.#ends,
    };
  }
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

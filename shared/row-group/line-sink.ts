/** Builds lines from the literals of their templates and the values of their columns. */
import { CorruptionError } from '../errors.ts';
import type { ByteStrings } from './byte-strings.ts';
import type { ColumnValues } from './column-values.ts';
import { valueSizeMax, writeValue } from './column.ts';
import { RAW_BYTES_MAX } from './format.ts';
import { placeOf } from './template-order.ts';

/** A template with the columns of its slots. */
export interface OpenTemplate {
  readonly literals: readonly Buffer[];
  readonly slots: readonly OpenSlot[];
}

export interface OpenSlot {
  readonly values: ColumnValues;
  /** Index of the template's first value. */
  readonly firstValue: number;
  /** Where only some values were picked: the ranks of their rows, in the order of the values. */
  readonly ranks: Int32Array | undefined;
}

/** A buffer begins with room for lines of this size. */
const LINE_BYTES_EXPECTED = 320;

/** Writes lines one after the other into a growing buffer. */
export class LineSink {
  readonly #offsets: Uint32Array;
  #bytes: Buffer;
  #count = 0;

  /** @param sizeBytes  expected size of the lines */
  constructor(lines: number, sizeBytes: number) {
    this.#offsets = new Uint32Array(lines + 1);
    this.#bytes = Buffer.allocUnsafe(Math.max(1024, Math.min(lines * LINE_BYTES_EXPECTED, sizeBytes)));
  }

  get sizeBytes(): number {
    return this.#offsets[this.#count]!;
  }

  add({ literals, slots }: OpenTemplate, rank: number): void {
    let at = this.#offsets[this.#count]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const { values: column, firstValue, ranks } = slots[slot]!;
      const index = firstValue + (ranks === undefined ? rank : placeOf(ranks, rank));
      const literal = literals[slot]!;
      this.#reserve(at, literal.length + valueSizeMax(column, index));
      at = copyLiteral(literal, this.#bytes, at);
      at = writeValue(column, index, this.#bytes, at);
    }
    const tail = literals[slots.length]!;
    this.#reserve(at, tail.length);
    at = copyLiteral(tail, this.#bytes, at);
    this.#offsets[++this.#count] = at;
  }

  finish(): ByteStrings {
    const offsets = this.#offsets.subarray(0, this.#count + 1);
    return { bytes: this.#bytes.subarray(0, this.sizeBytes), offsets };
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

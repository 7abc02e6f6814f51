/** The structured metadata of the rows of a block: few lists of names, to which rows refer, and all values end to end. */
import type { BlockTexts } from './block-texts.ts';

export interface BlockMetadata {
  /** Each once. */
  readonly names: readonly (readonly string[])[];
  /** By row: 0 for none, else 1 + an index into `names`. */
  readonly codes: Uint32Array;
  /** By row: the index of its first value; one entry more than there are rows. */
  readonly firstValues: Uint32Array;
  readonly values: BlockTexts;
}

const NONE: readonly (readonly [string, string])[] = [];

/** Returns names and values of a row, in the order in which they were sent. */
export function metadataAt(
  metadata: BlockMetadata | undefined,
  row: number,
): readonly (readonly [name: string, value: string])[] {
  if (metadata === undefined || metadata.codes[row] === 0) return NONE;
  const { names, codes, firstValues, values } = metadata;
  const first = firstValues[row]!;
  return names[codes[row]! - 1]!.map((name, i) => {
    const [start, end] = [values.offsets[first + i]!, values.offsets[first + i + 1]!];
    return [name, Buffer.from(values.bytes.buffer, values.bytes.byteOffset + start, end - start).toString()];
  });
}

export function buffersOfMetadata({ codes, firstValues, values }: BlockMetadata): ArrayBuffer[] {
  return [codes, firstValues, values.bytes, values.offsets].map(({ buffer }) => buffer as ArrayBuffer);
}

const BYTES_AT_FIRST = 4096;

/** Values of metadata that a row has somewhere: value i is bytes[starts[first + i], ends[first + i]). */
export interface MetadataPlaces {
  readonly bytes: Uint8Array;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
  readonly first: number;
}

/** Adds the metadata of rows that have some; rows ascend. */
export class MetadataBuilder {
  readonly #codes: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #names: (readonly string[])[] = [];
  readonly #codeOfKey = new Map<string, number>();
  readonly #codeOf = new Map<readonly string[], number>();
  readonly #ends: number[] = [];
  #bytes = new Uint8Array(BYTES_AT_FIRST);
  #used = 0;

  constructor(rowsMax: number) {
    this.#codes = new Uint32Array(rowsMax);
    this.#counts = new Uint32Array(rowsMax);
  }

  /** @param names  of the row's values; mostly the same object as for other rows of its kind */
  add(row: number, names: readonly string[], { bytes, starts, ends, first }: MetadataPlaces): void {
    this.#codes[row] = this.#codeOfNames(names);
    this.#counts[row] = names.length;
    for (let i = first; i < first + names.length; i++) this.#append(bytes, starts[i]!, ends[i]!);
  }

  finish(rowCount: number): BlockMetadata {
    const firstValues = new Uint32Array(rowCount + 1);
    for (let row = 0; row < rowCount; row++) firstValues[row + 1] = firstValues[row]! + this.#counts[row]!;
    const offsets = new Uint32Array(this.#ends.length + 1);
    offsets.set(this.#ends, 1);
    const values = { bytes: this.#bytes.slice(0, this.#used), offsets };
    return { names: this.#names, codes: this.#codes.slice(0, rowCount), firstValues, values };
  }

  #codeOfNames(names: readonly string[]): number {
    let code = this.#codeOf.get(names);
    if (code === undefined) {
      const key = JSON.stringify(names);
      code = this.#codeOfKey.get(key) ?? this.#names.push(names);
      this.#codeOfKey.set(key, code);
      this.#codeOf.set(names, code);
    }
    return code;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const used = this.#used + end - start;
    if (used > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(used, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#used);
    this.#used = used;
    this.#ends.push(used);
  }
}

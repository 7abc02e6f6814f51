/** Moves the metadata of entries into the rows of a builder. */
import type { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { LINE_BYTES_PER_GROUP } from '../../../shared/row-group/format.ts';
import type { RowMetadata } from '../../../shared/row-group/used-templates.ts';
import { LOKI_METADATA_MAX } from '../../limits.ts';
import type { EntriesMetadata } from './entry-metadata.ts';

const NOT_KNOWN = -1;

export class MetadataAppender {
  readonly #bytes: Uint8Array;
  readonly #metadata: EntriesMetadata;
  readonly #builder: RowGroupBuilder;
  /** By list of names: its code in the row group. */
  readonly #codes: Int32Array;
  /** By place in the entry: the range of the value before, and where it is in the builder. Values may share a range. */
  readonly #before = { starts: new Int32Array(LOKI_METADATA_MAX), ends: new Int32Array(LOKI_METADATA_MAX) };
  /** One object for all entries. */
  readonly #row: { names: number } & RowMetadata = {
    names: 0,
    starts: new Int32Array(LOKI_METADATA_MAX),
    ends: new Int32Array(LOKI_METADATA_MAX),
  };

  constructor(bytes: Uint8Array, metadata: EntriesMetadata, builder: RowGroupBuilder) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#builder = builder;
    this.#codes = new Int32Array(metadata.names.length);
  }

  /** Begins a row group. */
  begin(): void {
    this.#codes.fill(NOT_KNOWN);
    this.#before.starts.fill(NOT_KNOWN);
  }

  /** Whether the row group must end: values that share a range are long in its columns. */
  get isFull(): boolean {
    return this.#builder.isCrowded || this.#builder.lineBytes >= LINE_BYTES_PER_GROUP;
  }

  /** Returns what an entry has, until the next call; undefined for nothing. */
  append(entry: number): RowMetadata | undefined {
    const { names, codes, firstValues, starts, ends } = this.#metadata;
    const list = codes[entry]! - 1;
    if (list < 0) return undefined;
    if (this.#codes[list] === NOT_KNOWN) this.#codes[list] = this.#builder.metadataNames(names[list]!);
    const row = this.#row;
    row.names = this.#codes[list]!;
    const { length } = names[list]!;
    for (let place = 0, value = firstValues[entry]!; place < length; place++, value++) {
      this.#appendValue(place, starts[value]!, ends[value]!);
    }
    return row;
  }

  #appendValue(place: number, start: number, end: number): void {
    const { starts, ends } = this.#before;
    if (starts[place] === start && ends[place] === end) return;
    starts[place] = start;
    ends[place] = end;
    const at = this.#builder.append(this.#bytes, start, end);
    this.#row.starts[place] = at;
    this.#row.ends[place] = at + end - start;
  }
}

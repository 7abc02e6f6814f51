/** Moves the metadata of entries into the rows of a builder. */
import type { Redaction } from '../../../shared/redaction/redaction.ts';
import type { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { LINE_BYTES_PER_GROUP } from '../../../shared/row-group/format.ts';
import type { RowMetadata } from '../../../shared/row-group/used-templates.ts';
import { LOKI_METADATA_BYTES_MAX, LOKI_METADATA_MAX } from '../../limits.ts';
import { NO_REDACTIONS, type PushRedactor } from '../push-redactor.ts';
import type { EntriesMetadata } from './entry-metadata.ts';

const NOT_KNOWN = -1;

export class MetadataAppender {
  readonly #bytes: Buffer;
  readonly #metadata: EntriesMetadata;
  readonly #builder: RowGroupBuilder;
  readonly #redactor: PushRedactor | undefined;
  /** Redactions of the entry before. */
  #redactions: readonly Redaction[] = NO_REDACTIONS;
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

  constructor(bytes: Buffer, metadata: EntriesMetadata, builder: RowGroupBuilder, redactor: PushRedactor | undefined) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#builder = builder;
    this.#redactor = redactor;
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
  append(entry: number, redactions: readonly Redaction[]): RowMetadata | undefined {
    const { names, codes, firstValues, starts, ends } = this.#metadata;
    const list = codes[entry]! - 1;
    if (list < 0) return undefined;
    if (this.#codes[list] === NOT_KNOWN) this.#codes[list] = this.#builder.metadataNames(names[list]!);
    if (redactions !== this.#redactions) {
      this.#redactions = redactions;
      this.#before.starts.fill(NOT_KNOWN);
    }
    const row = this.#row;
    row.names = this.#codes[list]!;
    const { length } = names[list]!;
    for (let place = 0, value = firstValues[entry]!; place < length; place++, value++) {
      this.#appendValue(place, starts[value]!, ends[value]!, redactions);
    }
    return row;
  }

  #appendValue(place: number, start: number, end: number, redactions: readonly Redaction[]): void {
    const { starts, ends } = this.#before;
    if (starts[place] === start && ends[place] === end) return;
    starts[place] = start;
    ends[place] = end;
    const isRedacted = redactions.length > 0;
    const text = isRedacted ? this.#redactor!.redact(redactions, this.#bytes, start, end) : this.#bytes;
    const [from, to] = isRedacted ? [0, Math.min(text.length, LOKI_METADATA_BYTES_MAX)] : [start, end];
    const at = this.#builder.append(text, from, to);
    this.#row.starts[place] = at;
    this.#row.ends[place] = at + to - from;
  }
}

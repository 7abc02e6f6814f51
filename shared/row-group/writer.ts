/**
 * Assembles a row group from its rows' columns. The layout is in FORMAT.md; the reader is reader.ts.
 *
 * The values of a column are in *template order*: first those of all rows of template 0, then of template 1, … So a
 * field that is constant for a shape is a run, and the values of one shape's columns are adjacent.
 */
import { crc32 } from 'node:zlib';
import { ByteWriter } from '../bytes.ts';
import type { Labels } from '../labels.ts';
import { ColumnEncoder } from './column.ts';
import { encodeIntegers } from './encodings/integer.ts';
import {
  LAYOUT_PACKED,
  LAYOUT_PAGED,
  LAYOUT_RUNS,
  LAYOUT_TIES,
  MAGIC,
  PACKED_BYTES_MAX,
  PREFIX_BYTES,
} from './format.ts';
import { PageWriter } from './pages/page.ts';
import { type RowRuns, writeRuns } from './runs.ts';
import { rowsByTemplate } from './template-order.ts';
import { slotKey } from './template.ts';
import type { Slot, Template } from './template.ts';
import type { Ties } from './ties.ts';
import { compress } from './pages/zstd.ts';

/** The rows of a group, in row order. Arrays may be longer than rowCount. */
export interface Rows {
  readonly rowCount: number;
  readonly baseDay: number;
  /** ns from the start of baseDay. */
  readonly timesNs: Float64Array;
  readonly streamCodes: ArrayLike<number>;
  readonly templateCodes: Uint16Array;
  readonly flags: Uint8Array;
  readonly streams: readonly Labels[];
  readonly templates: readonly Template[];
  readonly lineBytes: number;
  readonly ties?: Ties;
  /** Only where that of a row is known. */
  readonly runs?: RowRuns;
}

/** A column of the group being written: its slot and the templates that have it, in template order. */
export interface ColumnPlan {
  readonly slot: Slot;
  readonly parts: { readonly template: number; readonly slotIndex: number }[];
  readonly count: number;
}

/** The columns of the group, and the places of each template's values. */
export interface GroupPlan {
  readonly columns: readonly ColumnPlan[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];
  /** Rows in template order; those of template t are [templateStarts[t], templateStarts[t + 1]). */
  readonly templateRows: Int32Array;
  readonly templateStarts: Int32Array;
}

/** Orders rows by template and finds the columns. */
export function planGroup(templates: readonly Template[], templateCodes: Uint16Array, rowCount: number): GroupPlan {
  const { templateRows, templateStarts } = rowsByTemplate(templateCodes, rowCount, templates.length);
  const byKey = new Map<string, number>();
  const columns: { slot: Slot; parts: { template: number; slotIndex: number }[]; count: number }[] = [];
  const columnsOfTemplate = templates.map((template, t) =>
    template.slots.map((slot, slotIndex) => {
      const key = slotKey(slot);
      let index = byKey.get(key);
      if (index === undefined) {
        index = columns.length;
        byKey.set(key, index);
        columns.push({ slot, parts: [], count: 0 });
      }
      const column = columns[index]!;
      column.parts.push({ template: t, slotIndex });
      column.count += templateStarts[t + 1]! - templateStarts[t]!;
      return index;
    }),
  );
  return { columns, columnsOfTemplate, templateRows, templateStarts };
}

/** Returns the times of the rows of a column's values, in the order of the values. */
export function columnTimes(plan: GroupPlan, column: ColumnPlan, timesNs: Float64Array): Float64Array {
  const times = new Float64Array(column.count);
  let to = 0;
  for (const { template } of column.parts) {
    const end = plan.templateStarts[template + 1]!;
    for (let i = plan.templateStarts[template]!; i < end; i++) times[to++] = timesNs[plan.templateRows[i]!]!;
  }
  return times;
}

/** Owns the buffers for encoding one group after the other. */
export class RowGroupWriter {
  readonly encoder = new ColumnEncoder();
  readonly #header = new ByteWriter(1 << 14);
  readonly #parameters = new ByteWriter();
  readonly #pages = new PageWriter();
  /** Chunk headers are held until it is known whether the group is packed and where its pages are. */
  readonly #chunks: { header: ByteWriter; pagesEnd: number }[] = [];
  #chunkCount = 0;
  #numbers = new Float64Array(1024);
  #ties: Ties | undefined;
  #runs: RowRuns | undefined;
  #rowCount = 0;

  /** Starts a group; then `column` for each of the plan's columns, in order; then `finish`. */
  begin(rows: Rows, plan: GroupPlan): void {
    this.#pages.reset();
    this.#chunkCount = 0;
    this.#header.reset();
    this.#ties = rows.ties;
    this.#runs = rows.runs;
    this.#rowCount = rows.rowCount;
    writeHeaderTables(this.#header, rows, plan);
    this.#systemChunks(rows);
  }

  /** Adds the next column's chunk: `encode` writes its header fields and pages. */
  column(encode: ChunkEncoder): void {
    this.#chunk((header) => encode(header, this.#parameters, this.#pages));
  }

  /**
   * @param level  of zstd
   * @returns the encoded row group
   */
  finish(level: number): Buffer {
    if (this.#ties !== undefined) this.#tieChunks(this.#ties);
    if (this.#runs !== undefined) this.#runChunk(this.#runs);
    const packed = this.#pages.rawBytes <= PACKED_BYTES_MAX;
    let stored: readonly Uint8Array[] = this.#pages.rawPages();
    const entries = new ByteWriter();
    const pageEnds: { offset: number; entryCount: number }[] = [];
    if (packed) {
      for (const page of stored) {
        entries.varint(page.length);
        pageEnds.push({ offset: entries.length, entryCount: pageEnds.length + 1 });
      }
    } else stored = this.#pages.store(level, entries, pageEnds);
    for (let c = 0, from = { offset: 0, entryCount: 0 }; c < this.#chunkCount; c++) {
      const chunk = this.#chunks[c]!;
      const to = pageEnds[chunk.pagesEnd - 1] ?? from;
      this.#header.raw(chunk.header.view());
      this.#header.varint(to.entryCount - from.entryCount);
      this.#header.raw(entries.view().subarray(from.offset, to.offset));
      from = to;
    }
    const header = this.#header.view();
    const layout = (this.#ties === undefined ? 0 : LAYOUT_TIES) | (this.#runs === undefined ? 0 : LAYOUT_RUNS);
    return packed ? assemblePacked(layout, header, stored, level) : assemblePaged(layout, header, stored, level);
  }

  #systemChunks(rows: Rows): void {
    const { rowCount } = rows;
    if (this.#numbers.length < rowCount) this.#numbers = new Float64Array(rowCount * 2);
    const numbers = this.#numbers;
    this.#chunk((header) => this.#integers(header, rows.timesNs, rowCount));
    for (const codes of [rows.streamCodes, rows.templateCodes, rows.flags]) {
      for (let row = 0; row < rowCount; row++) numbers[row] = codes[row]!;
      this.#chunk((header) => this.#integers(header, numbers, rowCount));
    }
  }

  #runChunk({ runs, codes }: RowRuns): void {
    const numbers = this.#numbers;
    for (let row = 0; row < this.#rowCount; row++) numbers[row] = codes[row]!;
    this.#chunk((header) => {
      writeRuns(header, runs);
      this.#integers(header, numbers, this.#rowCount);
    });
  }

  #tieChunks({ rows, arrivals }: Ties): void {
    this.#chunk((header) => {
      header.varint(rows.length);
      this.#integers(header, rows, rows.length);
    });
    this.#chunk((header) => this.#integers(header, arrivals, rows.length));
  }

  #integers(header: ByteWriter, values: Float64Array, count: number): void {
    this.#parameters.reset();
    encodeIntegers(values, count, this.#parameters, this.#pages);
    header.sized(this.#parameters.view());
  }

  #chunk(encode: (header: ByteWriter) => void): void {
    let chunk = this.#chunks[this.#chunkCount];
    if (chunk === undefined) this.#chunks.push((chunk = { header: new ByteWriter(), pagesEnd: 0 }));
    this.#chunkCount++;
    chunk.header.reset();
    encode(chunk.header);
    chunk.pagesEnd = this.#pages.count;
  }
}

/** Writes one chunk's header fields and pages. */
export type ChunkEncoder = (header: ByteWriter, parameters: ByteWriter, pages: PageWriter) => void;

function writeHeaderTables(header: ByteWriter, rows: Rows, plan: GroupPlan): void {
  let min = rows.timesNs[0]!;
  let max = min;
  for (let row = 1; row < rows.rowCount; row++) {
    const time = rows.timesNs[row]!;
    if (time < min) min = time;
    else if (time > max) max = time;
  }
  header.varint(rows.rowCount);
  header.signedVarint(rows.baseDay);
  header.signedVarint(min);
  header.signedVarint(max);
  header.varint(rows.lineBytes);
  writeStreams(header, rows.streams);
  header.varint(plan.columns.length);
  for (const { slot } of plan.columns) {
    header.string(slot.field);
    header.u8(slot.kind);
    header.varint(slot.ordinal);
  }
  header.varint(rows.templates.length);
  for (const [t, template] of rows.templates.entries()) {
    header.varint(plan.templateStarts[t + 1]! - plan.templateStarts[t]!);
    header.varint(template.slots.length);
    for (const [slot, column] of plan.columnsOfTemplate[t]!.entries()) {
      header.sized(template.literals[slot]!);
      header.varint(column);
    }
    header.sized(template.literals[template.slots.length]!);
  }
}

/** Writes the labels of each stream, by code. */
export function writeStreams(header: ByteWriter, streams: readonly Labels[]): void {
  header.varint(streams.length);
  for (const labels of streams) {
    const entries = Object.entries(labels);
    header.varint(entries.length);
    for (const [name, value] of entries) {
      header.string(name);
      header.string(value);
    }
  }
}

function assemblePacked(layout: number, header: Buffer, pages: readonly Uint8Array[], level: number): Buffer {
  const raw = Buffer.concat([header, ...pages]);
  const frame = compress(raw, level);
  return assemble(LAYOUT_PACKED | layout, frame.length, raw.length, [frame]);
}

function assemblePaged(layout: number, header: Buffer, pages: readonly Uint8Array[], level: number): Buffer {
  const frame = compress(header, level);
  return assemble(LAYOUT_PAGED | layout, frame.length, header.length, [frame, ...pages]);
}

/** The prefix's checksum covers the first part, besides the prefix itself. */
export function assemble(layout: number, storedSize: number, rawSize: number, parts: readonly Uint8Array[]): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32LE(MAGIC, 0);
  prefix[4] = layout;
  prefix.writeUInt32LE(storedSize, 9);
  prefix.writeUInt32LE(rawSize, 13);
  prefix.writeUInt32LE(prefixChecksum(prefix, parts[0]!), 5);
  return Buffer.concat([prefix, ...parts]);
}

/** Returns the crc32 over layout, sizes and the stored header. */
export function prefixChecksum(prefix: Uint8Array, header: Uint8Array): number {
  return crc32(header, crc32(prefix.subarray(9, PREFIX_BYTES), crc32(prefix.subarray(4, 5))));
}

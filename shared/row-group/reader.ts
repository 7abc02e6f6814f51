/**
 * Reads row groups: header at once, columns when they are asked for, lines when they are wanted. The layout is in
 * FORMAT.md; the writer is writer.ts.
 */
import { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import type { Labels } from '../labels.ts';
import { BASE_DAY_REACH_DAYS, NS_PER_DAY } from '../time.ts';
import { decodeColumn, readColumnChunk, valueSizeMax, writeValue } from './column.ts';
import type { ColumnChunk, ColumnValues } from './column.ts';
import type { ByteStrings } from './byte-strings.ts';
import { decodeIntegers } from './encodings/integer.ts';
import { KIND_TEXT, LAYOUT_PACKED, LAYOUT_PAGED, MAGIC, ROWS_MAX, SLOTS_MAX, TEMPLATES_MAX } from './format.ts';
import type { ValueKind } from './format.ts';
import { decompress, loadPage, readPageEntry, verifyPage } from './page.ts';
import type { PageEntry, PageReader } from './page.ts';
import type { Slot, Template } from './template.ts';
import { prefixChecksum, rowsByTemplate } from './writer.ts';

/** What a row group's header says about it. */
export interface RowGroupInfo {
  readonly rowCount: number;
  readonly baseDay: number;
  /** Of the oldest and newest row, ns from the start of baseDay. */
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  /** Bytes of all lines, without newlines: exact in a batch; after a merge, shared out by rows. */
  readonly lineBytes: number;
  readonly streams: readonly Labels[];
  /** Bytes of the encoded group. */
  readonly sizeBytes: number;
}

/** A column's values are those of its parts, one template after the other. */
export interface ColumnInfo {
  readonly slot: Slot;
  readonly parts: readonly { readonly template: number; readonly firstValue: number }[];
  readonly count: number;
  readonly chunk: ColumnChunk;
}

interface StoredChunk {
  readonly parameters: Buffer;
  readonly pages: readonly PageEntry[];
}

/** Checks every checksum without decompressing a page. @throws CorruptionError */
export function verifyRowGroup(bytes: Uint8Array): RowGroupInfo {
  const group = new RowGroup(bytes);
  group.verifyPages();
  return group.info;
}

/** A decoded header over encoded columns. Does not copy `bytes`: they must not change while the group is in use. */
export class RowGroup {
  readonly info: RowGroupInfo;
  readonly templates: readonly Template[];
  readonly columns: readonly ColumnInfo[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];

  /** Where pages lie: the group itself, or the decompressed body of a packed group. */
  readonly #body: Buffer;
  readonly #packed: boolean;
  readonly #system: readonly StoredChunk[];
  readonly #columnPages: readonly (readonly PageEntry[])[];
  readonly #values: (ColumnValues | undefined)[];
  #timesNs: Float64Array | undefined;
  #streamCodes: Uint16Array | undefined;
  #templateCodes: Uint8Array | undefined;
  #flags: Uint8Array | undefined;
  #order: { templateRows: Int32Array; templateStarts: Int32Array } | undefined;
  #ranks: Int32Array | undefined;

  /** @throws CorruptionError */
  constructor(encoded: Uint8Array) {
    const group = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    const { layout, header, pagesStart } = openHeader(group);
    this.#packed = layout === LAYOUT_PACKED;
    this.#body = this.#packed ? header : group;
    const reader = new ByteReader(header);
    const info = readInfo(reader, group.length);
    this.info = info;
    const tables = readTables(reader, info.rowCount);
    this.templates = tables.templates;
    this.columnsOfTemplate = tables.columnsOfTemplate;
    let offset = pagesStart;
    const readPages = (): PageEntry[] => {
      const pages = Array.from({ length: reader.count() }, () => {
        const page = this.#packed ? packedEntry(reader, offset) : readPageEntry(reader, offset);
        offset += page.storedSize;
        return page;
      });
      return pages;
    };
    this.#system = [0, 1, 2, 3].map(() => ({ parameters: reader.sized(), pages: readPages() }));
    const columnPages: PageEntry[][] = [];
    this.columns = tables.columns.map((column) => {
      const chunk = readColumnChunk(reader);
      columnPages.push(readPages());
      return { ...column, chunk };
    });
    this.#columnPages = columnPages;
    this.#values = new Array<ColumnValues | undefined>(this.columns.length).fill(undefined);
    // A packed body holds the pages right after the header, whose size only now is known.
    if (this.#packed) shiftPages([...this.#system.map((chunk) => chunk.pages), ...columnPages], reader.offset);
    else reader.expectEnd();
    const end = this.#packed ? offset + reader.offset : offset;
    if (end !== this.#body.length)
      throw new CorruptionError(`the row group should have ${end} bytes, it has ${this.#body.length}`);
  }

  /** @throws CorruptionError for the first page whose checksum does not match */
  verifyPages(): void {
    if (this.#packed) return;
    for (const { pages } of this.#system) for (const page of pages) verifyPage(this.#body, page);
    for (const pages of this.#columnPages) for (const page of pages) verifyPage(this.#body, page);
  }

  /** ns from the start of baseDay, by row. */
  timesNs(): Float64Array {
    return (this.#timesNs ??= this.#systemColumn(0));
  }

  /** Index into info.streams, by row. */
  streamCodes(): Uint16Array {
    return (this.#streamCodes ??= checkedCodes(
      new Uint16Array(this.#systemColumn(1)),
      this.info.streams.length,
      'stream',
    ));
  }

  /** Index into templates, by row. */
  templateCodes(): Uint8Array {
    return (this.#templateCodes ??= checkedCodes(
      new Uint8Array(this.#systemColumn(2)),
      this.templates.length,
      'template',
    ));
  }

  /** FLAG_… bits, by row. */
  flags(): Uint8Array {
    return (this.#flags ??= new Uint8Array(this.#systemColumn(3)));
  }

  /** Rows in template order; those of template t are [templateStarts[t], templateStarts[t + 1]). */
  order(): { readonly templateRows: Int32Array; readonly templateStarts: Int32Array } {
    if (this.#order === undefined) {
      const order = rowsByTemplate(this.templateCodes(), this.info.rowCount, this.templates.length);
      for (const column of this.columns) checkParts(column, order.templateStarts);
      this.#order = order;
    }
    return this.#order;
  }

  /** Row → its index among the rows of its template: value `firstValue + rank` of each of the template's columns. */
  ranks(): Int32Array {
    if (this.#ranks === undefined) {
      const { templateRows, templateStarts } = this.order();
      const ranks = new Int32Array(this.info.rowCount);
      for (let t = 0; t < this.templates.length; t++) {
        const start = templateStarts[t]!;
        for (let i = start, end = templateStarts[t + 1]!; i < end; i++) ranks[templateRows[i]!] = i - start;
      }
      this.#ranks = ranks;
    }
    return this.#ranks;
  }

  /** The decoded values of a column, in template order. Kept for the life of this object. @throws CorruptionError */
  values(column: number): ColumnValues {
    const known = this.#values[column];
    if (known !== undefined) return known;
    const info = this.columns[column]!;
    const reader = this.#pageReader(this.#columnPages[column]!);
    const rows = { baseDay: this.info.baseDay, timesNs: () => this.#valueTimes(info) };
    const values = decodeColumn(info.chunk, new ByteReader(info.chunk.parameters), reader, info.count, rows);
    this.#values[column] = values;
    return values;
  }

  /** Rows of a column's values, in the order of the values. */
  valueRows(column: ColumnInfo): Int32Array {
    const { templateRows, templateStarts } = this.order();
    const rows = new Int32Array(column.count);
    let at = 0;
    for (const { template } of column.parts) {
      const part = templateRows.subarray(templateStarts[template], templateStarts[template + 1]);
      rows.set(part, at);
      at += part.length;
    }
    return rows;
  }

  /** The lines of some rows, as they were, end to end. Decodes the columns that these rows use. */
  lines(rows: ArrayLike<number>): ByteStrings {
    const sink = new LineSink(rows.length);
    const codes = this.templateCodes();
    const ranks = this.ranks();
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      sink.add(this, codes[row]!, ranks[row]!);
    }
    return sink.finish();
  }

  #systemColumn(index: number): Float64Array {
    const { parameters, pages } = this.#system[index]!;
    return decodeIntegers(new ByteReader(parameters), this.#pageReader(pages), this.info.rowCount).values;
  }

  #pageReader(pages: readonly PageEntry[]): PageReader {
    let next = 0;
    return {
      page: (sizeBytes) => {
        const entry = pages[next++];
        if (entry === undefined) throw new CorruptionError('a column chunk lacks a page');
        if (entry.rawSize !== sizeBytes) {
          throw new CorruptionError(`a page has ${entry.rawSize} bytes, ${sizeBytes} were expected`);
        }
        return this.#packed
          ? this.#body.subarray(entry.offset, entry.offset + entry.rawSize)
          : loadPage(this.#body, entry);
      },
    };
  }

  #valueTimes(column: ColumnInfo): Float64Array {
    const timesNs = this.timesNs();
    return Float64Array.from(this.valueRows(column), (row) => timesNs[row]!);
  }
}

/** Writes lines one after the other into a growing buffer. */
class LineSink {
  readonly #offsets: Uint32Array;
  #bytes: Buffer;
  #count = 0;

  constructor(lines: number) {
    this.#offsets = new Uint32Array(lines + 1);
    this.#bytes = Buffer.allocUnsafe(Math.max(1024, lines * 320));
  }

  add(group: RowGroup, template: number, rank: number): void {
    const { literals, slots } = group.templates[template]!;
    const columns = group.columnsOfTemplate[template]!;
    let at = this.#offsets[this.#count]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const index = columns[slot]!;
      const values = group.values(index);
      const value = firstValueOf(group.columns[index]!, template) + rank;
      const literal = literals[slot]!;
      this.#reserve(at, literal.length + valueSizeMax(values, value));
      at += literal.copy(this.#bytes, at);
      at = writeValue(values, value, this.#bytes, at);
    }
    const tail = literals[slots.length]!;
    this.#reserve(at, tail.length);
    at += tail.copy(this.#bytes, at);
    this.#offsets[++this.#count] = at;
  }

  finish(): ByteStrings {
    return { bytes: this.#bytes.subarray(0, this.#offsets[this.#count]), offsets: this.#offsets };
  }

  #reserve(at: number, sizeBytes: number): void {
    if (at + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(at + sizeBytes, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, at);
    this.#bytes = larger;
  }
}

/** Index of a template's first value in a column that it has. */
export function firstValueOf(column: ColumnInfo, template: number): number {
  for (const part of column.parts) if (part.template === template) return part.firstValue;
  throw new RangeError('BUG: the template does not have this column');
}

function openHeader(group: Buffer): { layout: number; header: Buffer; pagesStart: number } {
  const prefix = new ByteReader(group);
  if (prefix.u32() !== MAGIC) throw new CorruptionError('not a row group: it must begin with "PRG1"');
  const layout = prefix.u8();
  const checksum = prefix.u32();
  const storedSize = prefix.u32();
  const rawSize = prefix.u32();
  const stored = prefix.raw(storedSize);
  if (prefixChecksum(group, stored) !== checksum)
    throw new CorruptionError('the checksum of the row group header does not match');
  if (layout !== LAYOUT_PACKED && layout !== LAYOUT_PAGED) throw new CorruptionError(`unknown layout ${layout}`);
  if (layout === LAYOUT_PACKED) prefix.expectEnd();
  return { layout, header: decompress(stored, rawSize), pagesStart: layout === LAYOUT_PACKED ? 0 : prefix.offset };
}

function readInfo(reader: ByteReader, sizeBytes: number): RowGroupInfo {
  const rowCount = reader.varint();
  if (rowCount < 1 || rowCount > ROWS_MAX) throw new CorruptionError(`a row group of ${rowCount} rows`);
  const baseDay = reader.signedVarint();
  const minTimeNs = reader.signedVarint();
  const maxTimeNs = reader.signedVarint();
  const reach = BASE_DAY_REACH_DAYS * NS_PER_DAY;
  if (minTimeNs > maxTimeNs || minTimeNs < -reach || maxTimeNs > reach)
    throw new CorruptionError('a row group with an impossible time range');
  const lineBytes = reader.varint();
  const streams = Array.from({ length: reader.count() }, () => {
    const labels: Record<string, string> = Object.create(null) as Record<string, string>;
    for (let n = reader.count(2); n > 0; n--) {
      const name = reader.string();
      labels[name] = reader.string();
    }
    return labels;
  });
  return { rowCount, baseDay, minTimeNs, maxTimeNs, lineBytes, streams, sizeBytes };
}

function readTables(
  reader: ByteReader,
  rowCount: number,
): {
  templates: Template[];
  columnsOfTemplate: number[][];
  columns: { slot: Slot; parts: { template: number; firstValue: number }[]; count: number }[];
} {
  const columns = Array.from({ length: reader.count(3) }, () => {
    const field = reader.string();
    const kind = reader.u8();
    if (kind > KIND_TEXT) throw new CorruptionError(`unknown kind of value ${kind}`);
    const slot: Slot = { field, kind: kind as ValueKind, ordinal: reader.varint() };
    return { slot, parts: [] as { template: number; firstValue: number }[], count: 0 };
  });
  const columnsOfTemplate: number[][] = [];
  let rows = 0;
  const templateCount = reader.count(3);
  if (templateCount > TEMPLATES_MAX) throw new CorruptionError(`a row group of ${templateCount} templates`);
  const templates = Array.from({ length: templateCount }, (_, t) => {
    const templateRows = reader.varint();
    rows += templateRows;
    const literals: Buffer[] = [];
    const slots: Slot[] = [];
    const indices: number[] = [];
    const slotCount = reader.varint();
    if (slotCount > SLOTS_MAX) throw new CorruptionError(`a template of ${slotCount} values`);
    for (let s = 0; s < slotCount; s++) {
      literals.push(reader.sized());
      const index = reader.varint();
      const column = columns[index];
      if (column === undefined || indices.includes(index)) throw new CorruptionError('a template names a wrong column');
      column.parts.push({ template: t, firstValue: column.count });
      column.count += templateRows;
      slots.push(column.slot);
      indices.push(index);
    }
    literals.push(reader.sized());
    columnsOfTemplate.push(indices);
    return { literals, slots };
  });
  if (rows !== rowCount) throw new CorruptionError(`the templates have ${rows} rows, the row group ${rowCount}`);
  for (const column of columns) if (column.count === 0) throw new CorruptionError('a column without values');
  return { templates, columnsOfTemplate, columns };
}

function packedEntry(reader: ByteReader, offset: number): PageEntry {
  const size = reader.varint();
  return { offset, rawSize: size, storedSize: size, codec: 0, checksum: 0 };
}

function shiftPages(chunks: readonly (readonly PageEntry[])[], by: number): void {
  for (const pages of chunks) for (const page of pages) (page as { offset: number }).offset += by;
}

function checkedCodes<T extends Uint8Array | Uint16Array>(codes: T, limit: number, what: string): T {
  for (let row = 0; row < codes.length; row++) {
    if (codes[row]! >= limit) throw new CorruptionError(`row ${row} has ${what} ${codes[row]} of ${limit}`);
  }
  return codes;
}

/** The header's row counts and the template codes must say the same. */
function checkParts(column: ColumnInfo, templateStarts: Int32Array): void {
  for (const [i, { template, firstValue }] of column.parts.entries()) {
    const end = column.parts[i + 1]?.firstValue ?? column.count;
    if (end - firstValue !== templateStarts[template + 1]! - templateStarts[template]!) {
      throw new CorruptionError(`template ${template} has another number of rows than its values`);
    }
  }
}

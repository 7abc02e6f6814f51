/**
 * Reads row groups: header at once, columns when they are asked for, lines when they are wanted. The layout is in
 * FORMAT.md; the writer is writer.ts.
 */
import { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import type { Labels } from '../labels.ts';
import { isTimeRange } from '../time.ts';
import { decodeColumn, memoryBytesOf, readColumnChunk, valueSizeMax, writeValue } from './column.ts';
import type { ColumnChunk, ColumnValues } from './column.ts';
import type { ByteStrings } from './byte-strings.ts';
import { decodeIntegers, decodeSmallIntegers, findIntegers, pickIntegers } from './encodings/integer.ts';
import { decodeTimestampDistances } from './encodings/timestamp.ts';
import type { TimestampDistances } from './encodings/timestamp.ts';
import {
  KIND_TEXT,
  LAYOUT_PACKED,
  LAYOUT_PAGED,
  MAGIC,
  PREFIX_BYTES,
  RAW_BYTES_MAX,
  ROWS_MAX,
  SLOTS_MAX,
  TEMPLATES_MAX,
} from './format.ts';
import type { ValueKind } from './format.ts';
import { decompress, isCompressed, openPage, readPageEntry, verifyPage } from './page.ts';
import type { PageEntry, PageReader } from './page.ts';
import { canBePicked, pickColumn } from './pick.ts';
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

/** Where the bytes of a row group come from: memory, or a file of which only the needed parts are read. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** May be kept: it does not change. */
  read(offset: number, sizeBytes: number): Buffer;
  /** Good until the next read. */
  peek(offset: number, sizeBytes: number): Buffer;
}

/** Keeps what was decoded of one row group, for as long as it likes: anything may be decoded again. */
export interface DecodedCache {
  get(part: number): object | undefined;
  set(part: number, decoded: object, memoryBytes: number): void;
}

/** Parts of a row group in a DecodedCache; columns have their index. */
const PART_TIMES = -1;
const PART_STREAMS = -2;
const PART_TEMPLATES = -3;
const PART_FLAGS = -4;
const PART_ORDER = -5;
const PART_RANKS = -6;
/** Less the column's index. */
const PART_DISTANCES = -7;

/** Lines are put together from picked values when at most one row in this many is wanted. */
const FEW_ROWS_FACTOR = 16;

/** Chunks of every row: time, stream, template, flags. */
const SYSTEM_CHUNKS = 4;

/** Read at once with the prefix: nearly every header fits. */
const HEAD_BYTES = 16 * 1024;

/** Checks every checksum without decompressing a page. @throws CorruptionError */
export function verifyRowGroup(bytes: Uint8Array): RowGroupInfo {
  const group = new RowGroup(bytes);
  group.verifyPages();
  return group.info;
}

/**
 * Size of the row group that `bytes` begin with and go on behind: for a file whose tables are lost. Looks at the header
 * only.
 * @throws CorruptionError
 */
export function rowGroupBytesAt(bytes: Buffer): number {
  const prefix = new ByteReader(bytes);
  if (prefix.u32() !== MAGIC) throw new CorruptionError('not a row group: it must begin with "PRG1"');
  const isPacked = prefix.u8() === LAYOUT_PACKED;
  prefix.u32();
  const packedBytes = PREFIX_BYTES + prefix.u32();
  if (isPacked) return packedBytes;
  const { header, pagesStart } = openHeader(memorySource(bytes));
  const reader = new ByteReader(header);
  const { rowCount } = readInfo(reader, 0);
  const { columns } = readTables(reader, rowCount);
  let end = pagesStart;
  const skipPages = (): void => {
    for (let n = reader.count(); n > 0; n--) end += readPageEntry(reader, end).storedSize;
  };
  for (let chunk = 0; chunk < SYSTEM_CHUNKS; chunk++) {
    reader.sized();
    skipPages();
  }
  for (let column = 0; column < columns.length; column++) {
    readColumnChunk(reader);
    skipPages();
  }
  return end;
}

/** Rows in template order; those of template t are [templateStarts[t], templateStarts[t + 1]). */
interface TemplateOrder {
  readonly templateRows: Int32Array;
  readonly templateStarts: Int32Array;
}

/** A decoded header over encoded columns. */
export class RowGroup {
  readonly info: RowGroupInfo;
  readonly templates: readonly Template[];
  readonly columns: readonly ColumnInfo[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];

  readonly #source: ByteSource;
  /** The decompressed header and pages of a packed group. */
  readonly #packedBody: Buffer | undefined;
  readonly #system: readonly StoredChunk[];
  readonly #columnPages: readonly (readonly PageEntry[])[];
  readonly #cache: DecodedCache;

  /**
   * @param bytes  the whole group, which must not change; or where to read it
   * @param cache  by default everything decoded is kept as long as this object
   * @throws CorruptionError
   */
  constructor(bytes: Uint8Array | ByteSource, cache: DecodedCache = new Map()) {
    this.#source = bytes instanceof Uint8Array ? memorySource(bytes) : bytes;
    this.#cache = cache;
    const { layout, header, pagesStart } = openHeader(this.#source);
    const packed = layout === LAYOUT_PACKED;
    const reader = new ByteReader(header);
    this.info = readInfo(reader, this.#source.sizeBytes);
    const tables = readTables(reader, this.info.rowCount);
    this.templates = tables.templates;
    this.columnsOfTemplate = tables.columnsOfTemplate;
    let offset = pagesStart;
    const readPages = (): PageEntry[] =>
      Array.from({ length: reader.count() }, () => {
        const page = packed ? packedEntry(reader, offset) : readPageEntry(reader, offset);
        offset += page.storedSize;
        return page;
      });
    this.#system = [0, 1, 2, 3].map(() => ({ parameters: reader.sized(), pages: readPages() }));
    const columnPages: PageEntry[][] = [];
    this.columns = tables.columns.map((column) => {
      const chunk = readColumnChunk(reader);
      columnPages.push(readPages());
      return { ...column, chunk };
    });
    this.#columnPages = columnPages;
    // A packed body holds the pages right after the header, whose size only now is known.
    this.#packedBody = packed ? header.subarray(reader.offset) : undefined;
    if (!packed) reader.expectEnd();
    const end = packed ? header.length - reader.offset : this.#source.sizeBytes;
    if (offset !== end) throw new CorruptionError(`the pages should end at byte ${offset}, they end at ${end}`);
  }

  /** @throws CorruptionError for the first page whose checksum does not match */
  verifyPages(): void {
    if (this.#packedBody !== undefined) return;
    for (const page of [...this.#system.map((chunk) => chunk.pages), ...this.#columnPages].flat()) {
      verifyPage(this.#source.peek(page.offset, page.storedSize), page);
    }
  }

  /** ns from the start of baseDay, by row. */
  timesNs(): Float64Array {
    return this.#kept(PART_TIMES, () => {
      const values = this.#system[0]!;
      const times = decodeIntegers(new ByteReader(values.parameters), this.#pages(values.pages), this.info.rowCount);
      return checkedTimes(
        times.values instanceof Float64Array ? times.values : new Float64Array(times.values),
        this.info,
      );
    });
  }

  /** The same for some rows, which ascend: without decoding the others when they are few. */
  timesAt(rows: ArrayLike<number>): Float64Array {
    if (rows.length * FEW_ROWS_FACTOR > this.info.rowCount) {
      const timesNs = this.timesNs();
      return Float64Array.from(rows, (row) => timesNs[row]!);
    }
    const { parameters, pages } = this.#system[0]!;
    const { values } = pickIntegers(new ByteReader(parameters), this.#pages(pages), this.info.rowCount, rows);
    return checkedTimes(values instanceof Float64Array ? values : new Float64Array(values), this.info);
  }

  /** Index into info.streams, by row. */
  streamCodes(): Uint16Array {
    return this.#kept(PART_STREAMS, () => {
      const codes = this.#smallIntegers(1, new Uint16Array(this.info.rowCount));
      return checkedCodes(codes, this.info.streams.length, 'stream');
    });
  }

  /** Index into templates, by row. */
  templateCodes(): Uint16Array {
    return this.#kept(PART_TEMPLATES, () => {
      const codes = this.#smallIntegers(2, new Uint16Array(this.info.rowCount));
      return checkedCodes(codes, this.templates.length, 'template');
    });
  }

  /** FLAG_… bits, by row. */
  flags(): Uint8Array {
    return this.#kept(PART_FLAGS, () => this.#smallIntegers(3, new Uint8Array(this.info.rowCount)));
  }

  order(): TemplateOrder {
    return this.#kept(
      PART_ORDER,
      () => {
        const order = rowsByTemplate(this.templateCodes(), this.info.rowCount, this.templates.length);
        for (const column of this.columns) checkParts(column, order.templateStarts);
        return order;
      },
      ({ templateRows }) => templateRows.byteLength,
    );
  }

  /** Row → its index among the rows of its template: value `firstValue + rank` of each of the template's columns. */
  ranks(): Int32Array {
    return this.#kept(PART_RANKS, () => {
      const { templateRows, templateStarts } = this.order();
      const ranks = new Int32Array(this.info.rowCount);
      for (let t = 0; t < this.templates.length; t++) {
        const start = templateStarts[t]!;
        for (let i = start, end = templateStarts[t + 1]!; i < end; i++) ranks[templateRows[i]!] = i - start;
      }
      return ranks;
    });
  }

  /** The decoded values of a column, in template order. @throws CorruptionError */
  values(column: number): ColumnValues {
    return this.#kept(
      column,
      () => {
        const info = this.columns[column]!;
        const rows = { baseDay: this.info.baseDay, timesNs: () => this.#valueTimes(info) };
        const parameters = new ByteReader(info.chunk.parameters);
        return decodeColumn(info.chunk, parameters, this.#pages(this.#columnPages[column]!), info.count, rows);
      },
      memoryBytesOf,
    );
  }

  /** The values of a column of timestamps, as they are stored. @throws CorruptionError */
  timestampDistances(column: number): TimestampDistances {
    return this.#kept(
      PART_DISTANCES - column,
      () => {
        const { chunk, count } = this.columns[column]!;
        const pages = this.#pages(this.#columnPages[column]!);
        return decodeTimestampDistances(new ByteReader(chunk.parameters), pages, count);
      },
      ({ distances }) => distances.byteLength,
    );
  }

  /** Rows of a column's values, in the order of the values. */
  valueRows(column: ColumnInfo): Int32Array {
    const { templateRows, templateStarts } = this.order();
    const part = (template: number): Int32Array =>
      templateRows.subarray(templateStarts[template], templateStarts[template + 1]);
    if (column.parts.length === 1) return part(column.parts[0]!.template);
    const rows = new Int32Array(column.count);
    for (const { template, firstValue } of column.parts) rows.set(part(template), firstValue);
    return rows;
  }

  /** The lines of some rows, as they were, end to end. Decodes the columns that these rows use, or parts of them. */
  lines(rows: ArrayLike<number>): ByteStrings {
    const sink = new LineSink(rows.length);
    const codes = this.templateCodes();
    const ranks = this.ranks();
    const few = rows.length * FEW_ROWS_FACTOR <= this.info.rowCount;
    const wanted = few ? ranksByTemplate(rows, codes, ranks) : undefined;
    const templates = new Map<number, OpenTemplate>();
    for (let i = 0; i < rows.length; i++) {
      const code = codes[rows[i]!]!;
      let template = templates.get(code);
      if (template === undefined) templates.set(code, (template = this.#openTemplate(code, wanted?.get(code))));
      sink.add(template, ranks[rows[i]!]!);
    }
    return sink.finish();
  }

  /**
   * Indices of the values of an integer column that equal one of `wanted`, without decoding it.
   * @throws CorruptionError
   */
  findIntegers(column: number, wanted: readonly number[], onFound: (index: number) => void): void {
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages(this.#columnPages[column]!);
    findIntegers(new ByteReader(chunk.parameters), pages, count, wanted, onFound);
  }

  /** @param ranks  the only ones that will be asked for, ascending; undefined when they may be many */
  #openTemplate(code: number, ranks: Int32Array | undefined): OpenTemplate {
    const columns = this.columnsOfTemplate[code]!;
    return {
      literals: this.templates[code]!.literals,
      slots: columns.map((column) => {
        const info = this.columns[column]!;
        const firstValue = firstValueOf(info, code);
        if (ranks === undefined || !canBePicked(info.chunk)) {
          return { values: this.values(column), firstValue, ranks: undefined };
        }
        return { values: this.#pick(column, code, firstValue, ranks), firstValue: 0, ranks };
      }),
    };
  }

  #pick(column: number, template: number, firstValue: number, ranks: Int32Array): ColumnValues {
    const { chunk, count } = this.columns[column]!;
    const { templateRows, templateStarts } = this.order();
    const timesNs = this.timesNs();
    const start = templateStarts[template]!;
    return pickColumn(chunk, new ByteReader(chunk.parameters), this.#pages(this.#columnPages[column]!), count, {
      indices: ranks.map((rank) => firstValue + rank),
      baseDay: this.info.baseDay,
      timesNs: Float64Array.from(ranks, (rank) => timesNs[templateRows[start + rank]!]!),
    });
  }

  #smallIntegers<T extends Uint8Array | Uint16Array>(chunk: number, out: T): T {
    const { parameters, pages } = this.#system[chunk]!;
    return decodeSmallIntegers(new ByteReader(parameters), this.#pages(pages), out);
  }

  #pages(entries: readonly PageEntry[]): PageReader {
    let next = 0;
    return {
      page: (sizeBytes) => {
        const entry = entries[next++];
        if (entry === undefined) throw new CorruptionError('a column chunk lacks a page');
        if (entry.rawSize !== sizeBytes) {
          throw new CorruptionError(`a page has ${entry.rawSize} bytes, ${sizeBytes} were expected`);
        }
        const { offset, storedSize } = entry;
        if (this.#packedBody !== undefined) return this.#packedBody.subarray(offset, offset + storedSize);
        const source = this.#source;
        return openPage(isCompressed(entry) ? source.peek(offset, storedSize) : source.read(offset, storedSize), entry);
      },
    };
  }

  #valueTimes(column: ColumnInfo): Float64Array {
    const timesNs = this.timesNs();
    return Float64Array.from(this.valueRows(column), (row) => timesNs[row]!);
  }

  /** A part from the cache, or decoded and put there. A part number always stands for the same type. */
  #kept<T extends object>(part: number, decode: () => T, memoryBytes: (decoded: T) => number = byteLengthOf): T {
    const known = this.#cache.get(part);
    if (known !== undefined) return known as T;
    const decoded = decode();
    this.#cache.set(part, decoded, memoryBytes(decoded));
    return decoded;
  }
}

function byteLengthOf(decoded: object): number {
  return ArrayBuffer.isView(decoded) ? decoded.byteLength : 0;
}

function memorySource(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (offset: number, sizeBytes: number): Buffer => buffer.subarray(offset, offset + sizeBytes);
  return { sizeBytes: buffer.length, read, peek: read };
}

/** A template with the columns of its slots at hand. */
interface OpenTemplate {
  readonly literals: readonly Buffer[];
  readonly slots: readonly OpenSlot[];
}

interface OpenSlot {
  readonly values: ColumnValues;
  /** Index of the template's first value. */
  readonly firstValue: number;
  /** Where only some values were picked: the ranks of their rows, in the order of the values. */
  readonly ranks: Int32Array | undefined;
}

/** The ranks of the wanted rows of each template, ascending, each once. */
function ranksByTemplate(
  rows: ArrayLike<number>,
  codes: Uint16Array,
  ranks: Int32Array,
): ReadonlyMap<number, Int32Array> {
  const sets = new Map<number, Set<number>>();
  for (let i = 0; i < rows.length; i++) {
    const code = codes[rows[i]!]!;
    const set = sets.get(code);
    if (set === undefined) sets.set(code, new Set([ranks[rows[i]!]!]));
    else set.add(ranks[rows[i]!]!);
  }
  return new Map([...sets].map(([code, set]) => [code, Int32Array.from(set).toSorted()]));
}

/** Position of a value that is there, in ascending numbers. */
function positionOf(ascending: Int32Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
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

  add({ literals, slots }: OpenTemplate, rank: number): void {
    let at = this.#offsets[this.#count]!;
    for (let slot = 0; slot < slots.length; slot++) {
      const { values: column, firstValue, ranks } = slots[slot]!;
      const index = firstValue + (ranks === undefined ? rank : positionOf(ranks, rank));
      const literal = literals[slot]!;
      this.#reserve(at, literal.length + valueSizeMax(column, index));
      at += literal.copy(this.#bytes, at);
      at = writeValue(column, index, this.#bytes, at);
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
    if (at + sizeBytes > RAW_BYTES_MAX) throw new CorruptionError(`lines of more than ${RAW_BYTES_MAX} bytes`);
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

function openHeader(source: ByteSource): { layout: number; header: Buffer; pagesStart: number } {
  let head = source.peek(0, Math.min(HEAD_BYTES, source.sizeBytes));
  const prefix = new ByteReader(head);
  if (prefix.u32() !== MAGIC) throw new CorruptionError('not a row group: it must begin with "PRG1"');
  const layout = prefix.u8();
  const checksum = prefix.u32();
  const storedSize = prefix.u32();
  const rawSize = prefix.u32();
  const pagesStart = PREFIX_BYTES + storedSize;
  if (pagesStart > source.sizeBytes) throw new CorruptionError('the row group ends inside its header');
  if (pagesStart > head.length) head = source.peek(0, pagesStart);
  const stored = head.subarray(PREFIX_BYTES, pagesStart);
  if (prefixChecksum(head, stored) !== checksum) {
    throw new CorruptionError('the checksum of the row group header does not match');
  }
  if (layout !== LAYOUT_PACKED && layout !== LAYOUT_PAGED) throw new CorruptionError(`unknown layout ${layout}`);
  if (layout === LAYOUT_PAGED) return { layout, header: decompress(stored, rawSize), pagesStart };
  if (pagesStart !== source.sizeBytes) throw new CorruptionError('bytes are left over behind a packed row group');
  return { layout, header: decompress(stored, rawSize), pagesStart: 0 };
}

function readInfo(reader: ByteReader, sizeBytes: number): RowGroupInfo {
  const rowCount = reader.varint();
  if (rowCount < 1 || rowCount > ROWS_MAX) throw new CorruptionError(`a row group of ${rowCount} rows`);
  const baseDay = reader.signedVarint();
  const minTimeNs = reader.signedVarint();
  const maxTimeNs = reader.signedVarint();
  if (!isTimeRange(baseDay, minTimeNs, maxTimeNs)) {
    throw new CorruptionError('a row group with an impossible time range');
  }
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

function checkedCodes<T extends Uint8Array | Uint16Array>(codes: T, limit: number, what: string): T {
  for (let row = 0; row < codes.length; row++) {
    if (codes[row]! >= limit) throw new CorruptionError(`row ${row} has ${what} ${codes[row]} of ${limit}`);
  }
  return codes;
}

/** Rows are pruned and sorted into days by what the header says: a row outside of that would be lost. */
function checkedTimes(timesNs: Float64Array, { minTimeNs, maxTimeNs }: RowGroupInfo): Float64Array {
  for (let row = 0; row < timesNs.length; row++) {
    const timeNs = timesNs[row]!;
    if (timeNs < minTimeNs || timeNs > maxTimeNs)
      throw new CorruptionError(`row ${row} lies outside of the time range`);
  }
  return timesNs;
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

/**
 * Reads row groups: the header at once, columns and lines on demand. The layout is in FORMAT.md; the writer is
 * writer.ts.
 */
import { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import type { ByteStrings } from './byte-strings.ts';
import type { ColumnValues } from './column-values.ts';
import { arePagesKept, arePickedCopied, canBePicked, decodeColumn, memoryBytesOf, pickColumn } from './column.ts';
import { type DecodedSize, decodedSizeOf } from './decoded-size.ts';
import { type CountedTexts, decodeCountedTexts } from './encodings/dictionary.ts';
import { areTextsHere, decodeDistinctTexts, decodeTextsHere } from './encodings/distinct-texts.ts';
import { decodeIntegers, decodeSmallIntegers, findIntegers, pickIntegers, visitIntegers } from './encodings/integer.ts';
import { findUuids } from './encodings/uuid-search.ts';
import { decodeTimestampDistances, type TimestampDistances } from './encodings/timestamp.ts';
import {
  type ByteSource,
  type ColumnInfo,
  type Header,
  memorySource,
  PEEKS_MAX,
  readHeader,
  type RowGroupInfo,
  type StoredChunk,
} from './header.ts';
import { headerMemoryBytes } from './header-size.ts';
import { ENCODING_DICTIONARY, ENCODING_PATTERN, HEADER_PARTS_MAX, RAW_BYTES_MAX } from './format.ts';
import { type CutLines, LineSink, type OpenTemplate } from './line-sink.ts';
import { isCompressed, openPage, type PageEntry, type PageReader, takePage, verifyPage } from './page.ts';
import { NO_RUN, type Run } from './runs.ts';
import type { Template } from './template.ts';
import type { Ties } from './ties.ts';
import {
  placeOf,
  type RankedRows,
  rankedRows,
  rowsByTemplate,
  rowsOfRanks,
  splitByTemplate,
  type TemplateOrder,
  type TemplateRows,
} from './template-order.ts';

/** Caches decoded parts of one row group; it may drop any of them, since they can be decoded again. */
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
const PART_TIES = -7;
const PART_RUNS = -8;
/** Minus the column's index. */
const PART_DISTANCES = -9;
/** What a reader derives from a group: more than columns can be. */
export const PART_DERIVED = 2 * HEADER_PARTS_MAX;

/** Lines are built from picked values when at most one row in this many is wanted. */
const FEW_ROWS_FACTOR = 16;

/** The only rows whose lines are wanted: ascending, each once, with their ranks. */
interface FewRows extends RankedRows {
  /** Their times, where they are known. */
  readonly timesNs: Float64Array | undefined;
  readonly byTemplate: ReadonlyMap<number, TemplateRows>;
}

export interface LinesOptions {
  /** The lines end with the one that reaches it. */
  readonly bytesMax?: number;
  /** Times of the rows, where they are known: those of a few are not read again. */
  readonly timesNs?: Float64Array;
}

/** A column from which lines are built. */
interface OpenColumn {
  readonly values: ColumnValues;
  /** By template: the index of its first value among those that were picked. Undefined if all values are present. */
  readonly pickedFirsts: ReadonlyMap<number, number> | undefined;
}

/**
 * Lines that are built at once, and their bytes: a line may have a megabyte, and thousands of them may have nearly
 * none.
 */
const LINES_IN_TURN = 8192;
const LINE_BYTES_IN_TURN = 4 * 1024 * 1024;

/**
 * Verifies every checksum without decompressing a page.
 * @throws CorruptionError
 */
export function verifyRowGroup(bytes: Uint8Array): RowGroupInfo {
  const group = new RowGroup(bytes);
  group.verifyPages();
  return group.info;
}

/** A decoded header over encoded columns. */
export class RowGroup {
  readonly info: RowGroupInfo;
  readonly templates: readonly Template[];
  /** By template. */
  readonly templateRowCounts: readonly number[];
  readonly columns: readonly ColumnInfo[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];
  /** The runs that it has rows of; none where that is not known. */
  readonly runs: readonly Run[];

  readonly #source: ByteSource;
  readonly #header: Header;
  readonly #cache: DecodedCache;
  #columnsOfField: ReadonlyMap<string, readonly number[]> | undefined;

  /**
   * @param bytes  the whole group, which must not change; or its source
   * @param cache  by default everything decoded is kept as long as this object
   * @throws CorruptionError
   */
  constructor(bytes: Uint8Array | ByteSource, cache: DecodedCache = new Map()) {
    this.#source = bytes instanceof Uint8Array ? memorySource(bytes) : bytes;
    this.#cache = cache;
    this.#header = readHeader(this.#source);
    this.info = this.#header.info;
    this.templates = this.#header.templates;
    this.templateRowCounts = this.#header.templateRowCounts;
    this.columns = this.#header.columns;
    this.columnsOfTemplate = this.#header.columnsOfTemplate;
    this.runs = this.#header.runs?.runs ?? [];
  }

  /**
   * Returns the memory of the group once it is decoded.
   * @throws CorruptionError
   */
  decodedSize(): DecodedSize {
    return decodedSizeOf(this.#header);
  }

  /** @throws CorruptionError for the first page whose checksum does not match */
  verifyPages(): void {
    const { system, pages, ties, runs, packedBody } = this.#header;
    if (packedBody !== undefined) return;
    const ofTies = ties === undefined ? [] : [ties.rows, ties.arrivals];
    const ofRuns = runs === undefined ? [] : [runs.codes];
    for (const page of [...[...system, ...ofTies, ...ofRuns].map((chunk) => chunk.pages), ...pages].flat()) {
      verifyPage(this.#source.peek(page.offset, page.storedSize), page);
    }
  }

  /** ns from the start of baseDay, by row. */
  timesNs(): Float64Array {
    return this.kept(PART_TIMES, () =>
      validTimes(this.#numbers(this.#header.system[0]!, this.info.rowCount), this.info),
    );
  }

  /**
   * Does the same, some rows at a time: `visit` must not keep the times of rows from `first` on.
   * @throws CorruptionError
   */
  visitTimes(visit: (timesNs: Float64Array, first: number) => void): void {
    const known = this.#cache.get(PART_TIMES);
    if (known !== undefined) return visit(known as Float64Array, 0);
    const { parameters, pages } = this.#header.system[0]!;
    const checked = (timesNs: Float64Array, first: number): void => visit(validTimes(timesNs, this.info), first);
    visitIntegers(new ByteReader(parameters), this.#pages(pages, true), this.info.rowCount, checked);
  }

  /** Does the same for some rows, which ascend: without decoding the others when they are few. */
  timesAt(rows: ArrayLike<number>): Float64Array {
    if (!this.#isFew(rows.length) || this.#cache.get(PART_TIMES) !== undefined) {
      const timesNs = this.timesNs();
      const times = new Float64Array(rows.length);
      for (let i = 0; i < times.length; i++) times[i] = timesNs[rows[i]!]!;
      return times;
    }
    const { parameters, pages } = this.#header.system[0]!;
    const { values } = pickIntegers(new ByteReader(parameters), this.#pages(pages, true), this.info.rowCount, rows);
    return validTimes(values instanceof Float64Array ? values : new Float64Array(values), this.info);
  }

  /** By row: NO_RUN, or 1 + an index into runs. */
  runCodes(): Uint16Array {
    return this.kept(PART_RUNS, () => {
      const { runs } = this.#header;
      const codes = new Uint16Array(this.info.rowCount);
      if (runs === undefined) return codes.fill(NO_RUN);
      return validCodes(this.#decodeSmall(runs.codes, codes), runs.runs.length + 1, 'run');
    });
  }

  /** Index into info.streams, by row. */
  streamCodes(): Uint16Array {
    return this.kept(PART_STREAMS, () => {
      const codes = this.#smallIntegers(1, new Uint16Array(this.info.rowCount));
      return validCodes(codes, this.info.streams.length, 'stream');
    });
  }

  /** Index into templates, by row. */
  templateCodes(): Uint16Array {
    return this.kept(PART_TEMPLATES, () => {
      const codes = this.#smallIntegers(2, new Uint16Array(this.info.rowCount));
      return validCodes(codes, this.templates.length, 'template');
    });
  }

  /** FLAG_… bits, by row. */
  flags(): Uint8Array {
    return this.kept(PART_FLAGS, () => this.#smallIntegers(3, new Uint8Array(this.info.rowCount)));
  }

  /**
   * Returns the rows that have an arrival of their own; undefined when there are none. A batch may claim anything.
   * @throws CorruptionError
   */
  ties(): Ties | undefined {
    const { ties } = this.#header;
    if (ties === undefined) return undefined;
    return this.kept(
      PART_TIES,
      () => {
        const rows = this.#numbers(ties.rows, ties.count);
        return validTies({ rows, arrivals: this.#numbers(ties.arrivals, ties.count) }, this.info.rowCount);
      },
      ({ rows }) => 2 * rows.byteLength,
    );
  }

  /** Memory of this object, without decoded columns. */
  headerMemoryBytes(): number {
    return headerMemoryBytes(this.#header);
  }

  order(): TemplateOrder {
    return this.kept(
      PART_ORDER,
      () => {
        const order = rowsByTemplate(this.templateCodes(), this.info.rowCount, this.templates.length);
        for (const column of this.columns) assertParts(column, order.templateStarts);
        return order;
      },
      ({ templateRows }) => templateRows.byteLength,
    );
  }

  /**
   * Returns the indexes of the columns that hold values of a field: one for each kind of value, and for each repetition
   * in a line.
   */
  columnsOf(field: string): readonly number[] {
    this.#columnsOfField ??= Map.groupBy(this.columns.keys(), (column) => this.columns[column]!.slot.field);
    return this.#columnsOfField.get(field) ?? [];
  }

  /** Row → its index among the rows of its template: value `firstValue + rank` of each of the template's columns. */
  ranks(): Int32Array {
    return this.kept(PART_RANKS, () => {
      const { templateRows, templateStarts } = this.order();
      const ranks = new Int32Array(this.info.rowCount);
      for (let t = 0; t < this.templates.length; t++) {
        const start = templateStarts[t]!;
        for (let i = start, end = templateStarts[t + 1]!; i < end; i++) ranks[templateRows[i]!] = i - start;
      }
      return ranks;
    });
  }

  /**
   * Returns the decoded values of a column, in template order.
   * @throws CorruptionError
   */
  values(column: number): ColumnValues {
    return this.kept(
      column,
      () => {
        const info = this.columns[column]!;
        const rows = { baseDay: this.info.baseDay, timesNs: () => this.#valueTimes(info) };
        const pages = this.#pages(this.#header.pages[column]!, !arePagesKept(info.chunk));
        return decodeColumn(info.chunk, pages, info.count, rows);
      },
      memoryBytesOf,
    );
  }

  /**
   * Returns the distinct values of a dictionary, or the patterns of texts with numbers, without the codes; undefined
   * for other encodings.
   * @throws CorruptionError
   */
  distinctTexts(column: number): ByteStrings | undefined {
    const { chunk } = this.columns[column]!;
    if (chunk.encoding !== ENCODING_PATTERN) return this.countedTexts(column);
    const known = this.#cache.get(column) as ColumnValues | undefined;
    if (known?.kind === 'pattern') return known.patterns;
    return decodeDistinctTexts(new ByteReader(chunk.parameters), this.#pages(this.#header.pages[column]!));
  }

  /** Returns the distinct values of a dictionary that are in the header: no page is read. Undefined for others. */
  headerTexts(column: number): ByteStrings | undefined {
    const { chunk } = this.columns[column]!;
    return chunk.encoding === ENCODING_DICTIONARY ? decodeTextsHere(new ByteReader(chunk.parameters)) : undefined;
  }

  /**
   * Returns the distinct values of a dictionary; undefined for other encodings.
   * @throws CorruptionError
   */
  countedTexts(column: number): CountedTexts | undefined {
    const { chunk, count } = this.columns[column]!;
    if (chunk.encoding !== ENCODING_DICTIONARY) return undefined;
    const known = this.#cache.get(column) as ColumnValues | undefined;
    // Only texts in the parameters have counts.
    if (known?.kind === 'dictionary' && !areTextsHere(new ByteReader(chunk.parameters))) {
      return { ...known.values, counts: undefined };
    }
    return decodeCountedTexts(new ByteReader(chunk.parameters), this.#pages(this.#header.pages[column]!), count);
  }

  /**
   * Returns the values of a column of timestamps, as they are stored.
   * @throws CorruptionError
   */
  timestampDistances(column: number): TimestampDistances {
    return this.kept(
      PART_DISTANCES - column,
      () => {
        const { chunk, count } = this.columns[column]!;
        const pages = this.#pages(this.#header.pages[column]!, true);
        return decodeTimestampDistances(new ByteReader(chunk.parameters), pages, count);
      },
      ({ distances }) => distances.byteLength,
    );
  }

  /** Returns the rows of a template, ascending. */
  rowsOfTemplate(template: number): Int32Array {
    const { templateRows, templateStarts } = this.order();
    return templateRows.subarray(templateStarts[template], templateStarts[template + 1]);
  }

  /** Returns the rows of a column's values, in the order of the values. */
  valueRows(column: ColumnInfo): Int32Array {
    if (column.parts.length === 1) return this.rowsOfTemplate(column.parts[0]!.template);
    const rows = new Int32Array(column.count);
    for (const { template, firstValue } of column.parts) rows.set(this.rowsOfTemplate(template), firstValue);
    return rows;
  }

  /**
   * Returns the rows of some values of a column, ascending.
   * @param indices  of values, ascending
   */
  rowsOf(column: ColumnInfo, indices: ArrayLike<number>): Int32Array {
    if (indices.length === 0) return new Int32Array(0);
    if (!this.#isFew(indices.length) || this.#cache.get(PART_ORDER) !== undefined) {
      const { templateRows, templateStarts } = this.order();
      const rows = new Int32Array(indices.length);
      for (let i = 0, p = 0; i < rows.length; i++) {
        while ((column.parts[p + 1]?.firstValue ?? Infinity) <= indices[i]!) p++;
        const { template, firstValue } = column.parts[p]!;
        rows[i] = templateRows[templateStarts[template]! + indices[i]! - firstValue]!;
      }
      return column.parts.length === 1 ? rows : rows.toSorted();
    }
    const ranks: number[][] = [];
    for (let i = 0, p = 0; i < indices.length; i++) {
      while ((column.parts[p + 1]?.firstValue ?? Infinity) <= indices[i]!) p++;
      const { template, firstValue } = column.parts[p]!;
      (ranks[template] ??= []).push(indices[i]! - firstValue);
    }
    return rowsOfRanks(this.templateCodes(), this.templates.length, ranks);
  }

  /**
   * Returns the lines of some rows, end to end. Decodes the columns that these rows use, or parts of them.
   * @param withNewlines  whether each line ends with a newline
   */
  lines(rows: ArrayLike<number>, options: LinesOptions = {}, withNewlines = false): ByteStrings {
    const sink = new LineSink(rows.length, options.bytesMax ?? RAW_BYTES_MAX, { withNewlines });
    this.#buildLines(rows, options, sink);
    return sink.finish();
  }

  /** Does the same, and returns where the values of each line are. */
  cutLines(rows: ArrayLike<number>, options: LinesOptions = {}): CutLines {
    const sink = new LineSink(rows.length, options.bytesMax ?? RAW_BYTES_MAX, { withValues: true });
    this.#buildLines(rows, options, sink);
    return sink.finishCut();
  }

  #buildLines(rows: ArrayLike<number>, { bytesMax = RAW_BYTES_MAX, timesNs }: LinesOptions, sink: LineSink): void {
    const codes = this.templateCodes();
    const few = this.#isFew(rows.length) ? this.#fewRows(codes, rows, timesNs) : undefined;
    const ranks = few === undefined ? this.ranks() : undefined;
    const columns = new Map<number, OpenColumn>();
    const templates = new Map<number, OpenTemplate>();
    for (let i = 0; i < rows.length && sink.sizeBytes < bytesMax; i++) {
      const code = codes[rows[i]!]!;
      let template = templates.get(code);
      if (template === undefined) {
        template = this.#openTemplate(code, columns, few);
        templates.set(code, template);
      }
      sink.add(template, few === undefined ? ranks![rows[i]!]! : few.ranks[placeOf(few.rows, rows[i]!)]!);
    }
  }

  /** Yields the lines of any number of rows, some at a time: those from rows[from] on. */
  *linesInTurn(rows: Int32Array | Uint32Array): Generator<{ readonly from: number; readonly lines: ByteStrings }> {
    for (let from = 0; from < rows.length;) {
      const lines = this.lines(rows.subarray(from, from + LINES_IN_TURN), { bytesMax: LINE_BYTES_IN_TURN });
      yield { from, lines };
      from += lines.offsets.length - 1;
    }
  }

  /**
   * Finds the indices of the values of an integer column that equal one of `wanted`, without decoding it.
   * @throws CorruptionError
   */
  findIntegers(column: number, wanted: readonly number[], onFound: (index: number) => void): void {
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages(this.#header.pages[column]!, true);
    findIntegers(new ByteReader(chunk.parameters), pages, count, wanted, onFound);
  }

  /**
   * Does the same for a column of UUIDs, of 16 bytes each.
   * @throws CorruptionError
   */
  findUuids(column: number, wanted: readonly Uint8Array[], onFound: (index: number) => void): void {
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages(this.#header.pages[column]!, true);
    findUuids(new ByteReader(chunk.parameters), pages, count, wanted, onFound);
  }

  #isFew(rows: number): boolean {
    return rows * FEW_ROWS_FACTOR <= this.info.rowCount;
  }

  #fewRows(codes: Uint16Array, wanted: ArrayLike<number>, timesNs: Float64Array | undefined): FewRows {
    const ranked = rankedRows(codes, this.templates.length, wanted);
    const inOrder = timesNs && new Float64Array(ranked.rows.length);
    if (timesNs !== undefined) {
      for (let i = 0; i < timesNs.length; i++) inOrder![placeOf(ranked.rows, wanted[i]!)] = timesNs[i]!;
    }
    return { ...ranked, timesNs: inOrder, byTemplate: splitByTemplate(ranked, codes) };
  }

  /**
   * @param columns  the open ones: however many templates have a column, it is read once
   * @param few  the only rows that will be read; undefined when they may be many
   */
  #openTemplate(code: number, columns: Map<number, OpenColumn>, few: FewRows | undefined): OpenTemplate {
    const slots = this.columnsOfTemplate[code]!.map((column) => {
      let open = columns.get(column);
      if (open === undefined) columns.set(column, (open = this.#openColumn(column, few)));
      const { values, pickedFirsts } = open;
      if (pickedFirsts === undefined) {
        return { values, firstValue: firstValueOf(this.columns[column]!, code), ranks: undefined };
      }
      return { values, firstValue: pickedFirsts.get(code)!, ranks: few!.byTemplate.get(code)!.ranks };
    });
    return { literals: this.templates[code]!.literals, slots };
  }

  #openColumn(column: number, few: FewRows | undefined): OpenColumn {
    const info = this.columns[column]!;
    if (few === undefined || !canBePicked(info.chunk) || this.#cache.get(column) !== undefined) {
      return { values: this.values(column), pickedFirsts: undefined };
    }
    const pickedFirsts = new Map<number, number>();
    const indices: number[] = [];
    const places: number[] = [];
    for (const { template, firstValue } of info.parts) {
      const rows = few.byTemplate.get(template);
      if (rows === undefined) continue;
      pickedFirsts.set(template, indices.length);
      for (const rank of rows.ranks) indices.push(firstValue + rank);
      for (const place of rows.places) places.push(place);
    }
    const pages = this.#pages(this.#header.pages[column]!, arePickedCopied(info.chunk));
    const values = pickColumn(info.chunk, pages, info.count, Int32Array.from(indices), {
      baseDay: this.info.baseDay,
      timesNs: () => {
        const timesNs = few.timesNs ?? this.timesAt(few.rows);
        return Float64Array.from(places, (place) => timesNs[place]!);
      },
    });
    return { values, pickedFirsts };
  }

  #numbers({ parameters, pages }: StoredChunk, count: number): Float64Array {
    const { values } = decodeIntegers(new ByteReader(parameters), this.#pages(pages, true), count);
    return values instanceof Float64Array ? values : new Float64Array(values);
  }

  #smallIntegers<T extends Uint8Array | Uint16Array>(chunk: number, out: T): T {
    return this.#decodeSmall(this.#header.system[chunk]!, out);
  }

  #decodeSmall<T extends Uint8Array | Uint16Array>({ parameters, pages }: StoredChunk, out: T): T {
    return decodeSmallIntegers(new ByteReader(parameters), this.#pages(pages, true), out);
  }

  /** @param isPassing  no part is kept: pages are valid until those of another chunk are read */
  #pages(entries: readonly PageEntry[], isPassing = false): PageReader {
    const rest = entries.values();
    // The first number is for pages that are only decompressed.
    let number = 1;
    const passing = (sizeBytes: number): Buffer => this.#read(takePage(rest, sizeBytes), 0, sizeBytes, number++);
    return {
      page: (sizeBytes) =>
        isPassing ? passing(sizeBytes) : this.#read(takePage(rest, sizeBytes), 0, sizeBytes, PEEKS_MAX),
      passing,
      parts: (sizeBytes) => {
        const pieces = takePage(rest, sizeBytes);
        const own = isPassing ? number++ : PEEKS_MAX;
        // A compressed page is read and decompressed as a whole, so once for all parts.
        let page: Buffer | undefined;
        return (start, end) => {
          if (!isCompressed(pieces[0]!)) return this.#read(pieces, start, end, own);
          page ??= this.#read(pieces, 0, sizeBytes, own);
          return page.subarray(start, end);
        };
      },
    };
  }

  /**
   * Returns bytes [start, end) of a page.
   * @param number  of a peek; from PEEKS_MAX on, the bytes get memory of their own
   */
  #read(pieces: readonly PageEntry[], start: number, end: number, number: number): Buffer {
    const [first] = pieces as [PageEntry];
    const { packedBody } = this.#header;
    if (packedBody !== undefined) return packedBody.subarray(first.offset + start, first.offset + end);
    if (isCompressed(first)) {
      const memory = number < PEEKS_MAX ? passingMemory(number, first.rawSize) : undefined;
      return openPage(this.#source.peek(first.offset, first.storedSize), first, memory).subarray(start, end);
    }
    const from = first.offset + start;
    const to = first.offset + end;
    const wanted = pieces.filter(({ offset, storedSize }) => offset < to && offset + storedSize > from);
    const at = wanted[0]?.offset ?? from;
    const sizeBytes = wanted.reduce((sum, { storedSize }) => sum + storedSize, 0);
    const bytes = number < PEEKS_MAX ? this.#source.peek(at, sizeBytes, number) : this.#source.read(at, sizeBytes);
    for (const piece of wanted) {
      verifyPage(bytes.subarray(piece.offset - at, piece.offset - at + piece.storedSize), piece);
    }
    return bytes.subarray(from - at, to - at);
  }

  #valueTimes(column: ColumnInfo): Float64Array {
    const timesNs = this.timesNs();
    const rows = this.valueRows(column);
    const times = new Float64Array(rows.length);
    for (let i = 0; i < times.length; i++) times[i] = timesNs[rows[i]!]!;
    return times;
  }

  /** Returns a part from the cache, or decodes it and adds it. A part number always has the same type. */
  kept<T extends object>(part: number, decode: () => T, memoryBytes: (decoded: T) => number = byteLengthOf): T {
    const known = this.#cache.get(part);
    if (known !== undefined) return known as T;
    const decoded = decode();
    this.#cache.set(part, decoded, memoryBytes(decoded));
    return decoded;
  }
}

/** Memory for pages that are read one after the other, by number; larger ones get memory of their own. */
const PASSING_BYTES_MAX = 256 * 1024;
const passing: Buffer[] = [];

function passingMemory(number: number, rawSize: number): Buffer | undefined {
  if (rawSize >= PASSING_BYTES_MAX) return undefined;
  if ((passing[number]?.length ?? 0) <= rawSize) passing[number] = Buffer.allocUnsafeSlow(rawSize + 1);
  return passing[number];
}

function byteLengthOf(decoded: object): number {
  return ArrayBuffer.isView(decoded) ? decoded.byteLength : 0;
}

/** Returns the index of a template's first value in a column that it has. Parts ascend by template. */
export function firstValueOf({ parts }: ColumnInfo, template: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle]!.template < template) low = middle + 1;
    else high = middle;
  }
  const part = parts[low];
  if (part?.template !== template) throw new RangeError('BUG: the template does not have this column');
  return part.firstValue;
}

function validCodes<T extends Uint8Array | Uint16Array>(codes: T, limit: number, what: string): T {
  for (let row = 0; row < codes.length; row++) {
    if (codes[row]! >= limit) throw new CorruptionError(`row ${row} has ${what} ${codes[row]} of ${limit}`);
  }
  return codes;
}

function validTies(ties: Ties, rowCount: number): Ties {
  let before = -1;
  for (const row of ties.rows) {
    if (row <= before || row >= rowCount) throw new CorruptionError(`row ${row} of ${rowCount} has an arrival`);
    before = row;
  }
  if (ties.arrivals.some((arrival) => arrival < 0)) throw new CorruptionError('an arrival before the first one');
  return ties;
}

/** Rows are pruned and sorted into days by the header: a row outside of its range would be lost. */
function validTimes(timesNs: Float64Array, { minTimeNs, maxTimeNs }: RowGroupInfo): Float64Array {
  for (let row = 0; row < timesNs.length; row++) {
    const timeNs = timesNs[row]!;
    if (timeNs < minTimeNs || timeNs > maxTimeNs)
      throw new CorruptionError(`row ${row} lies outside of the time range`);
  }
  return timesNs;
}

/** The header's row counts and the template codes must agree. */
function assertParts(column: ColumnInfo, templateStarts: Int32Array): void {
  for (const [i, { template, firstValue }] of column.parts.entries()) {
    const end = column.parts[i + 1]?.firstValue ?? column.count;
    if (end - firstValue !== templateStarts[template + 1]! - templateStarts[template]!) {
      throw new CorruptionError(`template ${template} has another number of rows than its values`);
    }
  }
}

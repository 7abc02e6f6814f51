/**
 * Reads row groups: the header at once, columns and lines on demand. The layout is in FORMAT.md; the writer is
 * writer.ts.
 */
import { ByteReader } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { buildLines, type LinesOptions } from './build-lines.ts';
import type { ByteStrings } from '../byte-strings.ts';
import type { ColumnValues, CutTexts } from './encodings/column-values.ts';
import { arePagesKept, arePickedCopied, canBePicked, decodeColumn, memoryBytesOf, pickColumn } from './column.ts';
import {
  type DecodedCache,
  PART_DISTANCES,
  PART_FLAGS,
  PART_ORDER,
  PART_RANKS,
  PART_RUNS,
  PART_STREAMS,
  PART_TEMPLATES,
  PART_TIES,
  PART_TIMES,
} from './decoded-cache.ts';
import { assertParts, validCodes, validTies, validTimes } from './decoded-checks.ts';
import { type DecodedSize, decodedSizeOf } from './decoded-size.ts';
import { type CountedTexts, decodeCodes, decodeCountedTexts } from './encodings/dictionary.ts';
import { areTextsHere, decodeDistinctTexts, decodeTextsHere } from './encodings/distinct-texts.ts';
import {
  decodeIntegers,
  decodeSmallIntegers,
  findIntegers,
  passingSmallIntegers,
  pickIntegers,
  type SmallCodes,
  visitIntegers,
} from './encodings/integer.ts';
import { findUuids } from './encodings/uuid-search.ts';
import { decodeTimestampDistances, type TimestampDistances } from './encodings/timestamp.ts';
import { GroupPages } from './group-pages.ts';
import {
  type ByteSource,
  type ColumnInfo,
  type Header,
  type LabelSets,
  memorySource,
  readHeader,
  type RowGroupInfo,
  type StoredChunk,
} from './header.ts';
import { headerMemoryBytes } from './header-size.ts';
import { ENCODING_DICTIONARY, ENCODING_PATTERN, RAW_BYTES_MAX } from './format.ts';
import { type CutLines, LineSink } from './line-sink.ts';
import { NO_RUN, type Run } from './runs.ts';
import { decodedInto, takeFloat64s, takeUint16s } from './pages/part-memory.ts';
import type { Template } from './template.ts';
import type { Ties } from './ties.ts';
import { rowsByTemplate, rowsOfRanks, type TemplateOrder } from './template-order.ts';
import { ranksByRow, ranksOfValues, rowsOfColumn, rowsOfTemplate, rowsOfValues } from './value-rows.ts';
import { verifyPages } from './verify.ts';

/** Lines are built from picked values when at most one row in this many is wanted. */
const FEW_ROWS_FACTOR = 16;

/**
 * Lines that are built at once, and their bytes: a line may have a megabyte, and thousands of them may have nearly
 * none.
 */
const LINES_IN_TURN = 8192;
const LINE_BYTES_IN_TURN = 4 * 1024 * 1024;

const NO_COLUMNS: readonly number[] = [];

/** A decoded header over encoded columns. */
export class RowGroup {
  readonly info: RowGroupInfo;
  readonly templates: readonly Template[];
  /** By template. */
  readonly templateRowCounts: readonly number[];
  readonly columns: readonly ColumnInfo[];
  /** columnsOfTemplate[t][s]: the column of slot s of template t. */
  readonly columnsOfTemplate: readonly (readonly number[])[];
  /** The same without those of metadata, which are no part of lines. */
  readonly lineColumnsOfTemplate: readonly (readonly number[])[];
  /** The runs that it has rows of; none where that is not known. */
  readonly runs: readonly Run[];

  readonly #source: ByteSource;
  readonly #header: Header;
  readonly #pages: GroupPages;
  readonly #cache: DecodedCache;
  #columnsOfField: ReadonlyMap<string, readonly number[]> | undefined;

  /**
   * @param bytes  the whole group, which must not change; or its source
   * @param cache  by default everything decoded is kept as long as this object
   * @param labelSets  by default its labels are its own
   * @throws CorruptionError
   */
  constructor(bytes: Uint8Array | ByteSource, cache: DecodedCache = new Map(), labelSets?: LabelSets) {
    this.#source = bytes instanceof Uint8Array ? memorySource(bytes) : bytes;
    this.#cache = cache;
    this.#header = readHeader(this.#source, labelSets);
    this.#pages = new GroupPages(this.#source, this.#header);
    this.info = this.#header.info;
    this.templates = this.#header.templates;
    this.templateRowCounts = this.#header.templateRowCounts;
    this.columns = this.#header.columns;
    this.columnsOfTemplate = this.#header.columnsOfTemplate;
    this.lineColumnsOfTemplate = this.#header.lineColumnsOfTemplate;
    this.runs = this.#header.runs?.runs ?? [];
  }

  /** Whether lines have values that are no part of their text. */
  get hasMetadata(): boolean {
    return this.lineColumnsOfTemplate !== this.columnsOfTemplate;
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
    verifyPages(this.#header, this.#source);
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
    visitIntegers(new ByteReader(parameters), this.#pages.of(pages, true), this.info.rowCount, checked);
  }

  /** Does the same for some rows, which ascend: without decoding the others when they are few. */
  timesAt(rows: ArrayLike<number>): Float64Array {
    if (!this.areFew(rows.length) || this.#cache.get(PART_TIMES) !== undefined) {
      const timesNs = this.timesNs();
      const times = new Float64Array(rows.length);
      for (let i = 0; i < times.length; i++) times[i] = timesNs[rows[i]!]!;
      return times;
    }
    const { parameters, pages } = this.#header.system[0]!;
    const { values } = pickIntegers(new ByteReader(parameters), this.#pages.of(pages, true), this.info.rowCount, rows);
    return validTimes(values instanceof Float64Array ? values : new Float64Array(values), this.info);
  }

  /** By row: NO_RUN, or 1 + an index into runs. */
  runCodes(): Uint16Array {
    return this.kept(PART_RUNS, () => {
      const { runs } = this.#header;
      const codes = takeUint16s(this.info.rowCount);
      if (runs === undefined) return codes.fill(NO_RUN);
      return validCodes(this.#decodeSmall(runs.codes, codes), runs.runs.length + 1, 'run');
    });
  }

  /** Index into info.streams, by row. */
  streamCodes(): Uint16Array {
    return this.kept(PART_STREAMS, () => {
      const codes = this.#smallIntegers(1, takeUint16s(this.info.rowCount));
      return validCodes(codes, this.info.streams.length, 'stream');
    });
  }

  /** The same for some rows, which ascend: without decoding the others when they are few. */
  streamCodesAt(rows: ArrayLike<number>): Uint16Array {
    if (!this.areFew(rows.length) || this.#cache.get(PART_STREAMS) !== undefined) {
      const codes = this.streamCodes();
      return Uint16Array.from(rows, (row) => codes[row]!);
    }
    const { parameters, pages } = this.#header.system[1]!;
    const { values } = pickIntegers(new ByteReader(parameters), this.#pages.of(pages, true), this.info.rowCount, rows);
    const { length } = this.info.streams;
    if (values.some((code) => code < 0 || code >= length))
      throw new CorruptionError(`a row has no stream of ${length}`);
    return Uint16Array.from(values);
  }

  /** Index into templates, by row. */
  templateCodes(): Uint16Array {
    return this.kept(PART_TEMPLATES, () => {
      const codes = this.#smallIntegers(2, takeUint16s(this.info.rowCount));
      return validCodes(codes, this.templates.length, 'template');
    });
  }

  /** The same for who needs them once, before anything else is read of a row group. */
  passingTemplateCodes(): SmallCodes {
    const known = this.#cache.get(PART_TEMPLATES);
    if (known !== undefined) return known as Uint16Array;
    const { parameters, pages } = this.#header.system[2]!;
    const codes = passingSmallIntegers(new ByteReader(parameters), this.#pages.of(pages, true), this.info.rowCount);
    return validCodes(codes, this.templates.length, 'template');
  }

  /** FLAG_… bits, by row. */
  flags(): Uint8Array {
    return this.kept(PART_FLAGS, () => this.#smallIntegers(3, new Uint8Array(this.info.rowCount)));
  }

  /** The same for some rows, which ascend: without decoding the others when they are few. */
  flagsAt(rows: ArrayLike<number>): Uint8Array {
    if (!this.areFew(rows.length) || this.#cache.get(PART_FLAGS) !== undefined) {
      const flags = this.flags();
      return Uint8Array.from(rows, (row) => flags[row]!);
    }
    const { parameters, pages } = this.#header.system[3]!;
    const { values } = pickIntegers(new ByteReader(parameters), this.#pages.of(pages, true), this.info.rowCount, rows);
    if (values.some((flags) => flags < 0 || flags > 0xff)) throw new CorruptionError('flags are out of range');
    return Uint8Array.from(values);
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
    return this.#byField().get(field) ?? NO_COLUMNS;
  }

  /** Returns the fields that have columns. */
  fields(): Iterable<string> {
    return this.#byField().keys();
  }

  #byField(): ReadonlyMap<string, readonly number[]> {
    return (this.#columnsOfField ??= Map.groupBy(this.columns.keys(), (column) => this.columns[column]!.slot.field));
  }

  /** Row → its index among the rows of its template: value `firstValue + rank` of each of the template's columns. */
  ranks(): Int32Array {
    return this.kept(PART_RANKS, () => ranksByRow(this.order()));
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
        const pages = this.#pages.of(this.#header.pages[column]!, !arePagesKept(info.chunk));
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
    return decodeDistinctTexts(new ByteReader(chunk.parameters), this.#pages.of(this.#header.pages[column]!));
  }

  /**
   * Returns the patterns of texts with numbers, and the pattern of each value, without the numbers: valid until another page is
   * read. Only of columns of such texts.
   * @throws CorruptionError
   */
  passingPatterns(column: number): Pick<CutTexts, 'patterns' | 'codes'> {
    const known = this.#cache.get(column) as ColumnValues | undefined;
    if (known?.kind === 'pattern') return known;
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages.of(this.#header.pages[column]!);
    const patterns = decodeDistinctTexts(new ByteReader(chunk.parameters), pages);
    return { patterns, codes: decodeCodes(pages, count, patterns.offsets.length - 1, true) };
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
    return decodeCountedTexts(new ByteReader(chunk.parameters), this.#pages.of(this.#header.pages[column]!), count);
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
        const pages = this.#pages.of(this.#header.pages[column]!, true);
        return decodeTimestampDistances(new ByteReader(chunk.parameters), pages, count);
      },
      ({ distances }) => distances.byteLength,
    );
  }

  /** Returns the rows of a template, ascending. */
  rowsOfTemplate(template: number): Int32Array {
    return rowsOfTemplate(this.order(), template);
  }

  /** Returns the rows of a column's values, in the order of the values. */
  valueRows(column: ColumnInfo): Int32Array {
    return rowsOfColumn(this.order(), column);
  }

  /**
   * Returns the rows of some values of a column, ascending.
   * @param indices  of values, ascending
   */
  rowsOf(column: ColumnInfo, indices: ArrayLike<number>): Int32Array {
    if (indices.length === 0) return new Int32Array(0);
    if (!this.areFew(indices.length) || this.#cache.get(PART_ORDER) !== undefined) {
      return rowsOfValues(this.order(), column, indices);
    }
    return rowsOfRanks(this.templateCodes(), this.templates.length, ranksOfValues(column, indices));
  }

  /**
   * Returns the lines of some rows, end to end. Decodes the columns that these rows use, or parts of them.
   * @param withNewlines  whether each line ends with a newline
   */
  lines(rows: ArrayLike<number>, options: LinesOptions = {}, withNewlines = false): ByteStrings {
    const sink = new LineSink(rows.length, options.bytesMax ?? RAW_BYTES_MAX, { withNewlines });
    buildLines(this, rows, options, sink);
    return sink.finish();
  }

  /** Does the same, and returns where the values of each line are. @param values  which of them */
  cutLines(rows: ArrayLike<number>, options: LinesOptions = {}, values: 'metadata' | 'all' = 'all'): CutLines {
    const sink = new LineSink(rows.length, options.bytesMax ?? RAW_BYTES_MAX, { values });
    buildLines(this, rows, options, sink);
    return sink.finishCut();
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
    const pages = this.#pages.of(this.#header.pages[column]!, true);
    findIntegers(new ByteReader(chunk.parameters), pages, count, wanted, onFound);
  }

  /**
   * Does the same for a column of UUIDs, of 16 bytes each.
   * @throws CorruptionError
   */
  findUuids(column: number, wanted: readonly Uint8Array[], onFound: (index: number) => void): void {
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages.of(this.#header.pages[column]!, true);
    findUuids(new ByteReader(chunk.parameters), pages, count, wanted, onFound);
  }

  /** Whether so few rows are wanted that it is quicker to pick their values than to decode all. */
  areFew(rows: number): boolean {
    return rows * FEW_ROWS_FACTOR <= this.info.rowCount;
  }

  /** Whether some values of a column take less work than all of them. */
  canPick(column: number): boolean {
    return canBePicked(this.columns[column]!.chunk) && this.#cache.get(column) === undefined;
  }

  /**
   * Returns some values of a column that can be picked.
   * @param indices  of values, ascending
   * @param timesNs  returns the times of their rows
   * @throws CorruptionError
   */
  pickedValues(column: number, indices: Int32Array, timesNs: () => Float64Array): ColumnValues {
    const { chunk, count } = this.columns[column]!;
    const pages = this.#pages.of(this.#header.pages[column]!, arePickedCopied(chunk));
    return pickColumn(chunk, pages, count, indices, { baseDay: this.info.baseDay, timesNs });
  }

  #numbers({ parameters, pages }: StoredChunk, count: number): Float64Array {
    const { values } = decodeIntegers(new ByteReader(parameters), this.#pages.of(pages, true), count);
    if (values instanceof Float64Array) return values;
    const numbers = takeFloat64s(count);
    numbers.set(values);
    return numbers;
  }

  #smallIntegers<T extends Uint8Array | Uint16Array>(chunk: number, out: T): T {
    return this.#decodeSmall(this.#header.system[chunk]!, out);
  }

  #decodeSmall<T extends Uint8Array | Uint16Array>({ parameters, pages }: StoredChunk, out: T): T {
    return decodeSmallIntegers(new ByteReader(parameters), this.#pages.of(pages, true), out);
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
    const decoded = decodedInto(this.#cache.memoryFor?.(part), decode);
    this.#cache.set(part, decoded, memoryBytes(decoded));
    return decoded;
  }
}

function byteLengthOf(decoded: object): number {
  return ArrayBuffer.isView(decoded) ? decoded.byteLength : 0;
}

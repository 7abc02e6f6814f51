/**
 * Merges the chunks of one column from many row groups into one chunk, in the row order of the result.
 *
 * Where all sources hold the same sort of values, these are moved unchanged: numbers stay numbers, UUIDs stay bits,
 * dictionaries are joined and their codes translated. Otherwise values are formatted as text and encoded again, which
 * is always right and merely slower.
 *
 * Values move in runs: each inner loop reads one array and writes one.
 */
import type { ByteWriter } from '../bytes.ts';
import { CorruptionError } from '../errors.ts';
import { refsOf } from '../byte-strings.ts';
import type { ByteStrings, ValueRefs } from '../byte-strings.ts';
import type { ColumnValues, CutTexts, IntegerArray } from './encodings/column-values.ts';
import {
  type ColumnEncoder,
  encodeColumn,
  firstValueOf,
  valueSizeMax,
  writeColumnHeader,
  writeValue,
} from './column.ts';
import type { Encoded, RowTimes } from './encodings/encoding.ts';
import { encodeDecimals, writtenDecimals } from './encodings/decimal.ts';
import { encodeDictionary } from './encodings/dictionary.ts';
import { encodeHex } from './encodings/hex.ts';
import { encodeIntegers, parseIntegers } from './encodings/integer.ts';
import { encodePatterns, placesOf } from './encodings/pattern.ts';
import { withCodes } from './encodings/pattern-cutter.ts';
import type { PatternCutter } from './encodings/pattern-cutter.ts';
import { areNearTimestamps, encodeTimestamps } from './encodings/timestamp.ts';
import type { TimestampDistances } from './encodings/timestamp.ts';
import { encodeUuids, parseUuids, unpackUuid } from './encodings/uuid.ts';
import { encodeRepeatingUuids, withoutPlaces } from './encodings/uuid-repeats.ts';
import { packUuids, pairOf, setPair, UUID_BYTES, UUID_PACKED_BYTES, VERSION_MIXED } from './encodings/uuid-short.ts';
import {
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_HEX,
  ENCODING_INTEGER,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
  RAW_BYTES_MAX,
} from './format.ts';
import { JoinedDictionary } from './encodings/joined-dictionary.ts';
import type { MergeSource } from './merge-source.ts';
import type { PageWriter } from './pages/page.ts';
import type { ColumnPlan } from './writer.ts';

/** The rows of the result in template order, as runs of rows that follow each other in the template order of a source. */
export interface SourceRuns {
  readonly sources: readonly MergeSource[];
  /** Template of the result → the template of the same rows in the source. */
  readonly sourceTemplate: (source: number, template: number) => number;
  /** Runs of template t of the result are [templateRunStarts[t], templateRunStarts[t + 1]). */
  readonly templateRunStarts: Uint32Array;
  /** By run: its source, the rank of its first row among the rows of its template there, and its rows. */
  readonly sourceOf: Uint32Array;
  readonly rankOf: Int32Array;
  readonly lengthOf: Uint32Array;
}

/** The destination of a chunk's encoder. */
export interface ChunkTarget {
  readonly encoder: ColumnEncoder;
  readonly header: ByteWriter;
  readonly parameters: ByteWriter;
  readonly pages: PageWriter;
}

/** A column of a source group. */
interface SourceColumn {
  readonly source: MergeSource;
  readonly column: number;
}

/** The values of a merged column in order: run r is values [startOf[r], startOf[r] + lengthOf[r]) of chunk chunkOf[r]. */
interface ValueRuns {
  readonly columns: readonly SourceColumn[];
  readonly chunkOf: Uint32Array;
  readonly startOf: Uint32Array;
  readonly lengthOf: Uint32Array;
  readonly runCount: number;
  readonly count: number;
}

/** Owns the buffers for merging one column after the other. */
export class ColumnMerger {
  /** Buffers of the rows' runs: filled by the caller before the columns are merged. */
  readonly runBuffers: Pick<SourceRuns, 'sourceOf' | 'rankOf' | 'lengthOf'>;
  readonly #dictionary = new JoinedDictionary();
  readonly #chunkOf: Uint32Array;
  readonly #startOf: Uint32Array;
  readonly #lengthOf: Uint32Array;

  constructor(rowsMax: number) {
    this.runBuffers = {
      sourceOf: new Uint32Array(rowsMax),
      rankOf: new Int32Array(rowsMax),
      lengthOf: new Uint32Array(rowsMax),
    };
    this.#chunkOf = new Uint32Array(rowsMax);
    this.#startOf = new Uint32Array(rowsMax);
    this.#lengthOf = new Uint32Array(rowsMax);
  }

  /** Writes the merged chunk's header fields and pages. */
  merge(rows: SourceRuns, column: ColumnPlan, times: RowTimes, target: ChunkTarget): void {
    const runs = this.#valueRuns(rows, column);
    const { encoder, header, parameters, pages } = target;
    parameters.reset();
    const moved = this.#move(runs, target);
    if (moved === undefined) {
      encodeColumn(writtenOut(runs), column.slot.kind, times, encoder, header, parameters, pages);
    } else {
      writeColumnHeader(header, moved.encoding, parameters, moved.texts);
    }
  }

  /**
   * Returns undefined when the values cannot be moved unchanged; only parameters and scratch memory were written then.
   */
  #move(runs: ValueRuns, target: ChunkTarget): Encoded | undefined {
    if (runs.columns.every(isTimestamps)) return moveTimestamps(runs, target);
    const chunks = runs.columns.map(({ source, column }) => source.group.values(column));
    const kinds = new Set(chunks.map((chunk) => chunk.kind));
    if (kinds.has('raw') || kinds.has('timestamp')) return undefined;
    if (kinds.has('pattern')) return movePatterns(runs, chunks, this.#dictionary, target);
    if (kinds.has('uuid')) return moveUuids(runs, chunks, target);
    if (kinds.has('hex')) return moveHex(runs, chunks, target);
    if (kinds.has('decimal')) return moveDecimals(runs, chunks, target);
    if (kinds.has('integer')) return moveIntegers(runs, chunks, target);
    if (kinds.has('dictionary')) return moveDictionary(runs, chunks, this.#dictionary, target);
    return undefined;
  }

  /** Finds the values of a column in its sources. */
  #valueRuns(rows: SourceRuns, { parts, count }: ColumnPlan): ValueRuns {
    const columns: SourceColumn[] = [];
    /** By source: the index of its column in `columns` that was used last. */
    const chunkOfSource = new Int32Array(rows.sources.length).fill(-1);
    /** By source: the index of the first value of the part's template, or −1 when it is not known yet. */
    const firstOfSource = new Int32Array(rows.sources.length);
    let runCount = 0;
    for (const { template, slotIndex } of parts) {
      firstOfSource.fill(-1);
      const end = rows.templateRunStarts[template + 1]!;
      for (let run = rows.templateRunStarts[template]!; run < end; run++, runCount++) {
        const s = rows.sourceOf[run]!;
        if (firstOfSource[s]! < 0) {
          const source = rows.sources[s]!;
          const theirs = rows.sourceTemplate(s, template);
          const column = source.group.columnsOfTemplate[theirs]![slotIndex]!;
          firstOfSource[s] = firstValueOf(source.group.columns[column]!, theirs);
          if (columns[chunkOfSource[s]!]?.column !== column) chunkOfSource[s] = columns.push({ source, column }) - 1;
        }
        this.#chunkOf[runCount] = chunkOfSource[s]!;
        this.#startOf[runCount] = firstOfSource[s]! + rows.rankOf[run]!;
        this.#lengthOf[runCount] = rows.lengthOf[run]!;
      }
    }
    return { columns, chunkOf: this.#chunkOf, startOf: this.#startOf, lengthOf: this.#lengthOf, runCount, count };
  }
}

function isTimestamps({ source, column }: SourceColumn): boolean {
  return source.group.columns[column]!.chunk.encoding === ENCODING_TIMESTAMP;
}

function moveIntegers(runs: ValueRuns, chunks: readonly ColumnValues[], target: ChunkTarget): Encoded | undefined {
  const columns = allOrNone(chunks, integersOf);
  if (columns === undefined) return undefined;
  const numbers = target.encoder.numbers(runs.count);
  copyNumbers(runs, columns, numbers);
  encodeIntegers(numbers, runs.count, target.parameters, target.pages);
  return { encoding: ENCODING_INTEGER };
}

function moveDecimals(runs: ValueRuns, chunks: readonly ColumnValues[], target: ChunkTarget): Encoded | undefined {
  const decimals = allOrNone(chunks, decimalsOf);
  if (decimals === undefined) return undefined;
  const numbers = target.encoder.numbers(runs.count);
  copyNumbers(
    runs,
    decimals.map(({ mantissas }) => mantissas),
    numbers,
  );
  const scales = target.encoder.small(runs.count);
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const own = decimals[runs.chunkOf[run]!]!.scales;
    const length = runs.lengthOf[run]!;
    if (own !== undefined) copyBytes(own, runs.startOf[run]!, length, scales, at);
    else scales.fill(0, at, at + length);
    at += length;
  }
  encodeDecimals(numbers, scales, runs.count, target.parameters, target.pages);
  return { encoding: ENCODING_DECIMAL };
}

/** As they are written; integers have nothing behind a point. */
function decimalsOf(chunk: ColumnValues): { mantissas: IntegerArray; scales: Uint8Array | undefined } | undefined {
  if (chunk.kind === 'decimal') return writtenDecimals(chunk);
  const mantissas = integersOf(chunk);
  return mantissas && { mantissas, scales: undefined };
}

function moveTimestamps(runs: ValueRuns, target: ChunkTarget): Encoded | undefined {
  // A row keeps its time, and the base day moves by whole days, so a timestamp's distance from its row stays the same.
  const columns = runs.columns.map(({ source, column }) => source.group.timestampDistances(column));
  const { form } = columns[0]!;
  if (!columns.every((column) => sameForm(column, columns[0]!))) return undefined;
  const numbers = target.encoder.numbers(runs.count);
  copyNumbers(
    runs,
    columns.map(({ distances }) => distances),
    numbers,
  );
  if (!areNearTimestamps(form, numbers, runs.count)) return undefined;
  encodeTimestamps(form, numbers, runs.count, target.parameters, target.pages);
  return { encoding: ENCODING_TIMESTAMP };
}

function moveUuids(runs: ValueRuns, chunks: readonly ColumnValues[], target: ChunkTarget): Encoded | undefined {
  if (!movePackedUuids(runs, chunks, target)) {
    const columns = allOrNone(chunks, uuidsOf);
    if (columns === undefined) return undefined;
    const { parameters, pages } = target;
    const uuids = pages.scratch(runs.count * UUID_BYTES);
    copyFixed(runs, columns, UUID_BYTES, uuids);
    const short = packUuids(uuids, runs.count, pages);
    if (short === undefined) encodeUuids(uuids, runs.count, parameters, pages);
    else encodeRepeatingUuids(short, parameters, pages);
  }
  return { encoding: ENCODING_UUID };
}

/** @returns false when not all are in the short form, with one version */
function movePackedUuids(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  { parameters, pages }: ChunkTarget,
): boolean {
  const first = chunks[0]!;
  if (first.kind !== 'uuid' || first.version === VERSION_MIXED) return false;
  const columns = allOrNone(chunks, (chunk) =>
    chunk.kind === 'uuid' && chunk.version === first.version ? withoutPlaces(chunk) : undefined,
  );
  if (columns === undefined) return false;
  const packed = pages.scratch(runs.count * UUID_PACKED_BYTES);
  copyFixed(
    runs,
    columns.map((column) => column.packed),
    UUID_PACKED_BYTES,
    packed,
  );
  const pairs = pages.scratch((runs.count + 3) >> 2).fill(0);
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!.pairs;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++, at++) {
      setPair(pairs, at, pairOf(from, i));
    }
  }
  const { version } = first;
  encodeRepeatingUuids({ count: runs.count, version, packed, pairs, places: undefined }, parameters, pages);
  return true;
}

function moveHex(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  { parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const first = chunks[0]!;
  if (first.kind !== 'hex') return undefined;
  const { width } = first;
  const columns = allOrNone(chunks, (chunk) =>
    chunk.kind === 'hex' && chunk.width === width ? chunk.bytes : undefined,
  );
  if (columns === undefined) return undefined;
  const bytes = pages.scratch(runs.count * width);
  copyFixed(runs, columns, width, bytes);
  encodeHex({ width, bytes }, parameters, pages);
  return { encoding: ENCODING_HEX };
}

/** Only constants and dictionaries. */
function moveDictionary(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  joined: JoinedDictionary,
  { encoder, parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const dictionaries = chunks.map((chunk) => ({
    strings: textsOf(chunk),
    codes: chunk.kind === 'dictionary' ? chunk.codes : undefined,
  }));
  const codes = joinCodes(runs, dictionaries, joined);
  if (codes === undefined || joined.count === 1) return undefined;
  const texts = refsOf(joined.strings());
  const cut = encoder.cutter.cutRepeated(texts, codes);
  if (cut !== undefined) return encodePatterns(cut, parameters, pages);
  encodeDictionary(texts, codes, parameters, pages);
  return { encoding: ENCODING_DICTIONARY, texts };
}

/** Only for constants, dictionaries and patterns: patterns are joined like dictionaries, and numbers stay numbers. */
function movePatterns(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  joined: JoinedDictionary,
  { encoder, parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const columns = allOrNone(chunks, (chunk) => cutTextsOf(chunk, encoder.cutter));
  if (columns === undefined) return undefined;
  const dictionaries = columns.map(({ patterns, codes }) => ({ strings: patterns, codes }));
  const codes = joinCodes(runs, dictionaries, joined);
  if (codes === undefined) return undefined;
  const patterns = joined.strings();
  const { firsts, numbers } = copyCutNumbers(runs, columns, codes, placesOf(patterns));
  if (numbers.length > 0) {
    const strides = new Uint32Array(joined.count).fill(1);
    return encodePatterns({ patterns, codes, firsts, strides, numbers }, parameters, pages);
  }
  // Patterns without numbers are the texts themselves.
  const texts = refsOf(patterns);
  if (texts.count === 1) return undefined;
  encodeDictionary(texts, codes, parameters, pages);
  return { encoding: ENCODING_DICTIONARY, texts };
}

/**
 * Returns the codes of all values in a dictionary that is joined from those of the chunks; undefined when it is too
 * large.
 */
function joinCodes(
  runs: ValueRuns,
  dictionaries: readonly { readonly strings: ByteStrings; readonly codes: ArrayLike<number> | undefined }[],
  joined: JoinedDictionary,
): Uint16Array | undefined {
  // Only values that the result uses may enter its dictionary, so codes are translated as they come.
  const translations = dictionaries.map(({ strings }) => new Int32Array(strings.offsets.length - 1).fill(-1));
  joined.clear();
  const codes = new Uint16Array(runs.count);
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const c = runs.chunkOf[run]!;
    const { strings, codes: from } = dictionaries[c]!;
    const translated = translations[c]!;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++) {
      const theirs = from === undefined ? 0 : from[i]!;
      let code = translated[theirs]!;
      if (code < 0) {
        code = joined.add(strings, theirs);
        if (code < 0) return undefined;
        translated[theirs] = code;
      }
      codes[at++] = code;
    }
  }
  return codes;
}

/** Copies the numbers of all values, one value after the other. */
function copyCutNumbers(
  runs: ValueRuns,
  columns: readonly CutTexts[],
  codes: Uint16Array,
  places: Uint32Array,
): { firsts: Uint32Array; numbers: Float64Array } {
  const firsts = new Uint32Array(runs.count);
  let total = 0;
  for (let i = 0; i < firsts.length; i++) {
    firsts[i] = total;
    total += places[codes[i]!]!;
  }
  const numbers = new Float64Array(total);
  for (let run = 0, value = 0, to = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++, value++) {
      const stride = from.strides[from.codes[i]!]!;
      let at = from.firsts[i]!;
      for (let place = places[codes[value]!]!; place > 0; place--, at += stride) numbers[to++] = from.numbers[at]!;
    }
  }
  return { firsts, numbers };
}

/** Returns a chunk as patterns; undefined when it is neither that nor a few texts that can be cut. */
function cutTextsOf(chunk: ColumnValues, cutter: PatternCutter): CutTexts | undefined {
  if (chunk.kind === 'pattern') return chunk;
  const cut = distinctOf(chunk, (texts) => cutter.cutAny(texts));
  if (cut === undefined) return undefined;
  const { values, codes, count } = cut;
  return withCodes(values, codes ?? new Uint8Array(count));
}

/**
 * Returns all values as text, in order, in memory of their own.
 * @throws CorruptionError when they are too large for a page
 */
function writtenOut({ columns, chunkOf, startOf, lengthOf, runCount, count }: ValueRuns): ValueRefs {
  const chunks = columns.map(({ source, column }) => source.group.values(column));
  let sizeBytes = 0;
  for (let run = 0; run < runCount; run++) {
    const chunk = chunks[chunkOf[run]!]!;
    for (let i = startOf[run]!, end = i + lengthOf[run]!; i < end; i++) sizeBytes += valueSizeMax(chunk, i);
  }
  const isLarge = sizeBytes > RAW_BYTES_MAX;
  const bytes = Buffer.allocUnsafe(isLarge ? RAW_BYTES_MAX : sizeBytes);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let value = 0;
  let at = 0;
  for (let run = 0; run < runCount; run++) {
    const chunk = chunks[chunkOf[run]!]!;
    for (let i = startOf[run]!, end = i + lengthOf[run]!; i < end; i++, value++) {
      if (isLarge && at + valueSizeMax(chunk, i) > RAW_BYTES_MAX) {
        throw new CorruptionError(`values of more than ${RAW_BYTES_MAX} bytes in one column`);
      }
      starts[value] = at;
      at = writeValue(chunk, i, bytes, at);
      ends[value] = at;
    }
  }
  return { bytes, starts, ends, count };
}

/** Below this many values a loop is faster than the call of a copying function. */
const SET_VALUES_MIN = 24;

function copyNumbers(runs: ValueRuns, columns: readonly IntegerArray[], out: Float64Array): void {
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!;
    let i = runs.startOf[run]!;
    const end = i + runs.lengthOf[run]!;
    if (from instanceof Int32Array) while (i < end) out[at++] = from[i++]!;
    else while (i < end) out[at++] = from[i++]!;
  }
}

/** Values of `width` bytes each. */
function copyFixed(runs: ValueRuns, columns: readonly Uint8Array[], width: number, out: Uint8Array): void {
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const sizeBytes = runs.lengthOf[run]! * width;
    copyBytes(columns[runs.chunkOf[run]!]!, runs.startOf[run]! * width, sizeBytes, out, at);
    at += sizeBytes;
  }
}

function copyBytes(from: Uint8Array, start: number, sizeBytes: number, out: Uint8Array, at: number): void {
  if (sizeBytes >= SET_VALUES_MIN) out.set(from.subarray(start, start + sizeBytes), at);
  else for (let k = 0; k < sizeBytes; k++) out[at + k] = from[start + k]!;
}

/** Applies `read` to each chunk; undefined when it fails for one of them. */
function allOrNone<T>(chunks: readonly ColumnValues[], read: (chunk: ColumnValues) => T | undefined): T[] | undefined {
  const all: T[] = [];
  for (const chunk of chunks) {
    const one = read(chunk);
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
}

/** Returns a chunk's values as integers, if each is one. */
function integersOf(chunk: ColumnValues): IntegerArray | undefined {
  if (chunk.kind === 'integer') return chunk.values;
  const parsed = distinctOf(chunk, (texts) => {
    const numbers = new Float64Array(texts.count);
    return parseIntegers(texts, numbers) ? numbers : undefined;
  });
  if (parsed === undefined) return undefined;
  const { values, codes, count } = parsed;
  const numbers = new Float64Array(count);
  if (codes === undefined) return numbers.fill(values[0]!);
  for (let i = 0; i < count; i++) numbers[i] = values[codes[i]!]!;
  return numbers;
}

/** Returns a chunk's values as UUIDs of 16 bytes, if each is one. */
function uuidsOf(chunk: ColumnValues): Uint8Array | undefined {
  if (chunk.kind === 'uuid') {
    const uuids = new Uint8Array(chunk.count * UUID_BYTES);
    for (let i = 0; i < chunk.count; i++) unpackUuid(chunk, i, uuids, i * UUID_BYTES);
    return uuids;
  }
  const parsed = distinctOf(chunk, (texts) => {
    const uuids = new Uint8Array(texts.count * UUID_BYTES);
    return parseUuids(texts, uuids) ? uuids : undefined;
  });
  if (parsed === undefined) return undefined;
  const { values, codes, count } = parsed;
  const uuids = new Uint8Array(count * UUID_BYTES);
  for (let i = 0; i < count; i++) copyBytes(values, (codes?.[i] ?? 0) * UUID_BYTES, UUID_BYTES, uuids, i * UUID_BYTES);
  return uuids;
}

/** Applies `parse` to the distinct values of a constant or dictionary; undefined for other chunks or when it fails. */
function distinctOf<T>(
  chunk: ColumnValues,
  parse: (texts: ValueRefs) => T | undefined,
): { values: T; codes: ArrayLike<number> | undefined; count: number } | undefined {
  if (chunk.kind !== 'constant' && chunk.kind !== 'dictionary') return undefined;
  const values = parse(refsOf(textsOf(chunk)));
  if (values === undefined) return undefined;
  if (chunk.kind === 'constant') return { values, codes: undefined, count: chunk.count };
  return { values, codes: chunk.codes, count: chunk.codes.length };
}

/** Returns the distinct values of a constant or a dictionary. */
function textsOf(chunk: ColumnValues): ByteStrings {
  if (chunk.kind === 'dictionary') return chunk.values;
  if (chunk.kind === 'constant') return { bytes: chunk.value, offsets: Uint32Array.of(0, chunk.value.length) };
  throw new RangeError(`BUG: a ${chunk.kind} chunk has no distinct values`);
}

function sameForm(a: TimestampDistances, b: TimestampDistances): boolean {
  return (
    a.form.separator === b.form.separator &&
    a.form.fractionDigits === b.form.fractionDigits &&
    a.form.zone.equals(b.form.zone)
  );
}

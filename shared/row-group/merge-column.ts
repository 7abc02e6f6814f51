/**
 * Merges the chunks of one column from many row groups into one chunk, in the row order of the result.
 *
 * Where all sources hold the same sort of values, these are moved as they are: numbers stay numbers, UUIDs stay bits,
 * dictionaries are joined and their codes translated. Where they do not, values are written out as text and encoded
 * anew, which is always right and merely slower.
 */
import type { ByteWriter } from '../bytes.ts';
import { hashBytes, refsOf, sameBytes } from './byte-strings.ts';
import type { ByteStrings, ValueRefs } from './byte-strings.ts';
import { ColumnEncoder, encodeColumn, valueSizeMax, writeColumnHeader, writeValue } from './column.ts';
import type { ColumnValues, RowTimes } from './column.ts';
import { encodeDecimals } from './encodings/decimal.ts';
import { encodeCodes, encodeDictionaryValues } from './encodings/dictionary.ts';
import { encodeHex } from './encodings/hex.ts';
import { encodeIntegers, parseIntegers } from './encodings/integer.ts';
import type { IntegerArray } from './encodings/integer.ts';
import { encodeTimestamps, toDistances } from './encodings/timestamp.ts';
import type { Timestamps } from './encodings/timestamp.ts';
import { encodeUuids, parseUuids, unpackUuid, UUID_BYTES } from './encodings/uuid.ts';
import {
  DICTIONARY_VALUES_MAX,
  ENCODING_DECIMAL,
  ENCODING_DICTIONARY,
  ENCODING_HEX,
  ENCODING_INTEGER,
  ENCODING_TIMESTAMP,
  ENCODING_UUID,
} from './format.ts';
import type { PageWriter } from './page.ts';
import { firstValueOf } from './reader.ts';
import type { RowGroup } from './reader.ts';
import { slotKey } from './template.ts';
import type { ColumnPlan, GroupPlan } from './writer.ts';

/** Where the rows of the result come from. */
export interface Sources {
  readonly groups: readonly RowGroup[];
  /** By row of the result: the group, and the row's rank among the rows of its template there. */
  readonly groupOf: Uint32Array;
  readonly rankOf: Uint32Array;
  /** Template of a group → template of the result, or −1 when the result has no row of it. */
  readonly localTemplateOf: (group: number, template: number) => number;
}

/** The values of the merged column, in its order: value i is value indexOf[i] of chunk sourceOf[i]. */
interface Gathered {
  readonly chunks: readonly ColumnValues[];
  readonly sourceOf: Uint32Array;
  readonly indexOf: Uint32Array;
  readonly count: number;
}

/** Writes the merged chunk's header fields and pages. */
export function mergeColumn(
  sources: Sources,
  plan: GroupPlan,
  column: ColumnPlan,
  times: RowTimes,
  encoder: ColumnEncoder,
  header: ByteWriter,
  parameters: ByteWriter,
  pages: PageWriter,
): void {
  const gathered = gather(sources, plan, column);
  parameters.reset();
  const encoding = moveTyped(gathered, times, encoder, parameters, pages);
  if (encoding === undefined) {
    encodeColumn(writtenOut(gathered), column.slot.kind, times, encoder, header, parameters, pages);
  } else {
    writeColumnHeader(header, encoding.encoding, parameters, encoding.texts);
  }
}

/** Which encoding was written; `texts` are its distinct values where the header needs their byte set. */
interface Moved {
  readonly encoding: number;
  readonly texts?: ValueRefs;
}

function moveTyped(
  gathered: Gathered,
  times: RowTimes,
  encoder: ColumnEncoder,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const kinds = new Set(gathered.chunks.map((chunk) => chunk.kind));
  if (kinds.has('raw')) return undefined;
  if (kinds.has('timestamp')) return moveTimestamps(gathered, times, encoder, parameters, pages);
  if (kinds.has('uuid')) return moveUuids(gathered, parameters, pages);
  if (kinds.has('hex')) return moveHex(gathered, parameters, pages);
  if (kinds.has('decimal')) return moveDecimals(gathered, encoder, parameters, pages);
  if (kinds.has('integer')) return moveIntegers(gathered, encoder, parameters, pages);
  if (kinds.has('dictionary')) return moveDictionary(gathered, parameters, pages);
  return undefined;
}

function moveIntegers(
  { chunks, sourceOf, indexOf, count }: Gathered,
  encoder: ColumnEncoder,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const columns: IntegerArray[] = [];
  for (const chunk of chunks) {
    const integers = integersOf(chunk);
    if (integers === undefined) return undefined;
    columns.push(integers);
  }
  const numbers = encoder.numbers(count);
  for (let i = 0; i < count; i++) numbers[i] = columns[sourceOf[i]!]![indexOf[i]!]!;
  encodeIntegers(numbers, count, parameters, pages);
  return { encoding: ENCODING_INTEGER };
}

function moveDecimals(
  { chunks, sourceOf, indexOf, count }: Gathered,
  encoder: ColumnEncoder,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const mantissas: IntegerArray[] = [];
  const scalesOf: (Uint8Array | undefined)[] = [];
  for (const chunk of chunks) {
    const numbers = chunk.kind === 'decimal' ? chunk.mantissas : integersOf(chunk);
    if (numbers === undefined) return undefined;
    mantissas.push(numbers);
    scalesOf.push(chunk.kind === 'decimal' ? chunk.scales : undefined);
  }
  const numbers = encoder.numbers(count);
  const scales = encoder.small(count);
  for (let i = 0; i < count; i++) {
    const source = sourceOf[i]!;
    numbers[i] = mantissas[source]![indexOf[i]!]!;
    scales[i] = scalesOf[source]?.[indexOf[i]!] ?? 0;
  }
  encodeDecimals(numbers, scales, count, parameters, pages);
  return { encoding: ENCODING_DECIMAL };
}

function moveUuids(
  { chunks, sourceOf, indexOf, count }: Gathered,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const columns: Uint8Array[] = [];
  for (const chunk of chunks) {
    const uuids = uuidsOf(chunk);
    if (uuids === undefined) return undefined;
    columns.push(uuids);
  }
  const out = pages.scratch(count * UUID_BYTES);
  moveBytes(columns, UUID_BYTES, sourceOf, indexOf, count, out);
  encodeUuids(out, count, parameters, pages);
  return { encoding: ENCODING_UUID };
}

function moveHex(
  { chunks, sourceOf, indexOf, count }: Gathered,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const first = chunks[0]!;
  if (first.kind !== 'hex') return undefined;
  const columns: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (chunk.kind !== 'hex' || chunk.width !== first.width) return undefined;
    columns.push(chunk.bytes);
  }
  const out = pages.scratch(count * first.width);
  moveBytes(columns, first.width, sourceOf, indexOf, count, out);
  encodeHex({ width: first.width, bytes: out }, parameters, pages);
  return { encoding: ENCODING_HEX };
}

function moveTimestamps(
  { chunks, sourceOf, indexOf, count }: Gathered,
  times: RowTimes,
  encoder: ColumnEncoder,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  const first = chunks[0]!;
  if (first.kind !== 'timestamp') return undefined;
  const columns: Timestamps[] = [];
  for (const chunk of chunks) {
    if (chunk.kind !== 'timestamp' || !sameForm(chunk, first)) return undefined;
    columns.push(chunk);
  }
  const distances = encoder.numbers(count);
  toDistances(columns, sourceOf, indexOf, times.baseDay, times.timesNs(), distances);
  encodeTimestamps(first.form, distances, count, parameters, pages);
  return { encoding: ENCODING_TIMESTAMP };
}

function moveDictionary(
  { chunks, sourceOf, indexOf, count }: Gathered,
  parameters: ByteWriter,
  pages: PageWriter,
): Moved | undefined {
  // Only values that the result uses may enter its dictionary, so codes are translated as they come.
  const texts = chunks.map(textsOf);
  const codesOf = chunks.map((chunk) => (chunk.kind === 'dictionary' ? chunk.codes : undefined));
  const translated = texts.map((strings) => new Int32Array(strings.offsets.length - 1).fill(-1));
  const joined = new JoinedDictionary();
  const codes = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const source = sourceOf[i]!;
    const from = codesOf[source]?.[indexOf[i]!] ?? 0;
    let code = translated[source]![from]!;
    if (code < 0) {
      code = joined.add(texts[source]!, from);
      if (code < 0) return undefined;
      translated[source]![from] = code;
    }
    codes[i] = code;
  }
  const values = refsOf(joined.strings());
  if (values.count === 1) return undefined;
  encodeDictionaryValues(values, parameters, pages);
  encodeCodes(codes, count, values.count, pages);
  return { encoding: ENCODING_DICTIONARY, texts: values };
}

/** Distinct byte strings in order of arrival. */
class JoinedDictionary {
  readonly #byHash = new Map<number, number[]>();
  readonly #ends: number[] = [0];
  #bytes = Buffer.allocUnsafe(4096);

  /** The code of a value, new or known; −1 when there are too many. */
  add(strings: ByteStrings, index: number): number {
    const start = strings.offsets[index]!;
    const end = strings.offsets[index + 1]!;
    const hash = hashBytes(strings.bytes, start, end);
    const known = this.#byHash.get(hash);
    for (const code of known ?? []) {
      if (sameBytes(strings.bytes, start, end, this.#bytes, this.#ends[code]!, this.#ends[code + 1]!)) return code;
    }
    const code = this.#ends.length - 1;
    if (code === DICTIONARY_VALUES_MAX) return -1;
    const at = this.#ends[code]!;
    const used = at + end - start;
    if (used > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(used, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    strings.bytes.copy(this.#bytes, at, start, end);
    this.#ends.push(used);
    if (known === undefined) this.#byHash.set(hash, [code]);
    else known.push(code);
    return code;
  }

  strings(): ByteStrings {
    return { bytes: this.#bytes, offsets: Uint32Array.from(this.#ends) };
  }
}

/** Finds where each value of the merged column lies. */
function gather(sources: Sources, plan: GroupPlan, column: ColumnPlan): Gathered {
  const chunks: ColumnValues[] = [];
  /** By group and template of the result: index into `chunks`, and where that template's values begin there. */
  const located = new Map<number, { source: number; firstValue: number }>();
  const key = slotKey(column.slot);
  const sourceOf = new Uint32Array(column.count);
  const indexOf = new Uint32Array(column.count);
  const sourceOfGroup = new Map<number, number>();
  let at = 0;
  for (const { template } of column.parts) {
    for (let i = plan.templateStarts[template]!, end = plan.templateStarts[template + 1]!; i < end; i++, at++) {
      const row = plan.templateRows[i]!;
      const g = sources.groupOf[row]!;
      const place = g * 256 + template;
      let found = located.get(place);
      if (found === undefined) {
        found = locate(sources, g, template, key, chunks, sourceOfGroup);
        located.set(place, found);
      }
      sourceOf[at] = found.source;
      indexOf[at] = found.firstValue + sources.rankOf[row]!;
    }
  }
  return { chunks, sourceOf, indexOf, count: column.count };
}

function locate(
  sources: Sources,
  g: number,
  template: number,
  key: string,
  chunks: ColumnValues[],
  sourceOfGroup: Map<number, number>,
): { source: number; firstValue: number } {
  const group = sources.groups[g]!;
  const theirs = group.templates.findIndex((_, t) => sources.localTemplateOf(g, t) === template);
  const index = group.columns.findIndex((column) => slotKey(column.slot) === key);
  if (theirs < 0 || index < 0) throw new RangeError('BUG: a merged row has no source');
  let source = sourceOfGroup.get(g);
  if (source === undefined) {
    source = chunks.push(group.values(index)) - 1;
    sourceOfGroup.set(g, source);
  }
  return { source, firstValue: firstValueOf(group.columns[index]!, theirs) };
}

/** All values as text, in order, in memory of their own. */
function writtenOut({ chunks, sourceOf, indexOf, count }: Gathered): ValueRefs {
  let sizeBytes = 0;
  for (let i = 0; i < count; i++) sizeBytes += valueSizeMax(chunks[sourceOf[i]!]!, indexOf[i]!);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = at;
    at = writeValue(chunks[sourceOf[i]!]!, indexOf[i]!, bytes, at);
    ends[i] = at;
  }
  return { bytes, starts, ends, count };
}

function moveBytes(
  columns: readonly Uint8Array[],
  width: number,
  sourceOf: Uint32Array,
  indexOf: Uint32Array,
  count: number,
  out: Uint8Array,
): void {
  for (let i = 0, to = 0; i < count; i++) {
    const from = columns[sourceOf[i]!]!;
    for (let at = indexOf[i]! * width, end = at + width; at < end; at++) out[to++] = from[at]!;
  }
}

/** A chunk's values as integers, if each is one. */
function integersOf(chunk: ColumnValues): IntegerArray | undefined {
  if (chunk.kind === 'integer') return chunk.values;
  const parsed = distinctOf(chunk, (texts) => {
    const numbers = new Float64Array(texts.count);
    return parseIntegers(texts, numbers) ? numbers : undefined;
  });
  if (parsed === undefined) return undefined;
  const { values, codes, count } = parsed;
  return Float64Array.from({ length: count }, (_, i) => values[codes?.[i] ?? 0]!);
}

/** A chunk's values as UUIDs of 16 bytes, if each is one. */
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
  const out = new Uint8Array(count * UUID_BYTES);
  for (let i = 0; i < count; i++) {
    const from = (codes?.[i] ?? 0) * UUID_BYTES;
    out.set(values.subarray(from, from + UUID_BYTES), i * UUID_BYTES);
  }
  return out;
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

/** The distinct values of a constant or a dictionary. */
function textsOf(chunk: ColumnValues): ByteStrings {
  if (chunk.kind === 'dictionary') return chunk.values;
  if (chunk.kind === 'constant') return { bytes: chunk.value, offsets: Uint32Array.of(0, chunk.value.length) };
  throw new RangeError(`BUG: a ${chunk.kind} chunk has no distinct values`);
}

function sameForm(a: Timestamps, b: Timestamps): boolean {
  return (
    a.form.separator === b.form.separator &&
    a.form.fractionDigits === b.form.fractionDigits &&
    a.form.zone.equals(b.form.zone)
  );
}

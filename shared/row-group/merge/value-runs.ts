/**
 * The values of a merged column, as runs of values of its sources, and how they are copied: each inner loop reads one
 * array and writes one.
 */
import { refsOf } from '../../byte-strings.ts';
import type { ByteStrings, ValueRefs } from '../../byte-strings.ts';
import type { ByteWriter } from '../../bytes.ts';
import type { ColumnEncoder } from '../column.ts';
import type { ColumnValues, IntegerArray } from '../encodings/column-values.ts';
import type { PageWriter } from '../pages/page.ts';
import type { MergeSource } from './merge-source.ts';

/** The destination of a chunk's encoder. */
export interface ChunkTarget {
  readonly encoder: ColumnEncoder;
  readonly header: ByteWriter;
  readonly parameters: ByteWriter;
  readonly pages: PageWriter;
}

/** A column of a source group. */
export interface SourceColumn {
  readonly source: MergeSource;
  readonly column: number;
}

/** The values of a merged column in order: run r is values [startOf[r], startOf[r] + lengthOf[r]) of chunk chunkOf[r]. */
export interface ValueRuns {
  readonly columns: readonly SourceColumn[];
  readonly chunkOf: Uint32Array;
  readonly startOf: Uint32Array;
  readonly lengthOf: Uint32Array;
  readonly runCount: number;
  readonly count: number;
}

/** Below this many values a loop is faster than the call of a copying function. */
const SET_VALUES_MIN = 24;

export function copyNumbers(runs: ValueRuns, columns: readonly IntegerArray[], out: Float64Array): void {
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!;
    let i = runs.startOf[run]!;
    const end = i + runs.lengthOf[run]!;
    if (from instanceof Int32Array) while (i < end) out[at++] = from[i++]!;
    else while (i < end) out[at++] = from[i++]!;
  }
}

/** Values of `width` bytes each. */
export function copyFixed(runs: ValueRuns, columns: readonly Uint8Array[], width: number, out: Uint8Array): void {
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const sizeBytes = runs.lengthOf[run]! * width;
    copyBytes(columns[runs.chunkOf[run]!]!, runs.startOf[run]! * width, sizeBytes, out, at);
    at += sizeBytes;
  }
}

export function copyBytes(from: Uint8Array, start: number, sizeBytes: number, out: Uint8Array, at: number): void {
  if (sizeBytes >= SET_VALUES_MIN) out.set(from.subarray(start, start + sizeBytes), at);
  else for (let k = 0; k < sizeBytes; k++) out[at + k] = from[start + k]!;
}

/** Applies `read` to each chunk; undefined when it fails for one of them. */
export function allOrNone<T>(
  chunks: readonly ColumnValues[],
  read: (chunk: ColumnValues) => T | undefined,
): T[] | undefined {
  const all: T[] = [];
  for (const chunk of chunks) {
    const one = read(chunk);
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
}

/** Applies `parse` to the distinct values of a constant or dictionary; undefined for other chunks or when it fails. */
export function distinctOf<T>(
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
export function textsOf(chunk: ColumnValues): ByteStrings {
  if (chunk.kind === 'dictionary') return chunk.values;
  if (chunk.kind === 'constant') return { bytes: chunk.value, offsets: Uint32Array.of(0, chunk.value.length) };
  throw new RangeError(`BUG: a ${chunk.kind} chunk has no distinct values`);
}

/**
 * Merges the chunks of one column from many row groups into one chunk, in the row order of the result.
 *
 * Where all sources hold the same sort of values, these are moved unchanged: numbers stay numbers, UUIDs stay bits,
 * dictionaries are joined and their codes translated. Otherwise values are formatted as text and encoded again, which
 * is always right and merely slower.
 */
import { CorruptionError } from '../../errors.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import { encodeColumn, firstValueOf, valueSizeMax, writeColumnHeader, writeValue } from '../column.ts';
import type { Encoded, RowTimes } from '../encodings/encoding.ts';
import { JoinedDictionary } from '../encodings/joined-dictionary.ts';
import { ENCODING_TIMESTAMP, RAW_BYTES_MAX } from '../format.ts';
import type { ColumnPlan } from '../writer.ts';
import type { MergeSource } from './merge-source.ts';
import { moveHex, moveUuids } from './move-ids.ts';
import { moveDecimals, moveIntegers, moveTimestamps } from './move-numbers.ts';
import { moveDictionary, movePatterns } from './move-texts.ts';
import type { ChunkTarget, SourceColumn, ValueRuns } from './value-runs.ts';

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

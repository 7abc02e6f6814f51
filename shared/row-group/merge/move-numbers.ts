/** Moves integers, decimals and timestamps into a merged column: numbers stay numbers. */
import type { ColumnValues, IntegerArray } from '../encodings/column-values.ts';
import { encodeDecimals, writtenDecimals } from '../encodings/decimal.ts';
import type { Encoded } from '../encodings/encoding.ts';
import { encodeIntegers, parseIntegers } from '../encodings/integer.ts';
import { areNearTimestamps, encodeTimestamps } from '../encodings/timestamp.ts';
import type { TimestampDistances } from '../encodings/timestamp.ts';
import { ENCODING_DECIMAL, ENCODING_INTEGER, ENCODING_TIMESTAMP } from '../format.ts';
import { allOrNone, type ChunkTarget, copyBytes, copyNumbers, distinctOf, type ValueRuns } from './value-runs.ts';

export function moveIntegers(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  target: ChunkTarget,
): Encoded | undefined {
  const columns = allOrNone(chunks, integersOf);
  if (columns === undefined) return undefined;
  const numbers = target.encoder.numbers(runs.count);
  copyNumbers(runs, columns, numbers);
  encodeIntegers(numbers, runs.count, target.parameters, target.pages);
  return { encoding: ENCODING_INTEGER };
}

export function moveDecimals(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  target: ChunkTarget,
): Encoded | undefined {
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

export function moveTimestamps(runs: ValueRuns, target: ChunkTarget): Encoded | undefined {
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

function sameForm(a: TimestampDistances, b: TimestampDistances): boolean {
  return (
    a.form.separator === b.form.separator &&
    a.form.fractionDigits === b.form.fractionDigits &&
    a.form.zone.equals(b.form.zone)
  );
}

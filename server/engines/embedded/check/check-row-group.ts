/**
 * Checks that a row group satisfies every invariant of shared/row-group/FORMAT.md. Decodes every column and builds
 * every line, because a violated invariant gives wrong answers, and checksums only show that the bytes are those that
 * were written.
 */
import { isDiskError } from '../../../../shared/disk-error.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { ColumnValues } from '../../../../shared/row-group/encodings/column-values.ts';
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import { valueCount } from '../../../../shared/row-group/column.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';

const FLAGS_KNOWN = FLAG_PARTIAL | FLAG_TRUNCATED | FLAG_UNPARSED;

/** Which invariants apply: a batch is in order of arrival and has the exact size of its lines; a segment is sorted. */
export type RowGroupHome = 'batch' | 'segment';

/** @throws CorruptionError  the first violation */
export function checkRowGroup(bytes: Uint8Array, home: RowGroupHome): RowGroup {
  try {
    const group = new RowGroup(bytes);
    group.verifyPages();
    checkTimes(group, home);
    checkStreams(group);
    checkFlags(group);
    for (const index of group.columns.keys()) checkColumn(group, index);
    const lineBytes = sumOfLines(group);
    if (home === 'batch' && lineBytes !== group.info.lineBytes) {
      throw new CorruptionError(`the lines have ${lineBytes} bytes, the header says ${group.info.lineBytes}`);
    }
    return group;
  } catch (error) {
    throw asCorruption(error);
  }
}

/** Decoders fail on bad data in many ways; whatever they throw, the bytes are corrupt. */
export function asCorruption(error: unknown): CorruptionError {
  if (error instanceof CorruptionError) return error;
  if (isDiskError(error)) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  return new CorruptionError(`it cannot be decoded: ${reason}`, undefined, { cause: error });
}

function checkTimes(group: RowGroup, home: RowGroupHome): void {
  const { minTimeNs, maxTimeNs } = group.info;
  const times = group.timesNs();
  const streams = group.streamCodes();
  let min = Infinity;
  let max = -Infinity;
  for (let row = 0; row < times.length; row++) {
    const timeNs = times[row]!;
    if (timeNs < min) min = timeNs;
    if (timeNs > max) max = timeNs;
    if (home === 'batch' || row === 0) continue;
    const isSorted =
      streams[row]! > streams[row - 1]! || (streams[row] === streams[row - 1] && timeNs >= times[row - 1]!);
    if (!isSorted) throw new CorruptionError(`row ${row} is not sorted by stream and time`);
  }
  if (min !== minTimeNs || max !== maxTimeNs) {
    throw new CorruptionError(`times are from ${min} to ${max}, the header says ${minTimeNs} to ${maxTimeNs}`);
  }
  if (home === 'segment' && (min < 0 || max >= NS_PER_DAY)) throw new CorruptionError('a row is of another day');
}

function checkStreams(group: RowGroup): void {
  const used = new Uint8Array(group.info.streams.length);
  for (const code of group.streamCodes()) used[code] = 1;
  const unused = used.indexOf(0);
  if (unused !== -1) throw new CorruptionError(`stream ${unused} has no row`);
}

function checkFlags(group: RowGroup): void {
  for (const [row, flags] of group.flags().entries()) {
    if ((flags & ~FLAGS_KNOWN) !== 0) throw new CorruptionError(`row ${row} has unknown flags ${flags}`);
  }
}

function checkColumn(group: RowGroup, index: number): void {
  const { slot, chunk, count } = group.columns[index]!;
  const values = group.values(index);
  const problem =
    valueCount(values) === count
      ? (outsideRange(values) ??
        outsideByteSet(values, chunk.byteSet) ??
        otherCounts(values, group.countedTexts(index)?.counts))
      : `${valueCount(values)} values instead of ${count}`;
  if (problem !== undefined) throw new CorruptionError(`field ${JSON.stringify(slot.field)}: ${problem}`);
}

/** A scan skips a chunk by its minimum and maximum, so a wrong one loses rows. */
function outsideRange(values: ColumnValues): string | undefined {
  if (values.kind !== 'integer') return undefined;
  for (const value of values.values) {
    if (value < values.min || value > values.max) return `${value} is not within ${values.min} to ${values.max}`;
  }
  return undefined;
}

/** A search skips a chunk that lacks one of its bytes, so a missing bit loses rows. */
function outsideByteSet(values: ColumnValues, byteSet: Buffer | undefined): string | undefined {
  if (byteSet === undefined) return undefined;
  const strings = stringsOf(values);
  if (strings === undefined) return undefined;
  const { offsets, bytes } = strings;
  for (let at = offsets[0]!, end = offsets.at(-1)!; at < end; at++) {
    const byte = bytes[at]!;
    if ((byteSet[byte >> 3]! & (1 << (byte & 7))) === 0) return `byte ${byte} is not in the byte set`;
  }
  return undefined;
}

/** Counts by value are answered from the header alone. */
function otherCounts(values: ColumnValues, counts: Uint32Array | undefined): string | undefined {
  if (counts === undefined || values.kind !== 'dictionary') return undefined;
  const actual = new Uint32Array(counts.length);
  for (const code of values.codes) actual[code]!++;
  const wrong = actual.findIndex((count, code) => count !== counts[code]);
  return wrong < 0 ? undefined : `its value ${wrong} occurs ${actual[wrong]} times, the header says ${counts[wrong]}`;
}

function stringsOf(values: ColumnValues): ByteStrings | undefined {
  if (values.kind === 'pattern') return values.patterns;
  return values.kind === 'dictionary' ? values.values : values.kind === 'raw' ? values : undefined;
}

function sumOfLines(group: RowGroup): number {
  let sizeBytes = 0;
  const rows = Uint32Array.from({ length: group.info.rowCount }, (_, row) => row);
  for (const { lines } of group.linesInTurn(rows)) sizeBytes += lines.bytes.length;
  return sizeBytes;
}

/** What the checksums of a row group cannot tell: whether what its pages say fits its header and itself. */
import { CorruptionError } from '../errors.ts';
import { areLess } from './encodings/are-less.ts';
import type { ColumnInfo, RowGroupInfo } from './header.ts';
import type { Ties } from './ties.ts';

export function validCodes<T extends Uint8Array | Uint16Array>(codes: T, limit: number, what: string): T {
  if (areLess(codes, limit)) return codes;
  for (let row = 0; row < codes.length; row++) {
    if (codes[row]! >= limit) throw new CorruptionError(`row ${row} has ${what} ${codes[row]} of ${limit}`);
  }
  return codes;
}

export function validTies(ties: Ties, rowCount: number): Ties {
  let before = -1;
  for (const row of ties.rows) {
    if (row <= before || row >= rowCount) throw new CorruptionError(`row ${row} of ${rowCount} has an arrival`);
    before = row;
  }
  if (ties.arrivals.some((arrival) => arrival < 0)) throw new CorruptionError('an arrival before the first one');
  return ties;
}

/** Rows are pruned and sorted into days by the header: a row outside of its range would be lost. */
export function validTimes(timesNs: Float64Array, { minTimeNs, maxTimeNs }: RowGroupInfo): Float64Array {
  for (let row = 0; row < timesNs.length; row++) {
    const timeNs = timesNs[row]!;
    if (timeNs < minTimeNs || timeNs > maxTimeNs)
      throw new CorruptionError(`row ${row} lies outside of the time range`);
  }
  return timesNs;
}

/** The header's row counts and the template codes must agree. */
export function assertParts(column: ColumnInfo, templateStarts: Int32Array): void {
  for (const [i, { template, firstValue }] of column.parts.entries()) {
    const end = column.parts[i + 1]?.firstValue ?? column.count;
    if (end - firstValue !== templateStarts[template + 1]! - templateStarts[template]!) {
      throw new CorruptionError(`template ${template} has another number of rows than its values`);
    }
  }
}

/**
 * Ties: rows of one stream with the same time. What distinguishes them, whatever is merged or erased around them, is their
 * *arrival*, the number of rows that were stored before them. A row group in the WAL has it by the place of each row. A
 * merge forgets it, and keeps it for ties only, as they are few: times have nanoseconds.
 *
 * So the arrival of a row in a segment may be a lower bound: at most the true one, and above that of the tie before it.
 * Who looks for the row of a true arrival finds the last one that is not above it.
 */
/** Rows that have an arrival of their own, ascending, and their arrivals. */
export interface Ties {
  readonly rows: Float64Array;
  readonly arrivals: Float64Array;
}

/** What is known about the arrival of a row group's rows from where it is. */
export interface ArrivalOrigin {
  /** Number of rows that were stored before its first one, in the WAL; or before it, in its segment and elsewhere. */
  readonly order: number;
  /** Only in a segment whose row groups store their ties: arrival of all other rows, the lowest `order` in the segment. */
  readonly tiesFrom?: number;
}

/** Returns a row's arrival; undefined when the row group stores none for it. */
export function storedArrival({ rows, arrivals }: Ties, row: number): number | undefined {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return rows[low] === row ? arrivals[low] : undefined;
}

/** @throws CorruptionError */
export function arrivalOf(
  group: { ties(): Ties | undefined },
  { order, tiesFrom }: ArrivalOrigin,
  row: number,
): number {
  if (tiesFrom === undefined) return order + row;
  const ties = group.ties();
  return (ties === undefined ? undefined : storedArrival(ties, row)) ?? tiesFrom;
}

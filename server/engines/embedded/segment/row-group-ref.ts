/**
 * A stored row group. One in a WAL file and one in a segment are the same bytes, so a reader needs only a path, an offset
 * and a size.
 */
import type { Labels } from '../../../../shared/labels.ts';

/** Where a segment lists its indexed fields. */
export interface IndexesPlace {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly checksum: number;
  /** Whether the indexes include the elements of arrays; those of older segments do not. */
  readonly hasElements: boolean;
  /** Where the names of its fields are; older segments, and those with too many, do not list them. */
  readonly fieldNames?: { readonly offset: number; readonly sizeBytes: number; readonly checksum: number };
  /** Where the grams of its lines are; older segments, and those with too many, do not list them. */
  readonly textGrams?: { readonly offset: number; readonly sizeBytes: number; readonly checksum: number };
}

/** One stored row group. Plain and structured-cloneable: it may be passed to a worker thread. */
export interface RowGroupRef {
  readonly path: string;
  /** Where the row group's bytes begin in the file. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
  /** Sum of the lengths of the lines. */
  readonly lineBytes: number;
  /** Days since 1970-01-01; the times below count from its start. */
  readonly baseDay: number;
  readonly minTimeNs: number;
  readonly maxTimeNs: number;
  /**
   * Number of rows that were stored before this row group. Of two rows with the same time, the one in the row group
   * with the lower order comes first; within a row group, the one with the lower row number.
   */
  readonly order: number;
  /** The streams that have rows here. Equal label sets are one object in the whole process. */
  readonly streams: readonly Labels[];
  /** Only in a segment: its indexes (one object for all its row groups), and the ordinal of this row group in them. */
  readonly indexed?: { readonly indexes: IndexesPlace; readonly ordinal: number };
  /** Only in a segment whose row groups store their ties: arrival of all other rows, see shared/row-group/ties.ts. */
  readonly tiesFrom?: number;
  /**
   * Only in a search: the indexes exclude any value of these names, but do not cover elements of arrays. So an array of
   * one name of each list must match.
   */
  readonly onlyArraysOf?: readonly (readonly string[])[];
}

/** A row group that is only in the WAL. */
export interface WalRowGroupRef extends RowGroupRef {
  /** Memory that it takes when decoded, see shared/row-group/decoded-size.ts. */
  readonly decodedBytes: number;
}

/** What a worker thread gets that reads the labels from the row group, as most do: the message need not contain them. */
export type BareRowGroupRef = Omit<RowGroupRef, 'streams'>;
export type BareWalRowGroupRef = Omit<WalRowGroupRef, 'streams'>;

export function withoutStreams<T extends RowGroupRef>(rowGroup: T): Omit<T, 'streams'> {
  const { streams: _, ...rest } = rowGroup;
  return rest;
}

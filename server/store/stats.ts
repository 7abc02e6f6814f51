/** Statistics of a store: `/stats`. */
export interface StoreStats {
  readonly rowCount: number;
  /** Size of all lines, uncompressed. */
  readonly lineBytes: number;
  /** Size of all files: segments and WAL. */
  readonly storedBytes: number;
  readonly walBytes: number;
  readonly walFileCount: number;
  readonly segmentCount: number;
  readonly rowGroupCount: number;
  readonly streamCount: number;
  /** Memory of the labels of all streams. */
  readonly streamBytes: number;
  readonly oldestInstant: bigint | undefined;
  readonly newestInstant: bigint | undefined;
  /** Since the process started. */
  readonly quarantinedCount: number;
  /** Segments and row groups that the disk cannot read now. */
  readonly unreadableCount: number;
  /** How far the clock is ahead of retention's time; 0 while retention uses the clock. */
  readonly clockAheadMs: number;
}

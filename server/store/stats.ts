/** What a store says about itself: `/stats`. */
export interface StoreStats {
  readonly rowCount: number;
  /** Of all lines, as they were. */
  readonly lineBytes: number;
  /** Of all files: segments and WAL. */
  readonly storedBytes: number;
  readonly walBytes: number;
  readonly walFileCount: number;
  readonly segmentCount: number;
  readonly rowGroupCount: number;
  readonly streamCount: number;
  /** Memory of their labels. */
  readonly streamBytes: number;
  readonly oldestInstant: bigint | undefined;
  readonly newestInstant: bigint | undefined;
  /** Since the process started. */
  readonly quarantinedCount: number;
  /** Segments and row groups that the disk does not give now. */
  readonly unreadableCount: number;
  /** How far the clock is ahead of the time by which retention goes; 0 while it goes by the clock. */
  readonly clockAheadMs: number;
}

/** Statistics of the store: `/stats`, and its part of `/metrics`. */
import type { Counter, Histogram, Metrics } from '../../../../shared/metrics.ts';
import { instantOf } from '../../../../shared/time.ts';
import type { LiveSegment } from './recover.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import type { StoreStats } from '../../../store/stats.ts';
import type { SealedWal } from '../wal/writer.ts';

export interface StoreContents {
  readonly rowGroups: readonly RowGroupRef[];
  readonly segments: readonly LiveSegment[];
  readonly wals: readonly SealedWal[];
  readonly streamCount: number;
  readonly streamBytes: number;
  readonly quarantinedCount: number;
  readonly unreadableCount: number;
  readonly clockAheadMs: number;
}

export function statsOf({ rowGroups, segments, wals, ...counts }: StoreContents): StoreStats {
  let rowCount = 0;
  let lineBytes = 0;
  let oldestInstant: bigint | undefined;
  let newestInstant: bigint | undefined;
  for (const rowGroup of rowGroups) {
    rowCount += rowGroup.rowCount;
    lineBytes += rowGroup.lineBytes;
    const oldest = instantOf(rowGroup.baseDay, rowGroup.minTimeNs);
    const newest = instantOf(rowGroup.baseDay, rowGroup.maxTimeNs);
    if (oldestInstant === undefined || oldest < oldestInstant) oldestInstant = oldest;
    if (newestInstant === undefined || newest > newestInstant) newestInstant = newest;
  }
  const walBytes = wals.reduce((total, { durableBytes }) => total + durableBytes, 0);
  const segmentBytes = segments.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return {
    rowCount,
    lineBytes,
    storedBytes: walBytes + segmentBytes,
    walBytes,
    walFileCount: wals.length,
    segmentCount: segments.length,
    rowGroupCount: rowGroups.length,
    oldestInstant,
    newestInstant,
    ...counts,
  };
}

/** The store's metrics, and the gauges that are read from its stats. */
export class StoreMetrics {
  readonly walSyncSeconds: Histogram;
  readonly flushSeconds: Histogram;
  readonly flushFailures: Counter;
  readonly quarantined: Counter;
  readonly #rows: Counter;
  readonly #lineBytes: Counter;
  readonly #rowGroupBytes: Counter;

  constructor(metrics: Metrics, stats: () => StoreStats, walWaitedMs: () => number) {
    this.#rows = metrics.counter('podlog_appended_rows_total', 'Lines made durable since the start.');
    this.#lineBytes = metrics.counter('podlog_appended_line_bytes_total', 'Uncompressed bytes of these lines.');
    this.#rowGroupBytes = metrics.counter('podlog_appended_row_group_bytes_total', 'Bytes of their row groups.');
    this.walSyncSeconds = metrics.histogram('podlog_wal_sync_seconds', 'Write and fsync of one group of batches.');
    this.flushSeconds = metrics.histogram('podlog_flush_seconds', 'From a sealed WAL file to its segments.');
    this.flushFailures = metrics.counter('podlog_flush_failures_total', 'Flushes that failed and were retried.');
    this.quarantined = metrics.counter(
      'podlog_quarantined_total',
      'Pieces of data that were damaged and quarantined, and WAL files that were missing.',
    );
    const walWaiting = 'How long the oldest sealed WAL file has waited for its flush.';
    metrics.gauge('podlog_wal_waiting_seconds', walWaiting).readFrom(() => walWaitedMs() / 1000);
    const gauge = (name: string, help: string, read: (stats: StoreStats) => number): void => {
      metrics.gauge(name, help).readFrom(() => read(stats()));
    };
    gauge('podlog_stored_rows', 'Lines in the store.', ({ rowCount }) => rowCount);
    gauge('podlog_stored_bytes', 'Bytes of all segments and WAL files.', ({ storedBytes }) => storedBytes);
    gauge('podlog_wal_bytes', 'Bytes of the WAL files.', ({ walBytes }) => walBytes);
    gauge('podlog_segments', 'Segments.', ({ segmentCount }) => segmentCount);
    gauge('podlog_row_groups', 'Row groups in segments and WAL files.', ({ rowGroupCount }) => rowGroupCount);
    gauge('podlog_streams', 'Streams that have lines in the store.', ({ streamCount }) => streamCount);
    gauge('podlog_stream_bytes', 'Memory of the labels of these streams.', ({ streamBytes }) => streamBytes);
    const unreadableHelp = 'Segments and row groups that the disk cannot read now; they are missing in answers.';
    gauge('podlog_unreadable', unreadableHelp, ({ unreadableCount }) => unreadableCount);
    const clockHelp = "How far the clock is ahead of retention's time; 0 while retention uses the clock.";
    gauge('podlog_clock_ahead_seconds', clockHelp, ({ clockAheadMs }) => clockAheadMs / 1000);
  }

  appended({ rowCount, lineBytes, sizeBytes }: { rowCount: number; lineBytes: number; sizeBytes: number }): void {
    this.#rows.add(rowCount);
    this.#lineBytes.add(lineBytes);
    this.#rowGroupBytes.add(sizeBytes);
  }
}

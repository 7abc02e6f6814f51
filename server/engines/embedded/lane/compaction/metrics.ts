/** Cost and result of compactions: the compactor's part of `/metrics`. */
import type { Counter, Metrics } from '../../../../../shared/metrics.ts';
import type { ManifestSegment } from '../../core/manifest.ts';

export class CompactionMetrics {
  readonly #count: Counter;
  readonly #seconds: Counter;
  readonly #segments: Counter;
  readonly #rows: Counter;
  readonly #readBytes: Counter;
  readonly #writtenBytes: Counter;

  constructor(metrics: Metrics) {
    this.#count = metrics.counter('podlog_compactions_total', 'Merges of segments since the start.');
    this.#seconds = metrics.counter('podlog_compaction_seconds_total', 'Seconds that these merges took.');
    this.#segments = metrics.counter('podlog_compacted_segments_total', 'Segments that they merged.');
    this.#rows = metrics.counter('podlog_compacted_rows_total', 'Lines in these segments.');
    this.#readBytes = metrics.counter('podlog_compaction_read_bytes_total', 'Bytes of these segments.');
    this.#writtenBytes = metrics.counter('podlog_compaction_written_bytes_total', 'Bytes of the results.');
  }

  merged(from: readonly ManifestSegment[], to: ManifestSegment | undefined, seconds: number): void {
    this.#count.add();
    this.#seconds.add(seconds);
    this.#segments.add(from.length);
    this.#rows.add(from.reduce((sum, { rowCount }) => sum + rowCount, 0));
    this.#readBytes.add(from.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    this.#writtenBytes.add(to?.sizeBytes ?? 0);
  }
}

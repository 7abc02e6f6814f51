/** What the agent counts; `/metrics` of an agent is exactly this. */
import { Metrics, type Counter, type Gauge } from '../shared/metrics.ts';

export interface AgentMetrics {
  readonly registry: Metrics;
  readonly lines: Counter;
  readonly lineBytes: Counter;
  readonly batches: Counter;
  readonly batchBytes: Counter;
  readonly retries: Counter;
  readonly conflicts: Counter;
  readonly rejections: Counter;
  readonly unparsedLines: Counter;
  readonly partialLines: Counter;
  readonly truncatedLines: Counter;
  readonly truncatedFiles: Counter;
  readonly lostLines: Counter;
  readonly lostBytes: Counter;
  readonly lostFiles: Counter;
  readonly readErrors: Counter;
  readonly openFiles: Gauge;
  readonly lagBytes: Gauge;
}

export type LossReason =
  /** A file was cut in place before it was read. */
  | 'truncated'
  /** A gzip file is damaged. */
  | 'gzip'
  /** Unread deleted files took more than DELETED_BYTES_MAX. */
  | 'deleted'
  /** One fragment was longer than LINE_BYTES_MAX. */
  | 'overlong'
  /** The server refuses a batch down to its last line. */
  | 'rejected';

export function createAgentMetrics(): AgentMetrics {
  const registry = new Metrics();
  const name = (what: string): string => `podlog_agent_${what}`;
  return {
    registry,
    lines: registry.counter(name('lines_total'), 'Lines acknowledged by the server.'),
    lineBytes: registry.counter(name('line_bytes_total'), 'Bytes of the acknowledged lines, without the CRI prefix.'),
    batches: registry.counter(name('batches_total'), 'Batches acknowledged by the server.'),
    batchBytes: registry.counter(name('batch_bytes_total'), 'Bytes of the acknowledged batches as they were sent.'),
    retries: registry.counter(name('retries_total'), 'Requests that were sent again, by reason.'),
    conflicts: registry.counter(name('conflicts_total'), 'Batches for which the server knew other positions.'),
    rejections: registry.counter(name('rejections_total'), 'Batches that the server refused, by HTTP status.'),
    unparsedLines: registry.counter(
      name('unparsed_lines_total'),
      'Lines that were not CRI and are kept as they stood.',
    ),
    partialLines: registry.counter(name('partial_lines_total'), 'Lines that their container never ended.'),
    truncatedLines: registry.counter(name('truncated_lines_total'), 'Lines that were cut because of their length.'),
    truncatedFiles: registry.counter(name('truncated_files_total'), 'Files that became shorter while being read.'),
    lostLines: registry.counter(name('lost_lines_total'), 'Lines given up, by reason.'),
    lostBytes: registry.counter(name('lost_bytes_total'), 'Bytes of log files given up, by reason.'),
    lostFiles: registry.counter(name('lost_files_total'), 'Files of which something was given up, by reason.'),
    readErrors: registry.counter(name('read_errors_total'), 'Failed attempts to list, open or read.'),
    openFiles: registry.gauge(name('open_files'), 'Log files held open.'),
    lagBytes: registry.gauge(name('lag_bytes'), 'Bytes in open log files that are not acknowledged yet.'),
  };
}

export function countLoss(metrics: AgentMetrics, reason: LossReason, sizeBytes: number): void {
  metrics.lostBytes.add(sizeBytes, { reason });
  metrics.lostFiles.add(1, { reason });
}

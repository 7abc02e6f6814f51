/** The agent's metrics; `/metrics` of an agent is exactly this. */
import { Metrics, type Counter, type Gauge } from '../shared/metrics.ts';
import type { ChainLabels } from './files/chain.ts';
import type { Loss, LossReason } from './files/loss.ts';
import type { RuleUses } from './rules/line-processor.ts';

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
  readonly lostBytes: Counter;
  readonly losses: Counter;
  /** What the two count, by reason alone. */
  readonly lossesByReason: Map<LossReason, { times: number; bytes: number }>;
  readonly droppedLines: Counter;
  readonly redactions: Counter;
  readonly readBytes: Counter;
  readonly storedBytes: Counter;
  readonly readErrors: Counter;
  readonly openFiles: Gauge;
  readonly deletedBytes: Gauge;
  readonly lagBytes: Gauge;
  readonly isPolling: Gauge;
}

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
    unparsedLines: registry.counter(name('unparsed_lines_total'), 'Lines that were not CRI and are kept as they are.'),
    partialLines: registry.counter(name('partial_lines_total'), 'Lines that their container never ended.'),
    truncatedLines: registry.counter(name('truncated_lines_total'), 'Lines that were cut because of their length.'),
    truncatedFiles: registry.counter(name('truncated_files_total'), 'Files that became shorter while being read.'),
    lostBytes: registry.counter(name('lost_bytes_total'), 'Bytes of log files given up, by container and reason.'),
    losses: registry.counter(
      name('losses_total'),
      'Times that something was or may have been lost, by container and reason: one marker each.',
    ),
    lossesByReason: new Map(),
    droppedLines: registry.counter(name('dropped_lines_total'), 'Lines not kept, by drop rule and container.'),
    redactions: registry.counter(name('redactions_total'), 'Texts replaced in lines, by redact rule and container.'),
    readBytes: registry.counter(name('read_bytes_total'), 'Bytes read from log files.'),
    storedBytes: registry.counter(name('stored_bytes_total'), 'Bytes of log files that the server has acknowledged.'),
    readErrors: registry.counter(name('read_errors_total'), 'Failed attempts to list, open or read.'),
    openFiles: registry.gauge(name('open_files'), 'Log files held open.'),
    deletedBytes: registry.gauge(name('deleted_bytes'), 'Bytes of deleted log files that are held open.'),
    lagBytes: registry.gauge(name('lag_bytes'), 'Bytes in open log files that are not acknowledged yet.'),
    isPolling: registry.gauge(name('polling'), '1 when new pods are found by listing, for want of inotify watches.'),
  };
}

/** Counts a loss whose marker is stored. */
export function countLoss(metrics: AgentMetrics, source: ChainLabels, { reason, sizeBytes = 0 }: Loss): void {
  const { namespace, pod, container } = source;
  const labels = { namespace, pod, container, reason };
  metrics.lostBytes.add(sizeBytes, labels);
  metrics.losses.add(1, labels);
  const known = metrics.lossesByReason.get(reason) ?? { times: 0, bytes: 0 };
  metrics.lossesByReason.set(reason, { times: known.times + 1, bytes: known.bytes + sizeBytes });
}

/** Counts the rule uses of a batch that is stored. Not by pod: pods come and go, and the agent stays. */
export function countUses(metrics: AgentMetrics, uses: RuleUses): void {
  for (const [{ kind, ...labels }, count] of uses) {
    (kind === 'drop' ? metrics.droppedLines : metrics.redactions).add(count, labels);
  }
}

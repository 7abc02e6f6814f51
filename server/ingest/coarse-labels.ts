/**
 * Coarser labels for lines whose own would make more streams than the store holds in memory. An agent cannot send other
 * lines first, nor can its lines wait until old streams are forgotten: so all of them are kept, under labels that they
 * share with others. Each such stream is marked by its label `pod`.
 */
import type { Logger } from 'pino';
import type { TooManyStreamsError } from '../../shared/errors.ts';
import type { Labels } from '../../shared/labels.ts';
import type { Metrics } from '../../shared/metrics.ts';
import { relabelStreams } from '../../shared/row-group/relabel.ts';
import type { Batch } from '../../shared/wire.ts';
import { COMPLAINT_MS } from '../limits.ts';

/** The label `pod` of streams that were merged from several. */
export const COARSE_POD = 'too-many-streams';

/** From fine to coarse. The namespace decides which tokens may see a stream, so it is never removed. */
export const COARSENINGS: readonly ((labels: Labels) => Labels)[] = [
  // Makes about as many streams as there are workloads: a CronJob's pods are one stream.
  (labels) => {
    const { node: _, ...others } = labels;
    return { ...others, pod: COARSE_POD };
  },
  // Makes three times as many streams as there are namespaces.
  (labels) => ({ ...only(labels, ['namespace', 'stream', 'source']), pod: COARSE_POD }),
];

/**
 * @param excess  indexes of the streams that do not fit
 * @throws CorruptionError
 */
export function coarsened(batch: Batch, excess: readonly number[], coarsen: (labels: Labels) => Labels): Batch {
  const chosen = new Set(excess);
  const relabel = (labels: Labels, stream: number): Labels => (chosen.has(stream) ? coarsen(labels) : labels);
  return { ...batch, rowGroup: relabelStreams(batch.rowGroup, relabel) };
}

function only(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

export interface ReporterOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Counts batches with coarser labels, and logs one of them at a minimum interval. */
export function coarseningReporter({
  log,
  metrics,
  now,
}: ReporterOptions): (batch: Batch, err: TooManyStreamsError) => void {
  const help = 'Batches whose lines got coarser labels, because new streams did not fit into the limits.';
  const batches = metrics.counter('podlog_coarse_label_batches_total', help);
  let complainedMs = -Infinity;
  return ({ node }, err) => {
    batches.add();
    if (now() - complainedMs < COMPLAINT_MS) return;
    complainedMs = now();
    log.warn({ node, streams: err.excess.length, err }, `too many streams; storing lines with pod="${COARSE_POD}"`);
  };
}

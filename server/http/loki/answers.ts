/** Answers of queries as Loki writes them. */
import type { FastifyReply } from 'fastify';
import type { LogLine, LogStream } from '../../query/logql/logs.ts';
import type { LabelValues } from '../../query/logql/pipeline/line-labels.ts';
import { labelsText } from '../../../shared/labels-text.ts';
import { formatInstant } from '../../../shared/time.ts';
import { plainFloat } from '../../query/logql/syntax/go-float.ts';
import { type Evaluated, keyOf, type Series, type Steps } from '../../query/logql/metrics/series.ts';
import type { LineCounts } from '../../query/logql/rows.ts';

export const JSON_TYPE = 'application/json; charset=UTF-8';

/** Sends JSON whose type has no charset, as bytes: the framework adds one to a text. */
export function sendPlainJson(reply: FastifyReply, value: unknown, ending = ''): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value) + ending));
}

export interface Cost extends LineCounts {
  readonly seconds: number;
  readonly entries: number;
}

export function streamsAnswer(streams: readonly LogStream[], isCategorized: boolean, cost: Cost): unknown {
  const result = streams.map(({ labels, lines }) => ({
    stream: Object.fromEntries(labels),
    values: lines.map((line) => lineValue(line, isCategorized)),
  }));
  return {
    status: 'success',
    data: {
      resultType: 'streams',
      ...(isCategorized && ENCODING_FLAGS),
      result,
      stats: statisticsOf(cost),
    },
  };
}

export const ENCODING_FLAGS = { encodingFlags: ['categorize-labels'] };

/** A line with its time, and with what it has of its own where that is asked for. */
export function lineValue({ timestamp, line, metadata, parsed }: LogLine, isCategorized: boolean): unknown[] {
  return isCategorized ? [String(timestamp), line, ownLabels(metadata, parsed)] : [String(timestamp), line];
}

/** The value of a metric at an instant. */
export function instantAnswer(result: Evaluated, at: bigint, cost: Cost): unknown {
  if (result.kind === 'scalar') {
    return success('scalar', [scalarTime(at), plainFloat(result.value)], cost);
  }
  const vector = result.series.map(({ labels, values }) => ({
    metric: Object.fromEntries(labels),
    value: [secondsOf(at), plainFloat(values[0]!)],
  }));
  return success('vector', vector, cost);
}

/** The values of a metric at all steps; a number has no labels. */
export function rangeAnswer(result: Evaluated, steps: Steps, cost: Cost): unknown {
  const times = Array.from({ length: steps.count }, (_, step) => secondsOf(steps.start + BigInt(step) * steps.stepNs));
  if (result.kind === 'scalar') {
    const value = plainFloat(result.value);
    return success('matrix', [{ metric: {}, values: times.map((time) => [time, value]) }], cost);
  }
  const matrix = [...bySameLabels(result.series)].map((alike) => ({
    metric: Object.fromEntries(alike[0]!.labels),
    values: pointsOf(alike).map(({ step, value }) => [times[step], plainFloat(value)]),
  }));
  return success('matrix', matrix, cost);
}

/** Returns the points of all, by their steps. */
function pointsOf(alike: readonly Series[]): { readonly step: number; readonly value: number }[] {
  const points = alike.flatMap(({ steps, values }) => Array.from(steps, (step, i) => ({ step, value: values[i]! })));
  return alike.length === 1 ? points : points.toSorted((a, b) => a.step - b.step);
}

/** `label_replace` may give several series the same labels: over a range they are one, with several values at a time. */
function bySameLabels(series: readonly Series[]): Iterable<readonly Series[]> {
  return Map.groupBy(series, ({ labels }) => keyOf(labels)).values();
}

export function success(resultType: string, result: unknown, cost: Cost): unknown {
  return { status: 'success', data: { resultType, result, stats: statisticsOf(cost) } };
}

/**
 * Returns the time of a number as Loki 3.7 gives it: its milliseconds are taken for seconds on their way, and 64 bits are too
 * few for what becomes of them.
 */
function scalarTime(at: bigint): number {
  return Number(BigInt.asIntN(64, (at / 1_000_000n) * 1_000_000_000n) / 1_000_000n);
}

/** Returns seconds, with milliseconds as a fraction. */
export function secondsOf(ns: bigint): number {
  return Number(ns / 1_000_000n) / 1000;
}

function ownLabels(metadata: LabelValues, parsed: LabelValues): unknown {
  return {
    ...(metadata.length > 0 && { structuredMetadata: Object.fromEntries(metadata) }),
    ...(parsed.length > 0 && { parsed: Object.fromEntries(parsed) }),
  };
}

/** The old form, of Loki before 1.0: labels are a text, and times RFC 3339. */
export function oldStreamsAnswer(streams: readonly LogStream[], cost: Cost): unknown {
  return {
    streams: streams.map(({ labels, lines }) => ({
      labels: labelsText(labels),
      entries: lines.map(({ timestamp, line }) => ({ ts: rfc3339Nano(timestamp), line })),
    })),
    stats: statisticsOf(cost),
  };
}

/** As Go writes it: without zeros at the end. */
function rfc3339Nano(timestamp: bigint): string {
  return formatInstant(timestamp).replace(/\.?0+Z$/, 'Z');
}

/** Returns the statistics that clients show. Those that only Loki has (chunks, splits, caches) are zero. */
function statisticsOf({ lines, bytes, seconds, entries }: Cost): unknown {
  const rate = (count: number): number => (seconds > 0 ? Math.round(count / seconds) : 0);
  const store = {
    totalChunksRef: 0,
    totalChunksDownloaded: 0,
    chunksDownloadTime: 0,
    chunk: {
      headChunkBytes: 0,
      headChunkLines: 0,
      decompressedBytes: bytes,
      decompressedLines: lines,
      compressedBytes: 0,
      totalDuplicates: 0,
    },
  };
  return {
    summary: {
      bytesProcessedPerSecond: rate(bytes),
      linesProcessedPerSecond: rate(lines),
      totalBytesProcessed: bytes,
      totalLinesProcessed: lines,
      execTime: seconds,
      queueTime: 0,
      subqueries: 0,
      totalEntriesReturned: entries,
      splits: 0,
      shards: 0,
      totalPostFilterLines: lines,
      totalStructuredMetadataBytesProcessed: 0,
    },
    querier: { store },
    ingester: {
      totalReached: 0,
      totalChunksMatched: 0,
      totalBatches: 0,
      totalLinesSent: 0,
      store: { ...store, chunk: { ...store.chunk, decompressedBytes: 0, decompressedLines: 0 } },
    },
  };
}

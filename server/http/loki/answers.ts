/** Answers of queries as Loki writes them. */
import type { LabelValues, LogStream } from '../../query/logql/logs.ts';
import type { LineCounts } from '../../query/logql/rows.ts';

export const JSON_TYPE = 'application/json; charset=UTF-8';

export interface Cost extends LineCounts {
  readonly seconds: number;
  readonly entries: number;
}

export function streamsAnswer(streams: readonly LogStream[], isCategorized: boolean, cost: Cost): unknown {
  const result = streams.map(({ labels, lines }) => ({
    stream: Object.fromEntries(labels),
    values: lines.map(({ timestamp, line, metadata, parsed }) =>
      isCategorized ? [String(timestamp), line, ownLabels(metadata, parsed)] : [String(timestamp), line],
    ),
  }));
  return {
    status: 'success',
    data: {
      resultType: 'streams',
      ...(isCategorized && { encodingFlags: ['categorize-labels'] }),
      result,
      stats: statisticsOf(cost),
    },
  };
}

function ownLabels(metadata: LabelValues, parsed: LabelValues): unknown {
  return {
    ...(metadata.length > 0 && { structuredMetadata: Object.fromEntries(metadata) }),
    ...(parsed.length > 0 && { parsed: Object.fromEntries(parsed) }),
  };
}

/** What clients show of the cost. What only Loki has (chunks, splits, caches) is zero. */
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

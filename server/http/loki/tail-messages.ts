/** The messages of a live tail, as Loki writes them: each line is a stream of its own, which keeps their order. */
import { LOKI_TAIL_BYTES_AT_ONCE, LOKI_TAIL_LINES_AT_ONCE } from '../../limits.ts';
import type { DroppedLine, TailLine } from '../../query/logql/tail.ts';
import { ENCODING_FLAGS, lineValue } from './answers.ts';

/** Yields nothing where there is nothing to say. */
export function* tailMessages(
  lines: readonly TailLine[],
  dropped: readonly DroppedLine[],
  isCategorized: boolean,
): Generator<string> {
  let said = dropped;
  for (let at = 0; at < lines.length || said.length > 0; said = []) {
    const end = endOfMessage(lines, at);
    yield message(lines.slice(at, end), said, isCategorized);
    at = end;
  }
}

function endOfMessage(lines: readonly TailLine[], from: number): number {
  const endMax = Math.min(lines.length, from + LOKI_TAIL_LINES_AT_ONCE);
  let end = from;
  for (let bytes = 0; end < endMax && bytes < LOKI_TAIL_BYTES_AT_ONCE; end++)
    bytes += Buffer.byteLength(lines[end]!.line);
  return end;
}

function message(lines: readonly TailLine[], dropped: readonly DroppedLine[], isCategorized: boolean): string {
  return JSON.stringify({
    streams: lines.map((line) => ({
      stream: Object.fromEntries(line.ofStream),
      values: [lineValue(line, isCategorized)],
    })),
    ...(dropped.length > 0 && {
      dropped_entries: dropped.map(({ timestamp, labels }) => ({
        timestamp: String(timestamp),
        labels: Object.fromEntries(labels),
      })),
    }),
    ...(isCategorized && ENCODING_FLAGS),
  });
}

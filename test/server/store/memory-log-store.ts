/** A LogStore that is an array: too simple to be wrong, and the other one that the contract is held against. */
import { labelsKey } from '../../../shared/labels.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { formatInstant, instantOf, instantOfMs } from '../../../shared/time.ts';
import { decide, EVERYTHING, type Where } from '../../../server/store/predicate.ts';
import type { StoreStats } from '../../../server/store/stats.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { verifyBatch } from '../../../server/engines/embedded/core/row-group-ref.ts';
import { naiveAggregate } from './naive-aggregate.ts';
import { isWanted, type NaiveLine, naiveSearch } from './naive-search.ts';

export interface MemoryOptions {
  readonly now: () => number;
  readonly retentionMs: number;
}

export function memoryLogStore({ now, retentionMs }: MemoryOptions): LogStore {
  let lines: NaiveLine[] = [];
  let erasures = 0;
  return {
    append: async (_bytes, batch) => {
      const rowCount = verifyBatch(batch)?.rowCount ?? 0;
      if (rowCount > 0) lines = [...lines, ...linesOf(batch.rowGroup)];
      return { rowCount };
    },
    async *search(plan, format) {
      if (format !== 'raw' && format !== 'ndjson') throw new RangeError(`BUG: ${format} is not of the contract`);
      for (const line of naiveSearch(lines, plan))
        yield Buffer.from(`${format === 'raw' ? line.text : toJson(line)}\n`);
    },
    streams: async ({ from, to, where }) => {
      // A line without text has no fields: only labels are looked at.
      const found = lines.filter((line) => {
        const labelled = { ...line, text: '' };
        if (!isWanted(labelled, { from, to, where: EVERYTHING })) return false;
        const judge = (leaf: Where): boolean | undefined =>
          leaf.kind === 'text' ? undefined : isWanted(labelled, { from, to, where: leaf });
        return decide(where, judge) !== false;
      });
      return [...new Map(found.map(({ labels }) => [labelsKey(labels), labels])).values()];
    },
    aggregate: async (plan) => naiveAggregate(lines, plan).slice(0, plan.limit),
    erase: async (filter) => {
      lines = lines.filter((line) => !isWanted(line, filter));
      return { id: String(++erasures) };
    },
    isErased: (id) => Number(id) <= erasures,
    tick: async () => {
      if (retentionMs === Infinity) return;
      const oldest = instantOfMs(now() - retentionMs);
      lines = lines.filter(({ instant }) => instant >= oldest);
    },
    stats: (): StoreStats => ({
      ...NO_STATS,
      rowCount: lines.length,
      streamBytes: 0,
      streamCount: new Set(lines.map((line) => labelsKey(line.labels))).size,
    }),
    problem: undefined,
    unreadableCount: 0,
    close: async () => {},
  };
}

const NO_STATS = {
  lineBytes: 0,
  storedBytes: 0,
  walBytes: 0,
  walFileCount: 0,
  segmentCount: 0,
  rowGroupCount: 0,
  oldestInstant: undefined,
  newestInstant: undefined,
  quarantinedCount: 0,
  unreadableCount: 0,
  clockAheadMs: 0,
};

function linesOf(rowGroup: Uint8Array): NaiveLine[] {
  const group = new RowGroup(rowGroup);
  const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
  const { bytes, offsets } = group.lines(rows);
  return rows.map((row) => ({
    text: bytes.toString('utf8', offsets[row], offsets[row + 1]),
    labels: group.info.streams[group.streamCodes()[row]!]!,
    instant: instantOf(group.info.baseDay, group.timesNs()[row]!),
  }));
}

function toJson({ text, labels, instant }: NaiveLine): string {
  return JSON.stringify({ time: formatInstant(instant), labels, line: text });
}

/** Runs one query's work in the workers, as a flow with a share of its own, and the work of all live tails. */
import type { Metrics } from '../../../shared/metrics.ts';
import type { QueryStatistics } from '../../store/query.ts';
import { type RunOptions, type RunTask, type TaskKind, taskFlow } from '../../workers/task.ts';
import { buffersOf } from './aggregate/partial-aggregate.ts';
import type { Store } from './core/store.ts';
import type { QueryTasks } from './embedded-reader.ts';
import {
  AGGREGATE,
  FACETS,
  MERGE_AGGREGATES,
  LOOK_UP,
  type Metered,
  RENDER,
  ROW_VALUES,
  SCAN,
  STREAMS,
  TAIL,
} from './query-tasks.ts';
import type { RowGroupPlace } from './scan/row-groups.ts';
import { LiveTails } from './tail/live-tails.ts';

/** Counts what is read. The store quarantines what tasks find broken. */
export function queryInWorkers(store: Store, run: RunTask, statistics: QueryStatistics): QueryTasks {
  const flow = taskFlow('query');
  const metered = async <Input, Output>(
    kind: TaskKind<Input, Metered<Output>>,
    input: Input,
    options: Omit<RunOptions, 'flow'>,
  ): Promise<Output> => {
    const { output, bytesRead } = await run(kind, input, { ...options, flow });
    statistics.bytesRead += bytesRead;
    return output;
  };
  const countRead = (places: readonly RowGroupPlace[], doneCount: number): void => {
    for (const { sizeBytes } of places.slice(0, doneCount)) statistics.rowGroupBytesRead += sizeBytes;
    statistics.rowGroupsRead += doneCount;
  };
  return {
    lookUp: (input, signal) => metered(LOOK_UP, input, { signal }),
    scan: async (input, signal) => {
      const found = await metered(SCAN, input, { signal });
      countRead(input.places, found.scanned.length);
      for (const { matchedCount } of found.scanned) statistics.rowsMatched += matchedCount;
      return found;
    },
    streams: async (input, signal) => {
      const found = await metered(STREAMS, input, { signal });
      countRead(input.places, found.streams.length);
      return found;
    },
    aggregate: async (input, signal) => {
      const transfer = input.partial === undefined ? [] : buffersOf(input.partial);
      const counted = await metered(AGGREGATE, input, { signal, transfer });
      countRead(input.places, counted.doneCount);
      statistics.withMetadata += counted.withMetadata ?? 0;
      return counted;
    },
    merge: (input, signal) =>
      run(MERGE_AGGREGATES, input, { flow, signal, transfer: input.partials.flatMap(buffersOf) }),
    facets: async (input, signal) => {
      const counted = await metered(FACETS, input, { signal });
      countRead(input.places, counted.doneCount);
      return counted;
    },
    rowValues: async (input, signal) => {
      const found = await metered(ROW_VALUES, input, { signal });
      countRead(input.places, found.doneCount);
      statistics.rowsMatched += found.result?.rowCount ?? 0;
      return found;
    },
    render: (input, signal) => {
      const transfer = [input.groupOf, input.rows, input.timesNs].map(({ buffer }) => buffer as ArrayBuffer);
      return metered(RENDER, input, { signal, transfer });
    },
    quarantine: (rowGroup, error) => store.quarantine(rowGroup, error),
  };
}

export function tailsInWorkers(store: Store, run: RunTask, metrics: Metrics, textBytesMax: number): LiveTails {
  const flow = taskFlow('tail');
  const tails = new LiveTails({
    source: store,
    textBytesMax,
    scan: (input) => run(TAIL, input, { flow }),
    quarantine: (rowGroup, error) => store.quarantine(rowGroup, error),
  });
  metrics
    .gauge('podlog_live_tails_row_groups', 'Row groups that wait to be searched for live tails.')
    .readFrom(() => tails.waitingCount);
  metrics
    .gauge('podlog_live_tails_waiting_bytes', 'Text that waits for clients of live tails.')
    .readFrom(() => tails.textBytes);
  return tails;
}

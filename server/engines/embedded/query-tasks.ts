/** Tasks of queries for worker threads. Each thread has its own open files and caches. */
import { type AggregateInput, aggregateTask, type FacetsInput, facetsTask } from './aggregate/run.ts';
import type { FacetCounts } from '../../store/facets.ts';
import {
  buffersOf,
  type MergeInput,
  type MergeOutput,
  mergeTask,
  type PartialAggregate,
} from './aggregate/partial-aggregate.ts';
import { freeKeptArrays } from './aggregate/array-pool.ts';
import { Indexes, type LookupInput, type LookupOutput } from './scan/index-lookup.ts';
import { OpenFiles } from './scan/open-files.ts';
import { whileWanted } from './scan/regexps.ts';
import type { PartialOutput } from './scan/partitions.ts';
import { RowGroups } from './scan/row-groups.ts';
import { buffersOfRows, scan, type ScanInput, type ScanOutput } from './scan/scan.ts';
import { type StreamsInput, type StreamsOutput, streamsInRange } from './scan/streams-in-range.ts';
import { ownMemory } from '../../../shared/own-memory.ts';
import { type TaskContext, type TaskHandler, taskHandler, taskKind } from '../../workers/task.ts';
import { type TailInput, type TailOutput, TailTask } from './tail/tail-task.ts';
import { buffersOfBlock } from '../../store/row-block.ts';
import type { Piece } from '../../store/sink.ts';
import { rowValuesTask, type ValuesInput } from './search/row-values.ts';
import { pieceIn, render, type RenderInput, type RenderOutput } from './search/sink-rows.ts';
import { buffersOfValues, type RowValues } from '../../store/row-values.ts';

/** The output of a task, and the bytes that it has read from files. */
export interface Metered<Output> {
  readonly output: Output;
  readonly bytesRead: number;
}

export const LOOK_UP = taskKind<LookupInput, Metered<LookupOutput>>('look-up');
export const SCAN = taskKind<ScanInput, Metered<ScanOutput>>('scan');
export const STREAMS = taskKind<StreamsInput, Metered<StreamsOutput>>('streams');
export const AGGREGATE = taskKind<AggregateInput, Metered<PartialOutput<PartialAggregate>>>('aggregate');
export const MERGE_AGGREGATES = taskKind<MergeInput, MergeOutput>('merge-aggregates');
export const FACETS = taskKind<FacetsInput, Metered<PartialOutput<readonly FacetCounts[]>>>('facets');
export const ROW_VALUES = taskKind<ValuesInput, Metered<PartialOutput<RowValues | undefined>>>('row-values');
export const TAIL = taskKind<TailInput, TailOutput>('tail');
export const RENDER = taskKind<RenderInput, Metered<RenderOutput>>('render');

export function queryHandlers(): TaskHandler[] {
  const files = new OpenFiles();
  const rowGroups = new RowGroups(files);
  const indexes = new Indexes(files);
  const tails = new TailTask(rowGroups);
  const metered = <Output>({ isCancelled }: TaskContext, work: () => Output): Metered<Output> => {
    const before = files.bytesRead;
    const output = whileWanted(isCancelled, work);
    return { output, bytesRead: files.bytesRead - before };
  };
  return [
    taskHandler(LOOK_UP, (input, context) => ({
      output: metered(context, () => indexes.lookUp(input, context.shouldYield)),
    })),
    {
      ...taskHandler(SCAN, (input, context) => {
        const output = metered(context, () => scan(input, rowGroups, context.shouldYield));
        return { output, transfer: output.output.scanned.flatMap(buffersOfRows) };
      }),
      emptyCaches: () => {
        rowGroups.emptyCaches();
        indexes.emptyCache();
        freeKeptArrays();
      },
    },
    taskHandler(STREAMS, (input, context) => ({
      output: metered(context, () => streamsInRange(input, rowGroups, context.shouldYield)),
    })),
    taskHandler(AGGREGATE, (input, context) => {
      const output = metered(context, () => aggregateTask(input, rowGroups, context.shouldYield));
      return { output, transfer: buffersOf(output.output.result) };
    }),
    taskHandler(MERGE_AGGREGATES, (input) => ({ output: mergeTask(input) })),
    taskHandler(FACETS, (input, context) => ({
      output: metered(context, () => facetsTask(input, rowGroups, context.shouldYield)),
    })),
    taskHandler(ROW_VALUES, (input, context) => {
      const output = metered(context, () => rowValuesTask(input, rowGroups, context.shouldYield));
      const { result } = output.output;
      return { output, transfer: result === undefined ? [] : buffersOfValues(result) };
    }),
    taskHandler(TAIL, (input, { shouldYield }) => {
      const output = tails.run(input, shouldYield);
      return { output, transfer: output.pieces.flatMap(memoryOf) };
    }),
    taskHandler(RENDER, (input, context) => {
      const output = metered(context, () => render(input, rowGroups));
      return { output, transfer: memoryOf(pieceIn(output.output.rendered)) };
    }),
  ];
}

/** Returns the memory to be transferred. */
function memoryOf(piece: Piece): ArrayBuffer[] {
  return piece instanceof Uint8Array ? ownMemory(piece) : buffersOfBlock(piece);
}

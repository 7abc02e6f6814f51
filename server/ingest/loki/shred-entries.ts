/** Shreds the entries of a push into row groups in a worker thread, as shred-lines.ts does with lines of text. */
import type { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { PUSH_WINDOW_BYTES } from '../../limits.ts';
import { ownMemory } from '../../../shared/own-memory.ts';
import { taskKind, type TaskResult } from '../../workers/task.ts';
import { cut, isFull, type PushedRowGroup, withBuilder } from '../group-builder.ts';
import { memoryOf } from './decode-push.ts';
import { type Entries, NOT_STORED } from './entries.ts';
import { MetadataAppender } from './metadata-appender.ts';

export interface ShredEntriesInput {
  readonly entries: Entries;
  /** Number of entries at the beginning that are passed, because they are stored already. */
  readonly from: number;
}

export interface ShredEntriesOutput {
  readonly rowGroups: readonly PushedRowGroup[];
  /** What was not shredded because other tasks waited for the worker; undefined if there is none. */
  readonly rest: ShredEntriesInput | undefined;
}

export const SHRED_ENTRIES = taskKind<ShredEntriesInput, ShredEntriesOutput>('shred-entries');

export function shredEntriesTask(input: ShredEntriesInput, shouldYield: () => boolean): TaskResult<ShredEntriesOutput> {
  const output = withBuilder((builder) => shredEntries(input, builder, shouldYield));
  const kept = output.rest === undefined ? [] : memoryOf(output.rest.entries);
  return { output, transfer: [...output.rowGroups.flatMap(({ bytes }) => ownMemory(bytes)), ...kept] };
}

function shredEntries(
  { entries, from }: ShredEntriesInput,
  builder: RowGroupBuilder,
  shouldYield: () => boolean,
): ShredEntriesOutput {
  const { bytes, starts, ends, streams, days, timesNs, labels } = entries;
  const metadata = entries.metadata && new MetadataAppender(bytes, entries.metadata, builder);
  const rowGroups: PushedRowGroup[] = [];
  /** By stream: its code in the row group. */
  const codes = new Int32Array(labels.length);
  const begin = (): void => {
    codes.fill(-1);
    metadata?.begin();
  };
  const finish = (endLine: number): void => void rowGroups.push({ bytes: builder.finish(), endLine });
  begin();
  for (let i = from; i < streams.length; i++) {
    const stream = streams[i]!;
    if (stream === NOT_STORED) continue;
    // As small as the row groups of a window, so that others have their turn as soon.
    const isLarge = builder.arenaBytes >= PUSH_WINDOW_BYTES || metadata?.isFull === true;
    if (isFull(builder) || isLarge || !builder.fits(days[i]!)) {
      finish(i);
      if (shouldYield()) return { rowGroups, rest: { entries, from: i } };
      begin();
    }
    if (codes[stream] === -1) codes[stream] = builder.stream(labels[stream]!);
    cut(bytes, starts[i]!, ends[i]!, builder);
    builder.addShredded(codes[stream]!, days[i]!, timesNs[i]!, 0, metadata?.append(i));
  }
  if (builder.rowCount > 0) finish(streams.length);
  return { rowGroups, rest: undefined };
}

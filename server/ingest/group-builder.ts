/** What all tasks share that shred pushed lines into row groups: the builder of their thread, and when a row group is full. */
import { RowGroupBuilder, type ShreddedLine } from '../../shared/row-group/builder.ts';
import { PUSHED_GROUP_BYTES_MAX, PUSHED_GROUP_VALUES_MAX, PUSHED_ROWS_PER_GROUP_MAX } from '../limits.ts';

const ZSTD_LEVEL = 3;

export interface PushedRowGroup {
  readonly bytes: Uint8Array;
  /** Number of lines from the start to its end, including those that are not stored. */
  readonly endLine: number;
}

interface Shredded {
  readonly rowGroups: readonly PushedRowGroup[];
  /** Undefined when all is shredded. */
  readonly rest: unknown;
}

/** Lives as long as the thread: the line shapes that it has learned speed up the next push. */
let threadBuilder: RowGroupBuilder | undefined;

/** Runs `shred` with the builder of this thread. */
export function withBuilder<Output extends Shredded>(shred: (builder: RowGroupBuilder) => Output): Output {
  const builder = threadBuilder ?? new RowGroupBuilder({ level: ZSTD_LEVEL });
  threadBuilder = undefined; // one that threw half-way holds rows of the failed push
  const output = shred(builder);
  // The memory of full row groups is released: it is tens of megabytes in each worker that has had such a push.
  if (output.rowGroups.length <= 1 && output.rest === undefined) threadBuilder = builder;
  return output;
}

/** Copies bytes[start, end) into the builder, and cuts them. */
export function cut(bytes: Uint8Array, start: number, end: number, builder: RowGroupBuilder): ShreddedLine {
  const at = builder.append(bytes, start, end);
  return builder.shred(at, at + end - start);
}

export function isFull({ rowCount, arenaBytes, valueCount }: RowGroupBuilder): boolean {
  return (
    rowCount >= PUSHED_ROWS_PER_GROUP_MAX ||
    arenaBytes >= PUSHED_GROUP_BYTES_MAX ||
    valueCount >= PUSHED_GROUP_VALUES_MAX
  );
}

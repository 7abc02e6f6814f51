/** A query's view of the store: row groups, wherever they are. */
import type { RowGroupRef } from '../segment/row-group-ref.ts';

/**
 * The store at one instant: every durable line exactly once, whatever is flushed, merged or dropped meanwhile. The
 * files of its row groups stay readable until it is released: by `using`, or by `release` where it outlives a block. A
 * second call does nothing.
 */
export interface Snapshot extends Disposable {
  /** In no particular order. */
  readonly rowGroups: readonly RowGroupRef[];
  release(): void;
}

/** Called with row groups right after they became durable and part of new snapshots. Must not throw. */
export type AppendListener = (rowGroups: readonly RowGroupRef[]) => void;

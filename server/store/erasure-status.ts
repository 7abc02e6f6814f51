/** The progress of an erasure. */
import { leavesOf, type Predicate } from './predicate.ts';

/**
 * - `waiting`    for earlier work
 * - `rewriting`  segment by segment
 * - `unlinking`  rewritten; waits until the old files are gone, which readers may hold
 * - `done`       no file of the data folder has the rows
 */
export type ErasureState = 'waiting' | 'rewriting' | 'unlinking' | 'done';

export interface ErasureStatus {
  readonly id: string;
  readonly state: ErasureState;
  readonly requestedMs: number;
  readonly doneMs: number | undefined;
  /**
   * Until when lines of before the request are erased again if they come back; Infinity: forever, undefined: they are
   * not.
   */
  readonly rememberedUntilMs: number | undefined;
  /** Names of the filters, without their values. */
  readonly names: readonly string[];
  readonly segments: { readonly done: number; readonly total: number };
  readonly rowCount: number;
  /** Why it cannot go on now; it is retried. */
  readonly problem: string | undefined;
}

/** Returns the names that a filter has, without the values: all that may be told of an erasure, and kept. */
export function namesOf({ from, to, where }: Predicate): string[] {
  const leaves = leavesOf(where);
  return [
    ...new Set(leaves.flatMap((leaf) => (leaf.kind === 'value' ? [leaf.name] : []))),
    ...(leaves.some(({ kind }) => kind !== 'value') ? ['q'] : []),
    ...(from === undefined ? [] : ['since']),
    ...(to === undefined ? [] : ['until']),
  ];
}

/** The progress of an erasure. */
import { leavesOf, type Predicate } from './predicate.ts';

/**
 * - `waiting`    for earlier work
 * - `rewriting`  segment by segment
 * - `unlinking`  rewritten; waits until the old files are gone, which readers may hold
 * - `done`       no file of the data folder has the rows
 */
export type ErasureState = 'waiting' | 'rewriting' | 'unlinking' | 'done';

/** How an erasure was asked for, where its asker wants to read that again. */
export interface ErasureRequest {
  /** While the erasure has its filter; without its values from then on. */
  readonly text: string;
  readonly textWithoutValues: string;
  /** The time range of its lines, both ends included, epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
}

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
  readonly request: ErasureRequest | undefined;
  /** Why it cannot go on now; it is retried. */
  readonly problem: string | undefined;
}

export function withoutValues(request: ErasureRequest): ErasureRequest {
  return { ...request, text: request.textWithoutValues };
}

/** Returns the names that a filter has, without the values: all that may be shown of an erasure, and kept. */
export function namesOf({ from, to, where }: Predicate): string[] {
  const leaves = leavesOf(where);
  return [
    ...new Set(leaves.flatMap((leaf) => (leaf.kind === 'value' ? [leaf.name] : []))),
    ...(leaves.some(({ kind }) => kind !== 'value') ? ['q'] : []),
    ...(from === undefined ? [] : ['since']),
    ...(to === undefined ? [] : ['until']),
  ];
}

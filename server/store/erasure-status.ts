/** How far an erasure is. */

/**
 * - `waiting`    for what runs before it
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
  /** Of the filters, without their values. */
  readonly names: readonly string[];
  readonly segments: { readonly done: number; readonly total: number };
  readonly rowCount: number;
  /** Why it does not go on; it is tried again. */
  readonly problem: string | undefined;
}

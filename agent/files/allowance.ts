/** Bytes that a container may send at present, where there is a limit: see ../lines/rate-limit.ts. */

/** Shared by all runs of a container. */
export interface Allowance {
  /** Bytes that may be read now; below 0 after a read that took more. */
  bytes: number;
  refilledMs: number;
  droppedMs: number;
}

export function createAllowance(): Allowance {
  return { bytes: 0, refilledMs: 0, droppedMs: 0 };
}

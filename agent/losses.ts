/**
 * What cannot be saved, and how that is told: a counter of its container, and a marker line in the container's own
 * stream. The marker travels in the batch that moves the file's position behind what is lost, so it is stored exactly
 * once, whatever is repeated or restarted.
 */

export type LossReason =
  /** A file was cut in place. */
  | 'truncated'
  /** A gzip file is damaged. */
  | 'gzip'
  /** Deleted files took more than DELETED_BYTES_MAX. */
  | 'deleted'
  /** Deleted files took more than OPEN_FILES_MAX. */
  | 'descriptors'
  /** One fragment was longer than LINE_BYTES_MAX. */
  | 'overlong'
  /** A container writes more than it may. */
  | 'limited'
  /** The server refuses a batch down to its last line. */
  | 'rejected'
  /** A file that the server knows went away while no agent ran. */
  | 'unwatched'
  /** A file was made and deleted between two looks. */
  | 'unseen';

const WHY: Readonly<Record<LossReason, string>> = {
  truncated: 'it was truncated in place',
  gzip: 'its gzip data is damaged',
  deleted: 'deleted files that were not read yet took too much of the disk',
  descriptors: 'deleted files that were not read yet took too many descriptors',
  overlong: 'a line is too long',
  limited: 'the container writes more than its limit allows',
  rejected: 'the server refuses them',
  unwatched: 'it was deleted while no agent was running',
  unseen: 'it was deleted before it could be opened',
};

/** Reasons for which it is not even known whether there was anything to lose: the marker says "may have been". */
const UNCERTAIN: ReadonlySet<LossReason> = new Set(['truncated', 'unwatched', 'unseen']);

export interface Loss {
  readonly reason: LossReason;
  /** Bytes of the log file; undefined when nobody knows. */
  readonly sizeBytes: number | undefined;
}

/** The line that stands in the container's stream where something is missing. */
export function markerText(fileName: string, { reason, sizeBytes }: Loss): string {
  return `podlog: ${describe(fileName, reason, sizeBytes)} lost: ${WHY[reason]}`;
}

function describe(fileName: string, reason: LossReason, sizeBytes: number | undefined): string {
  if (sizeBytes !== undefined) return `${sizeBytes} bytes of ${fileName} were`;
  return `lines of ${fileName} ${UNCERTAIN.has(reason) ? 'may have been' : 'were'}`;
}

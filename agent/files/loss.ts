/**
 * Losses, and how they are reported: by a metric of the container, and by a marker, a line with the container's labels in
 * podlog's own stream. The marker travels in the batch that moves the file's position past the loss, so it is stored exactly
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
  /** The file holds NUL bytes in the place of records. */
  | 'zeros'
  /** A container writes more than its limit. */
  | 'limited'
  /** The server refuses a batch down to its last line. */
  | 'rejected'
  /** A file that the server knows went away while no agent ran. */
  | 'deleted-while-down'
  /** A file was made and deleted between two listings. */
  | 'never-opened';

const WHY: Readonly<Record<LossReason, string>> = {
  truncated: 'it was truncated in place',
  gzip: 'its gzip data is damaged',
  deleted: 'deleted files that were not read yet took too much of the disk',
  descriptors: 'deleted files that were not read yet took too many descriptors',
  overlong: 'a line is too long',
  zeros: 'the file holds only NUL bytes there, as after a power cut',
  limited: 'the container writes more than its limit allows',
  rejected: 'the server refuses them',
  'deleted-while-down': 'it was deleted while no agent was running',
  'never-opened': 'it was deleted before it could be opened',
};

/** Reasons that leave open whether anything was lost: the marker says "may have been". */
const UNCERTAIN: ReadonlySet<LossReason> = new Set(['truncated', 'deleted-while-down', 'never-opened']);

export interface Loss {
  readonly reason: LossReason;
  /** Bytes of the log file; undefined when unknown. */
  readonly sizeBytes: number | undefined;
}

/** A line of podlog's own in place of what is missing. */
export interface Marker {
  readonly text: Buffer;
  readonly day: number;
  readonly timeNs: number;
}

/** A file's name, and the time of the last line that was read from it. */
export interface MarkedFile {
  readonly log: { readonly name: string };
  readonly reading: { readonly lastDay: number; readonly lastTimeNs: number };
}

/**
 * Returns the marker for a loss after the last line of a file. Its time is a nanosecond after that line's: the order of arrival
 * only counts among lines of one stream and time, and the marker is in another stream.
 */
export function markerOf({ log, reading }: MarkedFile, { reason, sizeBytes }: Loss): Marker {
  const text = `podlog: ${describe(log.name, reason, sizeBytes)} lost: ${WHY[reason]}`;
  return { text: Buffer.from(text), day: reading.lastDay, timeNs: reading.lastTimeNs + 1 };
}

function describe(fileName: string, reason: LossReason, sizeBytes: number | undefined): string {
  if (sizeBytes !== undefined) return `${sizeBytes} bytes of ${fileName} were`;
  return `lines of ${fileName} ${UNCERTAIN.has(reason) ? 'may have been' : 'were'}`;
}

/** A file that cannot be opened any more, and only has a marker. */
export interface LostFile {
  readonly restart: number;
  /** Its name in the marker. */
  readonly name: string;
  readonly reason: LossReason;
  /** See headOfLost. */
  readonly head: string;
  /** The id of the file that the server knows, if any: it may be forgotten once the marker is stored. */
  readonly replaces?: string;
  /** Its place in the chain; before all others by default. */
  readonly rotation?: string;
}

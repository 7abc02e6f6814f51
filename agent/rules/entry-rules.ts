/**
 * Rules that decide which lines of a stream belong to one entry. They are given one line at a time, and the state in which
 * the line before it left the entry, so that the bytes of each line are examined once.
 */

/** Not the state of an entry: the line is complete by itself, whatever follows. */
export const ALONE = 0;

/**
 * Added to the state that `next` returns: the line belongs to the entry only if a logger has written the line before it, which is
 * the entry's first and only one. Who has that line decides.
 */
export const IF_LOGGED = 0x100;

export interface EntryRules {
  /** Whether the line bytes[start, end) is a JSON object, which is always an entry of its own. */
  isObject(bytes: Uint8Array, start: number, end: number): boolean;
  /** The state of an entry that begins with the line bytes[start, end); never ALONE. */
  begin(bytes: Uint8Array, start: number, end: number): number;
  /** The state after the line, or ALONE when it does not belong to the entry; with IF_LOGGED when that is still to be decided. */
  next(state: number, bytes: Uint8Array, start: number, end: number): number;
  /** How long an entry in this state waits for another line. */
  idleMsMax(state: number): number;
}

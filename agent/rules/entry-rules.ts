/**
 * Which lines of a stream belong together. Rules are asked about one line at a time and know nothing but the state in
 * which the line before has left the entry, so that each line is looked at once, by its bytes.
 */

/** No state of an entry: the line stands alone, whatever follows. */
export const ALONE = 0;

export interface EntryRules {
  /** Whether the line bytes[start, end) is a JSON object, which is always an entry of its own. */
  isObject(bytes: Uint8Array, start: number, end: number): boolean;
  /** The state of an entry that begins with the line bytes[start, end); never ALONE. */
  begin(bytes: Uint8Array, start: number, end: number): number;
  /** The state after the line, or ALONE when it does not belong to the entry. */
  next(state: number, bytes: Uint8Array, start: number, end: number): number;
  /** How long an entry in this state waits for another line. */
  idleMsMax(state: number): number;
}

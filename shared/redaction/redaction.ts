/** A redact rule in the form in which lines are searched for it, and the result of a search. */

/** A match: bytes [start, end). One object is reused, so that a search costs no allocation. */
export interface Found {
  start: number;
  end: number;
  /** The start of the line that is searched. */
  lineStart: number;
  /** The line in Latin-1, decoded when it is first needed. */
  text: string | undefined;
}

/** Finds the first match in bytes[at, end), in linear time; `at` is the line's start or the end of the previous match. */
export type Finder = (bytes: Buffer, at: number, end: number, found: Found) => boolean;

export interface Redaction {
  readonly name: string;
  readonly find: Finder;
  readonly replacement: string;
  /** HAS_… bits for bytes of which every line with a match has at least one; 0 when that is not known. */
  readonly needs: number;
  /** Its matches are whole words, and never part of a number. */
  readonly isNamed: boolean;
}

/** A redact rule in the form in which lines are looked through for it, and what a look finds. */

/** What was found: bytes [start, end). One object for all, so that a look costs no allocation. */
export interface Found {
  start: number;
  end: number;
  /** Where the line begins that is looked through. */
  lineStart: number;
  /** The line in Latin-1, decoded when it is first needed. */
  text: string | undefined;
}

/** Looks in bytes[at, end) for the first occurrence; `at` is the line's start or the end of the one before. Linear. */
export type Finder = (bytes: Buffer, at: number, end: number, found: Found) => boolean;

export interface Redaction {
  readonly name: string;
  readonly find: Finder;
  readonly replacement: string;
  /** HAS_… bits of bytes of which a line has at least one, if anything is found in it; 0 when that is not known. */
  readonly needs: number;
  /** What it finds is a whole word, and never a part of a number. */
  readonly isNamed: boolean;
}

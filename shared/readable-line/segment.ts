/** The pieces of a readable line, in the order in which they are shown. */

export type SegmentKind =
  /** The head of a line about a request. */
  | 'method'
  | 'path'
  | 'status'
  | 'duration'
  /** What the line says. */
  | 'message'
  /** The number of further lines of an entry. */
  | 'more-lines'
  /** Why an event happened, to what, and how often. */
  | 'reason'
  | 'object'
  | 'times'
  | 'error'
  | 'field'
  | 'id'
  /** The number of fields that are not shown. */
  | 'more-fields'
  /** What podlog says about a container. */
  | 'podlog'
  | 'flag';

/** Segments are shown with a space between them. */
export interface Segment {
  readonly kind: SegmentKind;
  /** Precedes the text: `error.kind=`, or with a space where the value has a unit, `latency `. */
  readonly key?: string;
  /** One line, without control characters and characters that change the direction of text. */
  readonly text: string;
  /** The field that this is the value of, as searches call it. */
  readonly name?: string;
  /** Its value, as it was written. */
  readonly value?: string;
  /** The whole text, on one line, where `text` is cut. */
  readonly full?: string;
  readonly tone?: 'warn' | 'error';
  /** The text in pieces, where its program coloured it. */
  readonly runs?: readonly Run[];
}

export interface Run {
  readonly text: string;
  /** One of a terminal's 16 colours, 0 to 15; undefined: none. */
  readonly color: number | undefined;
}

/** A field of a line. */
export interface Field {
  /** Keys of nested objects joined by dots. */
  readonly name: string;
  /** A text without its quotes and escapes; everything else, such as a number, as it was written. */
  readonly value: string;
}

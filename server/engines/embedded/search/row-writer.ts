/** How rows become text: one writer for each form of an answer. */
import type { Labels } from '../../../../shared/labels.ts';
import type { Run } from '../../../../shared/row-group/runs.ts';
import type { LineFields } from './line-fields.ts';
import type { TextBuffer } from './text-buffer.ts';

/** A row to be written; one object serves all rows of an answer. */
export interface TextRow {
  labels: Labels;
  flags: number;
  /** Undefined where it is not known. */
  run: Run | undefined;
  /** The line is bytes[start, end). */
  bytes: Buffer;
  start: number;
  end: number;
  /** The fields of the line, where the writer needs them. */
  fields: LineFields | undefined;
  /** From the start of its base day, in ns. */
  baseDay: number;
  timeNs: number;
  /** Texts of cursors, of which that of the row begins at `cursorStart`; only where a writer needs them. */
  cursors: Buffer;
  cursorStart: number;
}

export interface RowWriter {
  readonly needsFields: boolean;
  readonly needsCursors: boolean;
  /** Bytes of text for each of a line, as a rule: buffers are bounded by it. */
  readonly expansion: number;
  write(row: TextRow, out: TextBuffer): void;
}

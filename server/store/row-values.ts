/** What some names say in lines, without the lines: all that totals need. */
import type { BlockField } from './row-block.ts';

export interface ValuesAsked {
  /** Labels and fields, each once. */
  readonly names: readonly string[];
  /** Limits of lines that match, and of what the names say in them. */
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Some lines, in no order. */
export interface RowValues {
  readonly rowCount: number;
  /** One for each name, in the order in which they were asked for. */
  readonly fields: readonly BlockField[];
}

/** Returns the buffers, to be transferred or counted. */
export function buffersOfValues({ fields }: RowValues): ArrayBuffer[] {
  const arrays = fields.flatMap(({ values, isPresent }) => [values.bytes, values.offsets, isPresent]);
  // Names that no line has share theirs.
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}

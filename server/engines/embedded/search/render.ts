/** Renders lines as text, by the writer of their sink. */
import type { TextSink } from '../../../store/sink.ts';
import type { TextRow } from './row-writer.ts';
import { writerOf } from './row-writers.ts';
import type { ChosenRows, SinkGroup } from './sink-group.ts';
import { TextBuffer } from './text-buffer.ts';

/** The text of the first of some rows, and the end of each: of all rows, if their lines are not too long. */
export interface RenderedText {
  readonly kind: 'text';
  readonly text: Uint8Array;
  readonly ends: Uint32Array;
}

/**
 * Invalid UTF-8 is replaced, except in raw.
 * @see sinkRows
 */
export function textOf(
  groups: readonly (SinkGroup | undefined)[],
  { groupOf, rows, timesNs }: ChosenRows,
  sink: TextSink,
): RenderedText {
  const writer = writerOf(sink);
  const next = new Uint32Array(groups.length);
  const ends = new Uint32Array(rows.length);
  const lineBytes = groups.reduce((sum, group) => sum + (group?.lines.bytes.length ?? 0), 0);
  const out = new TextBuffer(lineBytes * writer.expansion);
  let count = 0;
  for (; count < rows.length; count++) {
    const group = groups[groupOf[count]!];
    if (group !== undefined) {
      const line = next[groupOf[count]!]!++;
      if (line + 1 >= group.lines.offsets.length) break;
      writer.write(rowOf(group, rows[count]!, timesNs[count]!, line), out);
    }
    ends[count] = out.length;
  }
  return { kind: 'text', text: out.finish(), ends: ends.subarray(0, count) };
}

function rowOf(group: SinkGroup, row: number, timeNs: number, line: number): TextRow {
  const { opened, lines, streamCodes, flags, runCodes, lineFields, cursorAt } = group;
  lineFields?.moveTo(row, line);
  return {
    labels: opened.info.streams[streamCodes[row]!]!,
    flags: flags[row]!,
    run: opened.runs[runCodes[row]! - 1],
    bytes: lines.bytes,
    start: lines.offsets[line]!,
    end: lines.offsets[line + 1]!,
    fields: lineFields,
    baseDay: opened.info.baseDay,
    timeNs,
    cursor: () => cursorAt(row, timeNs),
  };
}

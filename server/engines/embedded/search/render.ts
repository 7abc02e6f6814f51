/** Renders lines as text, by the writer of their sink. */
import { CURSOR_CHARS, NO_CURSOR_KEY, sealedCursors } from '../../../store/cursor.ts';
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
  const count = builtCount(groups, groupOf);
  const next = new Uint32Array(groups.length);
  const ends = new Uint32Array(count);
  const lineBytes = groups.reduce((sum, group) => sum + (group?.lines.bytes.length ?? 0), 0);
  const out = new TextBuffer(lineBytes * writer.expansion);
  const cursors = writer.needsCursors ? cursorsOf(groups, { groupOf, rows, timesNs }, count, sink) : NO_CURSORS;
  for (let i = 0; i < count; i++) {
    const group = groups[groupOf[i]!];
    if (group !== undefined) {
      const line = next[groupOf[i]!]!++;
      writer.write(rowOf(group, rows[i]!, timesNs[i]!, line, { cursors, cursorStart: i * CURSOR_CHARS }), out);
    }
    ends[i] = out.length;
  }
  return { kind: 'text', text: out.finish(), ends };
}

const NO_CURSORS = Buffer.alloc(0);

/** Returns the number of rows before the first one whose line has not been built. */
function builtCount(groups: readonly (SinkGroup | undefined)[], groupOf: Uint32Array): number {
  const left = groups.map((group) => (group === undefined ? Infinity : group.lines.offsets.length - 1));
  for (let i = 0; i < groupOf.length; i++) if (left[groupOf[i]!]!-- === 0) return i;
  return groupOf.length;
}

/** Returns the texts of the cursors of the first rows. */
function cursorsOf(
  groups: readonly (SinkGroup | undefined)[],
  { groupOf, rows, timesNs }: ChosenRows,
  count: number,
  { cursorKey = NO_CURSOR_KEY }: TextSink,
): Buffer {
  return sealedCursors(cursorKey, count, (i) => groups[groupOf[i]!]?.cursorAt(rows[i]!, timesNs[i]!) ?? OF_NO_ROW);
}

/** In the place of a row that cannot be read. */
const OF_NO_ROW = { day: 0, timeNs: 0, stream: 0, arrival: 0 };

function rowOf(
  group: SinkGroup,
  row: number,
  timeNs: number,
  line: number,
  { cursors, cursorStart }: Pick<TextRow, 'cursors' | 'cursorStart'>,
): TextRow {
  const { opened, lines, streamOf, flagsOf, runOf, lineFields } = group;
  lineFields?.moveTo(row, line);
  return {
    labels: opened.info.streams[streamOf(row)]!,
    flags: flagsOf(row),
    run: runOf(row),
    bytes: lines.bytes,
    start: lines.offsets[line]!,
    end: lines.offsets[line + 1]!,
    fields: lineFields,
    baseDay: opened.info.baseDay,
    timeNs,
    cursors,
    cursorStart,
  };
}

/** Rows as objects: time, labels, level, flags, the line to the byte, its fields, its metadata if it has any, and its cursor. */
import type { Labels } from '../../../../shared/labels.ts';
import { CURSOR_CHARS } from '../../../store/cursor.ts';
import { flagNames } from '../../../store/row-block.ts';
import { FieldsWriter } from './fields-writer.ts';
import type { RowClock } from './row-clock.ts';
import type { RowWriter, TextRow } from './row-writer.ts';
import { levelOf } from './row-level.ts';
import type { TextBuffer } from './text-buffer.ts';

export class ObjectRows implements RowWriter {
  readonly needsFields = true;
  readonly needsCursors = true;
  readonly expansion = 3;
  readonly #clock: RowClock;
  readonly #end: string;
  readonly #labels = new Map<Labels, Buffer>();
  readonly #fields = new FieldsWriter();

  /** @param end  of each row */
  constructor(clock: RowClock, end: string) {
    this.#clock = clock;
    this.#end = end;
  }

  write(row: TextRow, out: TextBuffer): void {
    const { labels, flags, run, bytes, start, end, fields } = row;
    out.ascii('{"time":"');
    out.ascii(this.#clock.rfc3339(row.baseDay, row.timeNs));
    out.raw(this.#labelsText(labels));
    const level = levelOf(labels, fields!);
    if (level !== undefined) {
      out.ascii(',"level":');
      out.jsonString(level, 0, level.length);
    }
    if (flags !== 0) out.ascii(`,"flags":${JSON.stringify(flagNames(flags))}`);
    if (run !== undefined) out.ascii(`,"restart":${run.restart}`);
    out.ascii(',"line":');
    const isUtf8 = out.jsonString(bytes, start, end);
    out.ascii(',"fields":');
    this.#fields.write(row, isUtf8, out);
    if (fields!.shape.metadata.length > 0) {
      out.ascii(',"metadata":');
      this.#fields.writeMetadata(row, out);
    }
    out.ascii(',"cursor":"');
    out.copy(row.cursors, row.cursorStart, row.cursorStart + CURSOR_CHARS);
    out.ascii('"}');
    out.ascii(this.#end);
  }

  #labelsText(labels: Labels): Buffer {
    let text = this.#labels.get(labels);
    if (text === undefined) {
      text = Buffer.from(`","labels":${JSON.stringify(labels)}`);
      this.#labels.set(labels, text);
    }
    return text;
  }
}

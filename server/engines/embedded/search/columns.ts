/**
 * The columns of a row that a query asks for: what the row has besides its labels and fields; and the message, whatever its
 * logger calls it. Other names are those of filters, so that a label takes precedence over a field.
 */
import { isUtf8 } from 'node:buffer';
import { labelOf } from '../../../../shared/labels.ts';
import { LEVEL } from '../../../../shared/levels.ts';
import { messageOf } from '../../../../shared/readable-line/message.ts';
import { type Answer, answerTo, answerToField, withoutMetadata } from '../../../../shared/row-group/answer.ts';
import { type AskedName, parseName, RESTART } from '../../../store/asked-name.ts';
import {
  CURSOR_COLUMN,
  FIELDS_COLUMN,
  LABELS_COLUMN,
  LINE_COLUMN,
  MESSAGE_COLUMN,
  TIME_COLUMN,
} from '../../../store/columns.ts';
import { CURSOR_CHARS } from '../../../store/cursor.ts';
import { foldToBucket } from '../aggregate/log-codes.ts';
import { textOfRun } from '../scan/line-runs.ts';
import { patternOfFields, patternOfText } from '../scan/pattern-of-line.ts';
import { shapeOf } from '../scan/shape.ts';
import type { FieldShape } from './field-shape.ts';
import { FieldsWriter, writeValue } from './fields-writer.ts';
import type { RowClock } from './row-clock.ts';
import { levelOf } from './row-level.ts';
import type { TextRow } from './row-writer.ts';
import type { TextBuffer } from './text-buffer.ts';

/** In the place of a text that a row has besides its labels and fields. */
const NOT_OWN = Symbol('not own');

export class Columns {
  readonly names: readonly string[];
  readonly #clock: RowClock;
  readonly #asked: readonly AskedName[];
  readonly #fields = new FieldsWriter();
  readonly #answers = new WeakMap<FieldShape, readonly (Answer | undefined)[]>();

  constructor(names: readonly string[], clock: RowClock) {
    this.names = names;
    this.#clock = clock;
    this.#asked = names.map(parseName);
  }

  get haveCursors(): boolean {
    return this.names.includes(CURSOR_COLUMN);
  }

  /** Returns the value of a column as text; undefined where the row has none. */
  textOf(column: number, row: TextRow): string | undefined {
    const own = this.#ownText(this.names[column]!, row);
    if (own !== NOT_OWN) return own;
    const value = this.#valueOf(column, row);
    if (value === undefined || typeof value === 'string') return value;
    return value.kind === 'implied' ? value.value.toString() : row.fields!.value(value.slot).toString();
  }

  /** Writes the value of a column as JSON: numbers as they are in the line, null where the row has no value. */
  writeJson(column: number, row: TextRow, out: TextBuffer): void {
    const name = this.names[column]!;
    if (name === LABELS_COLUMN) return out.text(JSON.stringify(row.labels));
    if (name === FIELDS_COLUMN) return this.#fields.write(row, isUtf8(row.bytes.subarray(row.start, row.end)), out);
    if (name === RESTART && row.run !== undefined) return out.ascii(String(row.run.restart));
    const own = this.#ownText(name, row);
    const value = own === NOT_OWN ? this.#valueOf(column, row) : own;
    if (value === undefined) out.ascii('null');
    else if (typeof value === 'string') out.text(JSON.stringify(value));
    else if (value.kind === 'implied') out.jsonString(value.value, 0, value.value.length);
    else writeValue(row.fields!, value.slot, isUtf8(row.fields!.raw(value.slot)), out);
  }

  /** Returns NOT_OWN for a name of a label or field. */
  #ownText(name: string, row: TextRow): string | undefined | typeof NOT_OWN {
    switch (name) {
      case TIME_COLUMN:
        return this.#clock.rfc3339(row.baseDay, row.timeNs);
      case LEVEL:
        return levelOf(row.labels, row.fields!)?.toString();
      case LINE_COLUMN:
        return row.bytes.toString('utf8', row.start, row.end);
      case CURSOR_COLUMN:
        return row.cursors.toString('latin1', row.cursorStart, row.cursorStart + CURSOR_CHARS);
      case MESSAGE_COLUMN: {
        const fields = new Map(row.fields!.texts().map(({ name: field, value }) => [field, value]));
        return messageOf(row.bytes.toString('utf8', row.start, row.end), fields)?.text;
      }
      case LABELS_COLUMN:
        return pairs(Object.entries(row.labels));
      case FIELDS_COLUMN:
        return pairs(row.fields!.texts().map(({ name: field, value }) => [field, value]));
      default:
        return NOT_OWN;
    }
  }

  #valueOf(column: number, row: TextRow): string | Answer | undefined {
    const { name, only, isShape, isPattern, ofRun, isBucket } = this.#asked[column]!;
    if (isPattern) return patternOf(row);
    if (ofRun !== undefined) return row.run && textOfRun(row.run, ofRun);
    const label = only === 'field' ? undefined : labelOf(row.labels, name);
    const value = label ?? (only === 'label' ? undefined : this.#answerOf(column, row));
    if (!(isShape || isBucket) || value === undefined) return value;
    const bytes = typeof value === 'string' ? Buffer.from(value) : valueBytes(value, row);
    if (isBucket) return foldToBucket(bytes, 0, bytes.length).toString() || undefined;
    return (shapeOf(bytes, 0, bytes.length) ?? bytes).toString();
  }

  #answerOf(column: number, { fields }: TextRow): Answer | undefined {
    const { shape } = fields!;
    let answers = this.#answers.get(shape);
    if (answers === undefined) {
      answers = this.#asked.map(({ name, only }) => (only === 'field' ? answerToField : answerTo)(name, shape));
      this.#answers.set(shape, answers);
    }
    const answer = answers[column];
    // A member of the objects in an array has no single value.
    return answer?.kind === 'value' && answer.path !== '' ? undefined : answer;
  }
}

function pairs(entries: readonly (readonly [name: string, value: string])[]): string {
  return entries.map(([name, value]) => `${name}=${value}`).join(' ');
}

function patternOf({ fields, bytes, start, end }: TextRow): string {
  if (!fields!.isCut) return patternOfText(bytes, start, end);
  return patternOfFields(withoutMetadata(fields!.shape), (slot) => fields!.value(slot));
}

function valueBytes(answer: Answer, { fields }: TextRow): Buffer {
  return answer.kind === 'implied' ? answer.value : fields!.value(answer.slot);
}

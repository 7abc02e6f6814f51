/**
 * Fields, or metadata, as an object, each name once. They are written from where they are in the line, so numbers stay as they are written. Of
 * most lines of JSON, which are an object of their fields themselves, the object is the line.
 */
import { KIND_PLAIN, KIND_SCALAR, KIND_STRING } from '../../../../shared/row-group/format.ts';
import type { FieldShape } from './field-shape.ts';
import { isJsonValue } from './json-value.ts';
import type { LineFields } from './line-fields.ts';
import type { TextRow } from './row-writer.ts';
import type { TextBuffer } from './text-buffer.ts';

const COMMA = ',';

/** With their quotes, colons, and the commas before them. */
interface ShapeKeys {
  readonly fields: readonly Buffer[];
  readonly metadata: readonly Buffer[];
}

export class FieldsWriter {
  readonly #keys = new WeakMap<FieldShape, ShapeKeys>();

  /** @param isUtf8  whether the line is */
  write({ fields, bytes, start, end }: TextRow, isUtf8: boolean, out: TextBuffer): void {
    if (isUtf8 && fields!.shape.isObject && areValuesJson(fields!)) out.copy(bytes, start, end);
    else this.#writeFields(fields!, isUtf8, out);
  }

  /** Only of a row that has some. */
  writeMetadata({ fields }: TextRow, out: TextBuffer): void {
    writeObject(fields!, fields!.shape.metadata, this.#keysOf(fields!.shape).metadata, false, out);
  }

  #writeFields(fields: LineFields, isUtf8: boolean, out: TextBuffer): void {
    writeObject(fields, fields.shape.slots, this.#keysOf(fields.shape).fields, isUtf8, out);
  }

  #keysOf(shape: FieldShape): ShapeKeys {
    let keys = this.#keys.get(shape);
    if (keys === undefined) {
      const keysOf = (slots: readonly number[]): Buffer[] =>
        slots.map((slot, i) => Buffer.from(`${i === 0 ? '' : COMMA}${JSON.stringify(shape.fields[slot])}:`));
      keys = { fields: keysOf(shape.slots), metadata: keysOf(shape.metadata) };
      this.#keys.set(shape, keys);
    }
    return keys;
  }
}

function writeObject(
  fields: LineFields,
  slots: readonly number[],
  keys: readonly Buffer[],
  isUtf8: boolean,
  out: TextBuffer,
): void {
  out.ascii('{');
  for (let i = 0; i < keys.length; i++) {
    out.raw(keys[i]!);
    writeValue(fields, slots[i]!, isUtf8, out);
  }
  out.ascii('}');
}

function areValuesJson({
  shape: { kinds, count, lineCount = count },
  bytes,
  starts,
  ends,
  first,
}: LineFields): boolean {
  for (let slot = 0; slot < lineCount; slot++) {
    if (!isJsonValue(kinds[slot]!, bytes, starts[first + slot]!, ends[first + slot]!)) return false;
  }
  return true;
}

/** Writes a value as it is in the line if that is JSON, else as a string. */
export function writeValue(fields: LineFields, slot: number, isUtf8: boolean, out: TextBuffer): void {
  const { shape, bytes, starts, ends, first } = fields;
  const start = starts[first + slot]!;
  const end = ends[first + slot]!;
  const kind = shape.kinds[slot]!;
  const isAscii = isUtf8 || kind === KIND_SCALAR || kind === KIND_PLAIN;
  if (!isAscii || !isJsonValue(kind, bytes, start, end)) {
    const value = fields.value(slot);
    out.jsonString(value, 0, value.length);
  } else if (kind === KIND_STRING) {
    out.ascii('"');
    out.copy(bytes, start, end);
    out.ascii('"');
  } else out.copy(bytes, start, end);
}

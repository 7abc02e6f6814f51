/**
 * Fingerprints of field values: 32 bits each, the same for a value however its column is encoded and for the text of a
 * query. A canonical UUID is hashed by its bits, so that a column of UUIDs need not be formatted.
 */
import type { ColumnValues, Uuids } from '../../../../shared/row-group/encodings/column-values.ts';
import { byteStringAt, hashBytes } from '../../../../shared/byte-strings.ts';
import { valueCount, valueSizeMax, writeValue } from '../../../../shared/row-group/column.ts';
import { distinctCutTexts } from '../../../../shared/row-group/encodings/pattern.ts';
import { looksLikeUuid, parseUuid } from '../../../../shared/row-group/encodings/uuid.ts';
import { storedCount, unpackStored, UUID_BYTES } from '../../../../shared/row-group/encodings/uuid-short.ts';
import { fieldsAround } from '../../../../shared/row-group/answer.ts';
import { someElement } from '../../../../shared/row-group/array-elements.ts';
import { KIND_ARRAY, KIND_STRING, KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';

/** Widest range of integers for which a table of all of them is made. */
const MARKED_RANGE_MAX = 1 << 20;

const uuid = new Uint8Array(UUID_BYTES);

/** Returns the fingerprint of a value as text, with escapes resolved. */
export function fingerprintOf(text: Uint8Array): number {
  if (looksLikeUuid(text, 0, text.length) && parseUuid(text, 0, uuid, 0)) return hashBytes(uuid, 0, UUID_BYTES);
  return hashBytes(text, 0, text.length);
}

/**
 * Returns the fingerprints of all values of a field in a row group. Few are repeated.
 * @param hasElements  whether elements of arrays are included
 * @returns undefined when lines of the group may have the field outside of its columns: the group may hold any value
 */
export function fieldFingerprints(group: RowGroup, field: string, hasElements: boolean): Uint32Array | undefined {
  const parts: Uint32Array[] = [];
  for (const [index, { slot }] of group.columns.entries()) {
    if (slot.kind === KIND_TEXT) return undefined;
    if (slot.field === field) parts.push(columnFingerprints(group.values(index), slot.kind));
    if (slot.kind !== KIND_ARRAY || !hasElements || !fieldsAround(field).includes(slot.field)) continue;
    parts.push(elementFingerprints(group.values(index), field.slice(slot.field.length + 1)));
  }
  return joined(parts);
}

/** @param path  see array-elements.ts */
function elementFingerprints(values: ColumnValues, path: string): Uint32Array {
  const fingerprints = new Set<number>();
  textFingerprints(values, (array) => {
    someElement(array, path, (element) => {
      fingerprints.add(fingerprintOf(element));
      return false;
    });
    return 0;
  });
  return Uint32Array.from(fingerprints);
}

function columnFingerprints(values: ColumnValues, kind: number): Uint32Array {
  return textFingerprints(values, (text) => fingerprintOf(kind === KIND_STRING ? unescaped(text) : text));
}

/** @param textual  returns the fingerprint of a text; its buffer may be overwritten by the next one */
function textFingerprints(values: ColumnValues, textual: (text: Buffer) => number): Uint32Array {
  switch (values.kind) {
    case 'constant':
      return Uint32Array.of(textual(values.value));
    case 'dictionary':
      return collect(values.values.offsets.length - 1, (code) => textual(byteStringAt(values.values, code)));
    case 'uuid':
      return uuidFingerprints(values);
    case 'integer':
      return writtenFingerprints(
        { ...values, values: distinctNumbers(values.values, values.min, values.max) },
        textual,
      );
    case 'pattern':
      return writtenFingerprints(values, textual, distinctCutTexts(values).values);
    case 'decimal':
    case 'timestamp':
    case 'hex':
    case 'raw':
      return writtenFingerprints(values, textual);
  }
}

function uuidFingerprints(uuids: Uuids): Uint32Array {
  return collect(storedCount(uuids), (place) => {
    unpackStored(uuids, place, uuid, 0);
    return hashBytes(uuid, 0, UUID_BYTES);
  });
}

/** @param some  only of these values */
function writtenFingerprints(values: ColumnValues, textual: (text: Buffer) => number, some?: Uint32Array): Uint32Array {
  let scratch = Buffer.alloc(0);
  return collect(some?.length ?? valueCount(values), (i) => {
    const index = some?.[i] ?? i;
    const sizeBytes = valueSizeMax(values, index);
    if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
    return textual(scratch.subarray(0, writeValue(values, index, scratch, 0)));
  });
}

/** Marks numbers of a narrow range in a table, which is much faster than sorting; numbers of wide ranges are sorted. */
function distinctNumbers<T extends Float64Array | Int32Array>(values: T, min: number, max: number): T {
  let count = 0;
  if (max - min < MARKED_RANGE_MAX) {
    const seen = new Uint8Array(max - min + 1);
    const found = values.slice();
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (seen[value - min] === 1) continue;
      seen[value - min] = 1;
      found[count++] = value;
    }
    return found.subarray(0, count) as T;
  }
  const sorted = values.toSorted();
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]!;
  return sorted.subarray(0, count) as T;
}

/** Joins all parts. Values that two columns share occur twice, which costs a few bits and does no harm. */
function joined(parts: readonly Uint32Array[]): Uint32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function collect(count: number, fingerprintAt: (index: number) => number): Uint32Array {
  const fingerprints = new Uint32Array(count);
  for (let i = 0; i < count; i++) fingerprints[i] = fingerprintAt(i);
  return fingerprints;
}

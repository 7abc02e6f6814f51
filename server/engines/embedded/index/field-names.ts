/**
 * The names of the fields that the row groups of a segment have, see ../FORMAT.md#field-names. A search for a value of a name
 * that none of them has reads nothing of the segment, whether or not the field has an index. Names are known by hashes: two
 * names with one hash cost a search some headers, and hide nothing.
 */
import { indexIn } from '../../../../shared/ascending.ts';
import type { ByteReader } from '../../../../shared/bytes.ts';
import { ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { fieldsAround } from '../../../../shared/row-group/answer.ts';
import { hashBytes } from '../../../../shared/byte-strings.ts';
import { KIND_TEXT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { FIELD_NAMES_MAX } from './format.ts';

export interface FieldNames {
  /** Ascending, each once. */
  readonly hashes: Uint32Array;
  /** Ordinals of the row groups whose lines may have other fields: those with lines that are kept whole. */
  readonly unlisted: readonly number[];
}

/** Collects the names of a segment that is being written. */
export class FieldNamesBuilder {
  readonly #hashes = new Set<number>();
  /** Row groups of a segment mostly have the same names. */
  readonly #known = new Set<string>();
  readonly #unlisted: number[] = [];

  add(ordinal: number, { columns }: Pick<RowGroup, 'columns'>): void {
    if (columns.some(({ slot }) => slot.kind === KIND_TEXT)) this.#unlisted.push(ordinal);
    for (const { slot } of columns) {
      if (this.#known.has(slot.field) || this.#hashes.size > FIELD_NAMES_MAX) continue;
      this.#known.add(slot.field);
      this.#hashes.add(hashOf(slot.field));
    }
  }

  /** Returns undefined where there are too many names to list. */
  finish(): FieldNames | undefined {
    if (this.#hashes.size > FIELD_NAMES_MAX) return undefined;
    return { hashes: Uint32Array.from(this.#hashes).toSorted(), unlisted: this.#unlisted };
  }
}

export function encodeFieldNames({ hashes, unlisted }: FieldNames): Buffer {
  const writer = new ByteWriter();
  writer.varint(hashes.length);
  for (const hash of hashes) writer.u32(hash);
  writer.varint(unlisted.length);
  for (const ordinal of unlisted) writer.varint(ordinal);
  return writer.finish();
}

/** @throws CorruptionError */
export function decodeFieldNames(reader: ByteReader): FieldNames {
  const hashes = Uint32Array.from({ length: reader.count(4) }, () => reader.u32());
  const unlisted = Array.from({ length: reader.count() }, () => reader.varint());
  reader.expectEnd();
  const ascends = (numbers: ArrayLike<number>): boolean => {
    for (let i = 1; i < numbers.length; i++) if (numbers[i]! <= numbers[i - 1]!) return false;
    return true;
  };
  if (!ascends(hashes) || !ascends(unlisted)) throw new CorruptionError('the field names are not in order');
  return { hashes, unlisted };
}

/** Returns the ordinals of the row groups that may hold a value of a name; undefined where that may be any. */
export function groupsWithName({ hashes, unlisted }: FieldNames, name: string): Uint32Array | undefined {
  if (fieldsAround(name).some((field) => indexIn(hashes, hashOf(field)) >= 0)) return undefined;
  return Uint32Array.from(unlisted);
}

function hashOf(field: string): number {
  const bytes = Buffer.from(field);
  return hashBytes(bytes, 0, bytes.length);
}

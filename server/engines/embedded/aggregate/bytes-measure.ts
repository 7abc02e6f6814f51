/** Measures bytes of lines, by group: from literals and values, without building a line. */
import { isDigit } from '../../../../shared/ascii.ts';
import { ByteReader } from '../../../../shared/bytes.ts';
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import type { ColumnValues, CutTexts } from '../../../../shared/row-group/encodings/column-values.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { firstValueOf, FIXED_VALUE_BYTES_MAX, valueCount, writeValue } from '../../../../shared/row-group/column.ts';
import { digitCount } from '../../../../shared/row-group/encodings/integer.ts';
import { readTimestampForm, textBytesOf } from '../../../../shared/row-group/encodings/timestamp.ts';
import { UUID_TEXT_BYTES } from '../../../../shared/row-group/encodings/uuid.ts';
import { ENCODING_TIMESTAMP, ENCODING_UUID } from '../../../../shared/row-group/format.ts';
import type { ColumnInfo } from '../../../../shared/row-group/header.ts';
import { GroupSums, type Sums } from './group-sums.ts';
import type { Adder, MeasuredGroup, OpenMeasure } from './open-measure.ts';
import type { Lend } from './dimension.ts';
import type { Measured } from '../../../store/aggregate-plan.ts';

export interface BytesState {
  readonly kind: 'bytes';
  /** By group. */
  readonly bytes: Sums;
}

export class BytesMeasure implements OpenMeasure<BytesState> {
  readonly #bytes: GroupSums;

  /** @param state  of a measure that is no longer used */
  constructor(state: BytesState | undefined) {
    this.#bytes = new GroupSums(state?.bytes);
  }

  read({ group, starts, lend }: MeasuredGroup): Adder {
    const sizes = lineSizes(group, starts, lend);
    return (groups, groupCount) => {
      const bytes = this.#bytes.reserve(groupCount);
      for (let i = 0; i < groups.length; i++) if (groups[i]! >= 0) bytes[groups[i]!]! += sizes[i]!;
    };
  }

  addAll({ bytes }: BytesState, moved: Int32Array, groupCount: number): void {
    this.#bytes.addAll(bytes, moved, groupCount);
  }

  measured(groups: readonly number[], groupCount: number): Measured[] {
    const bytes = this.#bytes.reserve(groupCount);
    return groups.map((group) => ({ kind: 'bytes', bytes: bytes[group]! }));
  }

  ranks(_by: unknown, groupCount: number): Float64Array {
    return this.#bytes.all(groupCount);
  }

  state(): BytesState {
    return { kind: 'bytes', bytes: this.#bytes.state() };
  }
}

/** Returns the bytes of each line, in template order. */
function lineSizes(group: RowGroup, starts: Int32Array, lend: Lend): Uint32Array {
  const sizes = lend(starts.at(-1)!);
  const columns = new Map<number, Uint32Array>();
  for (const [template, { literals }] of group.templates.entries()) {
    const own = sizes.subarray(starts[template], starts[template + 1]);
    if (own.length === 0) continue;
    const ofColumns = group.lineColumnsOfTemplate[template]!;
    const fixed = ofColumns.map((column) => fixedSize(group.columns[column]!));
    own.fill(
      literals.reduce((sum, { length }) => sum + length, 0) + fixed.reduce<number>((sum, size = 0) => sum + size, 0),
    );
    for (const column of ofColumns.filter((_, slot) => fixed[slot] === undefined)) {
      let ofColumn = columns.get(column);
      if (ofColumn === undefined) columns.set(column, (ofColumn = valueSizes(group.values(column), lend)));
      const first = firstValueOf(group.columns[column]!, template);
      for (let i = 0; i < own.length; i++) own[i]! += ofColumn[first + i]!;
    }
  }
  return sizes;
}

/** Returns the bytes of each value where the header says that they have as many: then no page is read. */
function fixedSize({ chunk: { encoding, parameters } }: ColumnInfo): number | undefined {
  if (encoding === ENCODING_UUID) return UUID_TEXT_BYTES;
  if (encoding !== ENCODING_TIMESTAMP) return undefined;
  return textBytesOf(readTimestampForm(new ByteReader(parameters)));
}

function valueSizes(values: ColumnValues, lend: Lend): Uint32Array {
  const sizes = lend(valueCount(values));
  switch (values.kind) {
    case 'constant':
      return sizes.fill(values.value.length);
    case 'uuid':
      return sizes.fill(UUID_TEXT_BYTES);
    case 'hex':
      return sizes.fill(values.width * 2);
    case 'dictionary': {
      const { codes, values: texts } = values;
      for (let i = 0; i < sizes.length; i++) sizes[i] = texts.offsets[codes[i]! + 1]! - texts.offsets[codes[i]!]!;
      return sizes;
    }
    case 'raw':
      for (let i = 0; i < sizes.length; i++) sizes[i] = values.offsets[i + 1]! - values.offsets[i]!;
      return sizes;
    case 'integer':
      for (let i = 0; i < sizes.length; i++) {
        const number = values.values[i]!;
        sizes[i] = number < 0 ? 1 + digitCount(-number) : digitCount(number);
      }
      return sizes;
    case 'pattern':
      return cutTextSizes(values, sizes);
    case 'decimal':
    case 'timestamp': {
      const scratch = Buffer.allocUnsafe(FIXED_VALUE_BYTES_MAX);
      for (let i = 0; i < sizes.length; i++) sizes[i] = writeValue(values, i, scratch, 0);
      return sizes;
    }
  }
}

/** Sizes of texts with numbers: a digit of their pattern is 0, or how many digits a number has that begins with zeros. */
function cutTextSizes({ patterns, codes, firsts, strides, numbers }: CutTexts, sizes: Uint32Array): Uint32Array {
  const fixed = new Uint32Array(strides.length);
  const plainPlaces = Array.from(strides, (_, code) => {
    const pattern = byteStringAt(patterns, code);
    const digits = Array.from(pattern.filter(isDigit));
    fixed[code] = digits.reduce((sum, digit) => sum + digit - ZERO, pattern.length - digits.length);
    return digits.flatMap((digit, place) => (digit === ZERO ? [place] : []));
  });
  for (let i = 0; i < sizes.length; i++) {
    const code = codes[i]!;
    const places = plainPlaces[code]!;
    let sizeBytes = fixed[code]!;
    for (let p = 0; p < places.length; p++) sizeBytes += digitCount(numbers[firsts[i]! + places[p]! * strides[code]!]!);
    sizes[i] = sizeBytes;
  }
  return sizes;
}

const ZERO = 0x30;

/** The decoded values of a column chunk, in the form of its encoding (see encodings/). */
import type { ByteStrings } from '../../byte-strings.ts';

export type ColumnValues =
  | Constant
  | ({ readonly kind: 'dictionary' } & Dictionary)
  | ({ readonly kind: 'integer' } & Integers)
  | ({ readonly kind: 'decimal' } & DecodedDecimals)
  | ({ readonly kind: 'timestamp' } & Timestamps)
  | ({ readonly kind: 'uuid' } & Uuids)
  | ({ readonly kind: 'hex' } & HexValues)
  | ({ readonly kind: 'raw' } & ByteStrings)
  | ({ readonly kind: 'pattern' } & CutTexts);

export type ValuesOf<K extends ColumnValues['kind']> = Extract<ColumnValues, { readonly kind: K }>;

export interface Constant {
  readonly kind: 'constant';
  readonly value: Buffer;
  readonly count: number;
}

export type Codes = Uint8Array | Uint16Array;

export interface Dictionary {
  readonly values: ByteStrings;
  readonly codes: Codes;
}

/** Narrow where all values fit, to halve the memory. */
export type IntegerArray = Float64Array | Int32Array;

export interface Integers {
  readonly values: IntegerArray;
  readonly min: number;
  readonly max: number;
}

export interface Decimals {
  readonly mantissas: IntegerArray;
  /** How many digits of each mantissa stand behind the point, or of all. */
  readonly scale: number | Uint8Array;
  /** Zeros at the ends of mantissas, after the point, are not part of the text. */
  readonly isShortest: boolean;
}

export type DecodedDecimals = Decimals & { readonly min: number; readonly max: number };

export interface TimestampForm {
  readonly separator: number;
  readonly fractionDigits: number;
  readonly zone: Buffer;
}

export interface Timestamps {
  readonly form: TimestampForm;
  readonly baseDay: number;
  /** Wall-clock time from the start of the base day, in units of the form's last digit. */
  readonly units: Float64Array;
}

/** Stored UUIDs, each distinct one once where there are places. */
export interface StoredUuids {
  /** 0 to 15, or 255 when `packed` has 16 bytes each and `pairs` is empty. */
  readonly version: number;
  readonly packed: Uint8Array;
  readonly pairs: Uint8Array;
}

/** The values of a chunk. */
export interface Uuids extends StoredUuids {
  readonly count: number;
  /** Value i is UUID places[i] of `packed`; undefined when it is UUID i. */
  readonly places: Uint32Array | undefined;
}

/** `width` bytes a value. */
export interface HexValues {
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** Texts as their patterns and numbers, whatever the arrangement of the numbers. */
export interface CutTexts {
  readonly patterns: ByteStrings;
  /** By value: its pattern. */
  readonly codes: Codes;
  /** By value: the index of its first number. */
  readonly firsts: Uint32Array;
  /** By pattern: the distance from one number of a value to its next. */
  readonly strides: Uint32Array;
  readonly numbers: IntegerArray;
}

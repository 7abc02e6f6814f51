/**
 * All encodings. Each has a file of its own with all its operations; everything that is done for each encoding uses
 * these lists.
 */
import type { Encoding } from './encoding.ts';
import { CONSTANT } from './constant.ts';
import { DECIMAL } from './decimal.ts';
import { DICTIONARY } from './dictionary.ts';
import { HEX } from './hex.ts';
import { INTEGER } from './integer.ts';
import { PATTERN } from './pattern.ts';
import { RAW } from './raw.ts';
import { TIMESTAMP } from './timestamp.ts';
import { UUID } from './uuid.ts';

/** The order in which encodings are tried: the first that suits the values is used, and the last suits all. */
export const BY_PREFERENCE: readonly Encoding[] = [
  CONSTANT,
  INTEGER,
  DECIMAL,
  TIMESTAMP,
  PATTERN,
  DICTIONARY,
  UUID,
  HEX,
  RAW,
];

/** By ENCODING_…. */
export const ENCODINGS: readonly Encoding[] = BY_PREFERENCE.toSorted((a, b) => a.id - b.id);

/** By the kind of decoded values. */
export const ENCODING_OF_KIND = {
  constant: CONSTANT,
  dictionary: DICTIONARY,
  integer: INTEGER,
  decimal: DECIMAL,
  timestamp: TIMESTAMP,
  uuid: UUID,
  hex: HEX,
  raw: RAW,
  pattern: PATTERN,
} as const satisfies Readonly<Record<string, Encoding>>;

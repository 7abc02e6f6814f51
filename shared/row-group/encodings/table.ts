/** All encodings. Each has a file of its own with all that it does; what goes through them goes through these lists. */
import type { Encoding } from '../encoding.ts';
import { CONSTANT } from './constant.ts';
import { DECIMAL } from './decimal.ts';
import { DICTIONARY } from './dictionary.ts';
import { HEX } from './hex.ts';
import { INTEGER } from './integer.ts';
import { PATTERN } from './pattern.ts';
import { RAW } from './raw.ts';
import { TIMESTAMP } from './timestamp.ts';
import { UUID } from './uuid.ts';

/** In the order in which a column is offered to them: the first that takes its values has them, and the last takes all. */
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

/**
 * Patterns against the values of one column: each distinct value once where there is a dictionary, as numbers or bits
 * where the pattern can be read as one, else as text.
 */
import { FIXED_VALUE_BYTES_MAX, valueCount, valueSizeMax, writeValue } from '../../../shared/row-group/column.ts';
import type { ColumnValues } from '../../../shared/row-group/column.ts';
import { byteStringAt } from '../../../shared/row-group/byte-strings.ts';
import { looksLikeUuid, parseUuid } from '../../../shared/row-group/encodings/uuid.ts';
import { UUID_BYTES } from '../../../shared/row-group/encodings/uuid-short.ts';
import { KIND_STRING } from '../../../shared/row-group/format.ts';
import { matchCutTexts } from './match-cut-texts.ts';
import { unescaped } from './unescaped.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';

const CANONICAL_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/** By value: 1 where it matches. Undefined when no value does. */
export function matchColumn(values: ColumnValues, kind: number, patterns: readonly Pattern[]): Uint8Array | undefined {
  const plain = (value: Buffer): boolean => matchesAny(patterns, kind === KIND_STRING ? unescaped(value) : value);
  switch (values.kind) {
    case 'constant':
      return plain(values.value) ? new Uint8Array(values.count).fill(1) : undefined;
    case 'dictionary':
      return matchCodes(
        values.codes,
        matchDistinct(values.values.offsets.length - 1, (code) => plain(byteStringAt(values.values, code))),
      );
    case 'pattern':
      return matchCutTexts(values, patterns, plain, kind === KIND_STRING);
    case 'uuid':
    case 'integer':
    case 'decimal':
    case 'timestamp':
    case 'hex':
    case 'raw':
      return matchTexts(values, plain);
  }
}

type Equals = Extract<Pattern, { kind: 'equals' }>;

function isEqualsOnly(patterns: readonly Pattern[]): patterns is readonly Equals[] {
  return patterns.every((pattern) => pattern.kind === 'equals');
}

function matchDistinct(distinct: number, test: (code: number) => boolean): Uint8Array | undefined {
  const matched = new Uint8Array(distinct);
  let some = false;
  for (let code = 0; code < distinct; code++) {
    if (!test(code)) continue;
    matched[code] = 1;
    some = true;
  }
  return some ? matched : undefined;
}

function matchCodes(codes: Uint8Array | Uint16Array, matchedCodes: Uint8Array | undefined): Uint8Array | undefined {
  if (matchedCodes === undefined) return undefined;
  const matched = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) matched[i] = matchedCodes[codes[i]!]!;
  return matched;
}

/** The integers that patterns stand for; undefined when a pattern has a wildcard, and so may stand for any. */
export function integersOf(patterns: readonly Pattern[]): number[] | undefined {
  if (!isEqualsOnly(patterns)) return undefined;
  const texts = patterns.map(({ text }) => Buffer.from(text).toString('latin1'));
  return texts.filter((text) => CANONICAL_INTEGER.test(text)).map(Number);
}

/** The UUIDs, 16 bytes each, that patterns stand for; undefined when a pattern has a wildcard. */
export function uuidsOf(patterns: readonly Pattern[]): Uint8Array[] | undefined {
  if (!isEqualsOnly(patterns)) return undefined;
  return patterns.flatMap(({ text }) => {
    const uuid = new Uint8Array(UUID_BYTES);
    return looksLikeUuid(text, 0, text.length) && parseUuid(text, 0, uuid, 0) ? [uuid] : [];
  });
}

/** Tests each value as text. The buffer handed to `test` is overwritten by the next value. */
export function matchTexts(values: ColumnValues, test: (value: Buffer) => boolean): Uint8Array | undefined {
  if (values.kind === 'raw') {
    return matchDistinct(values.offsets.length - 1, (i) => test(byteStringAt(values, i)));
  }
  let scratch = Buffer.allocUnsafe(FIXED_VALUE_BYTES_MAX);
  return matchDistinct(valueCount(values), (i) => {
    const sizeBytes = valueSizeMax(values, i);
    if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
    return test(scratch.subarray(0, writeValue(values, i, scratch, 0)));
  });
}

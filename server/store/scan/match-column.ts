/**
 * Patterns against the values of one column: each distinct value once where there is a dictionary, as numbers or bits
 * where the pattern can be read as one, else as text.
 */
import { FIXED_VALUE_BYTES_MAX, valueCount, valueSizeMax, writeValue } from '../../../shared/row-group/column.ts';
import type { ColumnValues } from '../../../shared/row-group/column.ts';
import { byteStringAt, type ByteStrings } from '../../../shared/row-group/byte-strings.ts';
import { looksLikeUuid, parseUuid } from '../../../shared/row-group/encodings/uuid.ts';
import { UUID_BYTES } from '../../../shared/row-group/encodings/uuid-short.ts';
import { someElement } from '../../../shared/row-group/array-elements.ts';
import { KIND_ARRAY, KIND_STRING } from '../../../shared/row-group/format.ts';
import { matchCutTexts } from './match-cut-texts.ts';
import { unescaped } from '../../../shared/row-group/unescaped.ts';
import { matchesAny } from './pattern.ts';
import type { Pattern } from './pattern.ts';

const CANONICAL_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/**
 * By value: 1 where it matches, or an element of it. Undefined when no value does.
 * @param path  see array-elements.ts
 */
export function matchColumn(
  values: ColumnValues,
  kind: number,
  patterns: readonly Pattern[],
  path: string,
): Uint8Array | undefined {
  const plain = plainTest(kind, patterns, path);
  if (values.kind === 'pattern' && kind !== KIND_ARRAY)
    return matchCutTexts(values, patterns, plain, kind === KIND_STRING);
  return matchEach(values, plain);
}

/**
 * By value: 1 where its text passes. Undefined when no value does.
 * @param test  is handed a buffer that the next value may overwrite
 */
export function matchEach(values: ColumnValues, test: (value: Buffer) => boolean): Uint8Array | undefined {
  switch (values.kind) {
    case 'constant':
      return test(values.value) ? new Uint8Array(values.count).fill(1) : undefined;
    case 'dictionary':
      return matchCodes(
        values.codes,
        matchDistinct(values.values.offsets.length - 1, (code) => test(byteStringAt(values.values, code))),
      );
    case 'pattern':
    case 'uuid':
    case 'integer':
    case 'decimal':
    case 'timestamp':
    case 'hex':
    case 'raw':
      return matchTexts(values, test);
  }
}

/** Whether one of some texts matches, which are values of a column. */
export function matchesSome(texts: ByteStrings, kind: number, patterns: readonly Pattern[], path: string): boolean {
  const plain = plainTest(kind, patterns, path);
  for (let i = 0; i + 1 < texts.offsets.length; i++) if (plain(byteStringAt(texts, i))) return true;
  return false;
}

function plainTest(kind: number, patterns: readonly Pattern[], path: string): (value: Buffer) => boolean {
  if (kind === KIND_ARRAY) {
    const test = (value: Buffer): boolean => matchesAny(patterns, value);
    return (value) => (path === '' && test(value)) || someElement(value, path, test);
  }
  return (value) => matchesAny(patterns, kind === KIND_STRING ? unescaped(value) : value);
}

const INTEGER_TEXT = /^[-0-9]*$/;
const UUID_TEXT = /^[-0-9a-f]*$/;

/**
 * The distinct texts that are wanted of values which consist of some characters alone; undefined when a wildcard may
 * stand for any of them.
 */
function textsOf(patterns: readonly Pattern[], characters: RegExp): string[] | undefined {
  const isOpen = patterns.some(
    (pattern) => pattern.kind === 'wildcard' && pattern.parts.every((part) => characters.test(latin1(part))),
  );
  if (isOpen) return undefined;
  return [...new Set(patterns.flatMap((pattern) => (pattern.kind === 'equals' ? [latin1(pattern.text)] : [])))];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
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

/** The integers that patterns stand for, each once; undefined when they may stand for any. */
export function integersOf(patterns: readonly Pattern[]): number[] | undefined {
  return textsOf(patterns, INTEGER_TEXT)
    ?.filter((text) => CANONICAL_INTEGER.test(text))
    .map(Number);
}

/** The UUIDs, 16 bytes each, that patterns stand for, each once; undefined when they may stand for any. */
export function uuidsOf(patterns: readonly Pattern[]): Uint8Array[] | undefined {
  return textsOf(patterns, UUID_TEXT)?.flatMap((text) => {
    const bytes = Buffer.from(text, 'latin1');
    const uuid = new Uint8Array(UUID_BYTES);
    return looksLikeUuid(bytes, 0, bytes.length) && parseUuid(bytes, 0, uuid, 0) ? [uuid] : [];
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

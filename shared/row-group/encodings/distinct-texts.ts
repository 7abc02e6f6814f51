/**
 * The distinct values of a dictionary, or the patterns of texts that differ by numbers.
 *
 * A few short ones are in the parameters: a scan knows them when it has read the header, and no page is spent on them.
 * Others are raw values, or UUIDs.
 *
 * Parameters:  count varint, form u8 (0 raw, 1 UUID, 2 here), then those of the form, or each value sized
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { ByteStrings, ValueRefs } from '../../byte-strings.ts';
import { DICTIONARY_VALUES_MAX } from '../format.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import { readWidth } from './integer.ts';
import { decodeRaw, encodeRaw } from './raw.ts';
import { decodeUuids, encodeUuids, looksLikeUuid, parseUuids, UUID_TEXT_BYTES, writeUuid } from './uuid.ts';
import { UUID_BYTES } from './uuid-short.ts';

const FORM_RAW = 0;
const FORM_UUID = 1;
const FORM_HERE = 2;
/** Limit for all values together. A header is read and decompressed as a whole, so it should stay small. */
const HERE_BYTES_MAX = 1024;

/** @returns true when they are in the parameters */
export function encodeDistinctTexts(values: ValueRefs, parameters: ByteWriter, pages: PageWriter): boolean {
  parameters.varint(values.count);
  if (areShort(values)) {
    parameters.u8(FORM_HERE);
    for (let i = 0; i < values.count; i++) parameters.sized(values.bytes.subarray(values.starts[i], values.ends[i]));
    return true;
  }
  const uuids = looksLikeUuid(values.bytes, values.starts[0]!, values.ends[0]!)
    ? pages.scratch(values.count * UUID_BYTES)
    : undefined;
  if (uuids !== undefined && parseUuids(values, uuids)) {
    parameters.u8(FORM_UUID);
    encodeUuids(uuids, values.count, parameters, pages);
  } else {
    parameters.u8(FORM_RAW);
    encodeRaw(values, parameters, pages);
  }
  return false;
}

/** @throws CorruptionError */
export function decodeDistinctTexts(parameters: ByteReader, pages: PageReader): ByteStrings {
  const count = readCount(parameters);
  const form = parameters.u8();
  switch (form) {
    case FORM_RAW:
      return decodeRaw(parameters, pages, count);
    case FORM_UUID:
      return uuidTexts(parameters, pages, count);
    case FORM_HERE:
      return textsHere(parameters, count);
    default:
      throw new CorruptionError(`distinct values of form ${form}`);
  }
}

/**
 * Returns the texts in the parameters; undefined when they are elsewhere.
 * @throws CorruptionError
 */
export function decodeTextsHere(parameters: ByteReader): ByteStrings | undefined {
  const count = readCount(parameters);
  return parameters.u8() === FORM_HERE ? textsHere(parameters, count) : undefined;
}

/**
 * Whether the texts are in the parameters.
 * @throws CorruptionError
 */
export function areTextsHere(parameters: ByteReader): boolean {
  readCount(parameters);
  return parameters.u8() === FORM_HERE;
}

/**
 * Skips the parameters of raw values; returns false, somewhere within them, when they have another form.
 * @throws CorruptionError
 */
export function skipRawTexts(parameters: ByteReader): boolean {
  readCount(parameters);
  if (parameters.u8() !== FORM_RAW) return false;
  readWidth(parameters);
  return true;
}

function readCount(parameters: ByteReader): number {
  const count = parameters.varint();
  if (count < 1 || count > DICTIONARY_VALUES_MAX) throw new CorruptionError(`${count} distinct values in a chunk`);
  return count;
}

function areShort({ starts, ends, count }: ValueRefs): boolean {
  let sizeBytes = count;
  for (let i = 0; i < count && sizeBytes <= HERE_BYTES_MAX; i++) sizeBytes += ends[i]! - starts[i]!;
  return sizeBytes <= HERE_BYTES_MAX;
}

function textsHere(parameters: ByteReader, count: number): ByteStrings {
  const texts = Array.from({ length: count }, () => parameters.sized());
  const offsets = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + texts[i]!.length;
  return { bytes: Buffer.concat(texts), offsets };
}

function uuidTexts(parameters: ByteReader, pages: PageReader, count: number): ByteStrings {
  const uuids = decodeUuids(parameters, pages, count);
  const bytes = Buffer.allocUnsafe(count * UUID_TEXT_BYTES);
  const offsets = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) offsets[i + 1] = writeUuid(uuids, i, bytes, offsets[i]!);
  return { bytes, offsets };
}

/**
 * Any bytes: the lengths as integers, and a page of all values end to end.
 *
 * Parameters:  those of the lengths
 */
import type { ByteReader, ByteWriter } from '../../bytes.ts';
import { CorruptionError } from '../../errors.ts';
import type { PageReader, PageWriter } from '../pages/page.ts';
import type { ByteStrings, ValueRefs } from '../../byte-strings.ts';
import type { ValuesOf } from './column-values.ts';
import type { Encoding } from './encoding.ts';
import { ENCODING_RAW } from '../format.ts';
import { takeUint32s } from '../pages/part-memory.ts';
import { decodeIntegers, encodeIntegers } from './integer.ts';

/** Finding a value requires the lengths of all earlier ones, so none are picked. */
export const RAW: Encoding<ValuesOf<'raw'>> = {
  id: ENCODING_RAW,
  alphabet: undefined,
  valueBytes: 4,
  arePagesKept: true,
  arePickedCopied: true,

  encode: ({ refs, parameters, pages }) => {
    encodeRaw(refs, parameters, pages);
    return { encoding: ENCODING_RAW, texts: refs };
  },
  decode: ({ parameters, pages, count }) => ({ kind: 'raw', ...decodeRaw(parameters, pages, count) }),
  count: ({ offsets }) => offsets.length - 1,
  memoryBytes: ({ bytes, offsets }) => bytes.length + offsets.byteLength,
};

export function encodeRaw(refs: ValueRefs, parameters: ByteWriter, pages: PageWriter): void {
  const { bytes, starts, ends, count } = refs;
  const lengths = new Float64Array(count);
  let sizeBytes = 0;
  for (let i = 0; i < count; i++) sizeBytes += lengths[i] = ends[i]! - starts[i]!;
  encodeIntegers(lengths, count, parameters, pages);
  const page = pages.scratch(sizeBytes);
  for (let i = 0, to = 0; i < count; i++) {
    const end = ends[i]!;
    if (lengths[i]! > 64) to += bytes.copy(page, to, starts[i], end);
    else for (let from = starts[i]!; from < end; from++) page[to++] = bytes[from]!;
  }
  pages.page(page);
}

export function decodeRaw(parameters: ByteReader, pages: PageReader, count: number): ByteStrings {
  const lengths = decodeIntegers(parameters, pages, count).values;
  const offsets = takeUint32s(count + 1);
  offsets[0] = 0;
  let end = 0;
  for (let i = 0; i < count; i++) {
    if (lengths[i]! < 0) throw new CorruptionError('a value has a negative length');
    offsets[i + 1] = end += lengths[i]!;
  }
  return { bytes: pages.page(end), offsets };
}

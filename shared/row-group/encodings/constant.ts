/**
 * One value for all rows.
 *
 * Parameters:  the value
 */
import { sameBytes } from '../../byte-strings.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import type { Constant } from './column-values.ts';
import type { Encoding } from './encoding.ts';
import { ENCODING_CONSTANT } from '../format.ts';

export const CONSTANT: Encoding<Constant> = {
  id: ENCODING_CONSTANT,
  alphabet: undefined,
  valueBytes: 0,
  arePagesKept: true,
  arePickedCopied: true,

  encode: ({ refs, parameters }) => {
    if (!isConstant(refs)) return undefined;
    parameters.raw(refs.bytes.subarray(refs.starts[0], refs.ends[0]));
    return { encoding: ENCODING_CONSTANT };
  },
  decode: ({ bytes, count }) => ({ kind: 'constant', value: bytes, count }),
  count: ({ count }) => count,
  memoryBytes: ({ value }) => value.length,
};

function isConstant({ bytes, starts, ends, count }: ValueRefs): boolean {
  const start = starts[0]!;
  const end = ends[0]!;
  // The last value is tested first: it differs in almost every column that is not constant.
  for (let i = count - 1; i > 0; i--) if (!sameBytes(bytes, starts[i]!, ends[i]!, bytes, start, end)) return false;
  return true;
}

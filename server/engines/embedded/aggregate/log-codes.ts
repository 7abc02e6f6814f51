/** Numbers by bucket (../../../store/log-buckets.ts): as codes straight from columns of numbers, and as texts from others. */
import type { ColumnValues } from '../../../../shared/row-group/column-values.ts';
import { POWERS_OF_TEN } from '../../../../shared/row-group/encodings/decimal.ts';
import { numberOf } from '../../../../shared/quantity.ts';
import { bucketOfNumber, bucketText } from '../../../store/log-buckets.ts';
import type { Texts } from './texts.ts';

/** As those of value-codes.ts. */
interface BucketCodes {
  readonly codes: (() => Uint16Array) | undefined;
  readonly base: number;
  readonly addTotals: ((totals: Uint32Array) => void) | undefined;
}

const NONE = Buffer.alloc(0);

/** Returns the bucket of a text, which is empty where it is not a number. */
export function foldToBucket(bytes: Buffer, start: number, end: number): Buffer {
  const number = numberOf(bytes.toString('latin1', start, end));
  return Number.isNaN(number) ? NONE : Buffer.from(bucketText(bucketOfNumber(number)));
}

/** Returns the codes of a column of numbers; undefined for others. */
export function bucketCodesOf(values: ColumnValues, texts: Texts): BucketCodes | undefined {
  if (values.kind === 'integer') {
    return codesBetween(
      values.min,
      values.max,
      texts,
      (codes, first) => {
        const { values: numbers } = values;
        for (let i = 0; i < codes.length; i++) codes[i] = bucketOfNumber(numbers[i]!) - first;
      },
      values.values.length,
    );
  }
  if (values.kind !== 'decimal') return undefined;
  const { mantissas, scale, min, max } = values;
  return codesBetween(
    min,
    max,
    texts,
    (codes, first) => {
      if (typeof scale === 'number') {
        const power = POWERS_OF_TEN[scale]!;
        for (let i = 0; i < codes.length; i++) codes[i] = bucketOfNumber(mantissas[i]! / power) - first;
      } else {
        for (let i = 0; i < codes.length; i++)
          codes[i] = bucketOfNumber(mantissas[i]! / POWERS_OF_TEN[scale[i]!]!) - first;
      }
    },
    mantissas.length,
  );
}

/** @param fill  sets codes to buckets, counted from the first one */
function codesBetween(
  min: number,
  max: number,
  texts: Texts,
  fill: (codes: Uint16Array, first: number) => void,
  count: number,
): BucketCodes {
  const first = bucketOfNumber(min);
  const last = bucketOfNumber(max);
  const base = texts.size;
  for (let bucket = first; bucket <= last; bucket++) {
    texts.add({ kind: 'constant', value: Buffer.from(bucketText(bucket)), count: 1 }, 1, false);
  }
  if (first === last) {
    return { codes: undefined, base, addTotals: (totals) => (totals[base]! += count) };
  }
  let known: Uint16Array | undefined;
  const codes = (): Uint16Array => {
    if (known === undefined) fill((known = new Uint16Array(count)), first);
    return known;
  };
  return { codes, base, addTotals: undefined };
}

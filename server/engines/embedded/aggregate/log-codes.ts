/** Numbers by bucket (../../../store/log-buckets.ts): as codes straight from columns of numbers, and as texts from others. */
import type { ColumnValues } from '../../../../shared/row-group/encodings/column-values.ts';
import { POWERS_OF_TEN } from '../../../../shared/row-group/encodings/decimal.ts';
import { measuredOf } from '../../../../shared/quantity.ts';
import { bucketEdge, bucketOfNumber, bucketText } from '../../../store/log-buckets.ts';
import type { Texts } from './texts.ts';

/** As those of value-codes.ts. */
interface BucketCodes {
  readonly codes: (() => Uint32Array) | undefined;
  readonly base: number;
  readonly addTotals: ((totals: Uint32Array) => void) | undefined;
}

/** Lends memory for codes. */
type Lend = (size: number) => Uint32Array;

const NONE = Buffer.alloc(0);

/** Returns the bucket of what measures count of a text: a number, seconds of a duration, bytes of a size; empty for others. */
export function foldToBucket(bytes: Buffer, start: number, end: number): Buffer {
  const number = measuredOf(bytes.toString('utf8', start, end));
  return Number.isNaN(number) ? NONE : bucketBytes(bucketOfNumber(number));
}

/** By bucket: its text. There are some thousand. */
const bucketTexts = new Map<number, Buffer>();

function bucketBytes(bucket: number): Buffer {
  let text = bucketTexts.get(bucket);
  if (text === undefined) bucketTexts.set(bucket, (text = Buffer.from(bucketText(bucket))));
  return text;
}

/** Returns the codes of a column of numbers; undefined for others. */
export function bucketCodesOf(values: ColumnValues, texts: Texts, lend: Lend): BucketCodes | undefined {
  if (values.kind === 'integer') return codesBetween(values.values, 0, values, texts, lend);
  return values.kind === 'decimal' ? codesBetween(values.mantissas, values.scale, values, texts, lend) : undefined;
}

/** @param scale  digits after the point of each mantissa, or of all */
function codesBetween(
  mantissas: ArrayLike<number>,
  scale: number | Uint8Array,
  { min, max }: { readonly min: number; readonly max: number },
  texts: Texts,
  lend: Lend,
): BucketCodes {
  const first = bucketOfNumber(min);
  const last = bucketOfNumber(max);
  const base = texts.addAllFolded(last - first + 1, (index) => bucketBytes(first + index));
  const count = mantissas.length;
  if (first === last) return { codes: undefined, base, addTotals: (totals) => (totals[base]! += count) };
  let known: Uint32Array | undefined;
  const codes = (): Uint32Array => {
    if (known !== undefined) return known;
    known = lend(count);
    if (typeof scale === 'number' && min >= 0) setCodes(mantissas, POWERS_OF_TEN[scale]!, first, last, known);
    else {
      for (let i = 0; i < count; i++) {
        const power = POWERS_OF_TEN[typeof scale === 'number' ? scale : scale[i]!]!;
        known[i] = bucketOfNumber(mantissas[i]! / power) - first;
      }
    }
    return known;
  };
  return { codes, base, addTotals: undefined };
}

/** Does the same for numbers from zero on, among the few edges that they lie between. */
function setCodes(mantissas: ArrayLike<number>, power: number, first: number, last: number, codes: Uint32Array): void {
  /** By code: the least number of the bucket; zero is alone in its own. */
  const edges = Float64Array.from({ length: last - first + 1 }, (_, code) =>
    first + code === 1 ? Number.MIN_VALUE : bucketEdge(first + code),
  );
  if (mantissas instanceof Int32Array) return setCodesByCell(mantissas, power, edges, codes);
  for (let i = 0; i < codes.length; i++) codes[i] = codeAt(mantissas[i]! / power, edges);
}

function codeAt(number: number, edges: Float64Array): number {
  let low = 0;
  let high = edges.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= number) low = middle;
    else high = middle;
  }
  return low;
}

/** Integers are in cells by their first five bits: narrower than buckets, so that a cell has an edge within it at most once. */
const CELL_BITS = 4;
const CELLS_PER_BIT = 1 << CELL_BITS;
const CELLS = (31 - CELL_BITS + 1) * CELLS_PER_BIT;

/** Returns the first number of a cell. */
function cellStart(cell: number): number {
  if (cell < CELLS_PER_BIT) return cell;
  return (CELLS_PER_BIT + (cell % CELLS_PER_BIT)) * 2 ** (Math.floor(cell / CELLS_PER_BIT) - 1);
}

/** By cell: the code of its first number; and the number from which on it is the next one. */
const codeOf = new Uint16Array(CELLS);
const nextFrom = new Float64Array(CELLS);

function setCodesByCell(mantissas: Int32Array, power: number, edges: Float64Array, codes: Uint32Array): void {
  for (let cell = 0; cell < CELLS; cell++) {
    codeOf[cell] = codeAt(cellStart(cell) / power, edges);
    nextFrom[cell] = firstFrom(edges[codeOf[cell]! + 1] ?? Infinity, power);
  }
  for (let i = 0; i < codes.length; i++) {
    const mantissa = mantissas[i]!;
    const shift = 31 - CELL_BITS - Math.clz32(mantissa);
    const cell = shift <= 0 ? mantissa : (shift + 1) * CELLS_PER_BIT + ((mantissa >> shift) & (CELLS_PER_BIT - 1));
    codes[i] = codeOf[cell]! + (mantissa >= nextFrom[cell]! ? 1 : 0);
  }
}

/** Returns the least integer that, divided by a power of ten, is not below an edge. */
function firstFrom(edge: number, power: number): number {
  if (edge === Infinity) return edge;
  let first = Math.ceil(edge * power);
  while ((first - 1) / power >= edge) first--;
  while (first / power < edge) first++;
  return first;
}

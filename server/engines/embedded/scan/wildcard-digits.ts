/**
 * Wildcards on numbers, without writing one out: an automaton whose states are the bits of an integer, run over the digits
 * of a number from the last to the first, as division gives them. Bit i stands for "what follows can be matched by the
 * wildcard from its i-th byte on".
 * Source: Baeza-Yates and Gonnet, "A new approach to text searching", CACM 1992; for gaps, Navarro and Raffinot.
 */
import { isDigit } from '../../../../shared/ascii.ts';

export interface WildcardBits {
  /** By byte: bit i where it is the wildcard's i-th. */
  readonly next: Int32Array;
  /** Bit i where a star precedes the i-th byte. */
  readonly stars: number;
  /** The bit of its end. */
  readonly end: number;
}

const BYTES_MAX = 30;
const ZERO = 0x30;
const MINUS = 0x2d;

/** Undefined for a wildcard with too many bytes. @param parts  the texts before, between and after the stars */
export function wildcardBits(parts: readonly Uint8Array[]): WildcardBits | undefined {
  const next = new Int32Array(256);
  let stars = 0;
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (at + part.length > BYTES_MAX) return undefined;
    if (i > 0) stars |= 1 << at;
    for (const byte of part) next[byte]! |= 1 << at++;
  }
  return { next, stars, end: 1 << at };
}

/** The states from which the wildcard matches what follows, once that has one byte more in front of it. */
function before({ next, stars }: WildcardBits, states: number, byte: number): number {
  return ((states >>> 1) & next[byte]!) | (states & stars);
}

function beforeAll(bits: WildcardBits, states: number, bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= 0; at--) states = before(bits, states, bytes[at]!);
  return states;
}

/** The states that the bytes of a text's beginning lead to. */
function after({ next, stars }: WildcardBits, bytes: Uint8Array): number {
  let states = 1;
  for (const byte of bytes) states = ((states & next[byte]!) << 1) | (states & stars);
  return states;
}

/** The same with the digits of a number in front. @param width  of one that begins with zeros; 0 for any other */
function beforeDigits({ next, stars }: WildcardBits, states: number, number: number, width: number): number {
  let rest = number;
  let digits = 0;
  for (; rest > 0x7fffffff && states !== 0; digits++) {
    const quotient = Math.floor(rest / 10);
    states = ((states >>> 1) & next[ZERO + (rest - quotient * 10)]!) | (states & stars);
    rest = quotient;
  }
  let small = rest | 0;
  do {
    const quotient = (small / 10) | 0;
    states = ((states >>> 1) & next[ZERO + (small - quotient * 10)]!) | (states & stars);
    small = quotient;
    digits++;
  } while (small > 0 && states !== 0);
  for (; digits < width && states !== 0; digits++) states = ((states >>> 1) & next[ZERO]!) | (states & stars);
  return states;
}

/** A wildcard on the texts of a pattern (shared/row-group/encodings/pattern.ts). */
export interface ShapeBits {
  /** Whether its texts match, where their numbers do not matter; undefined where they do. */
  readonly always: boolean | undefined;
  /** By place: how many digits, or 0 for a number as it is written; and the text after the number. */
  readonly widths: Int32Array;
  readonly behind: readonly Uint8Array[];
  /** The states after the text before the first number, and those that the text after the last one needs. */
  readonly head: number;
  readonly tail: number;
}

export function shapeBits(bits: WildcardBits, shape: Buffer): ShapeBits {
  const places = [...shape.keys()].filter((at) => isDigit(shape[at]!));
  const head = after(bits, shape.subarray(0, places[0]));
  const widths = Int32Array.from(places, (at) => shape[at]! - ZERO);
  const behind = places.map((at, i) => shape.subarray(at + 1, places[i + 1]));
  const tail = beforeAll(bits, bits.end, behind.at(-1) ?? new Uint8Array(0));
  const isAlways = places.length === 0 ? (head & bits.end) !== 0 : (head & tail & bits.stars) !== 0;
  const isNever = places.length === 0 ? !isAlways : head === 0 || tail === 0;
  return { always: isAlways ? true : isNever ? false : undefined, widths, behind, head, tail };
}

/** Whether the text of a pattern matches whose numbers are from numbers[first] on, `stride` apart. */
export function matchesShape(
  bits: WildcardBits,
  { widths, behind, head, tail }: ShapeBits,
  numbers: ArrayLike<number>,
  first: number,
  stride: number,
): boolean {
  let states = tail;
  for (let place = widths.length - 1; place >= 0 && states !== 0; place--) {
    if (place < widths.length - 1) states = beforeAll(bits, states, behind[place]!);
    states = beforeDigits(bits, states, numbers[first + place * stride]!, widths[place]!);
  }
  return (states & head) !== 0;
}

/** Marks the integers whose text matches. */
export function markIntegers(bits: WildcardBits, numbers: ArrayLike<number>, marks: Uint8Array): void {
  for (let i = 0; i < marks.length; i++) {
    const number = numbers[i]!;
    let states = beforeDigits(bits, bits.end, number < 0 ? -number : number, 0);
    if (number < 0) states = before(bits, states, MINUS);
    if ((states & 1) !== 0) marks[i] = 1;
  }
}

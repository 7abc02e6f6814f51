/**
 * Writes text into a byte buffer without making a string: each function puts its text at `at` and returns the offset
 * after it. The caller guarantees the room.
 */

const DASH = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
/** Above this, a call of `set` is cheaper than a loop over the bytes (measured on Node 24). */
const LOOP_BYTES_MAX = 24;

const HEX = Buffer.from('0123456789abcdef');

/** `000` to `999`, three bytes each. */
const THREE_DIGITS = Buffer.from(Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0')).join(''));

/** Text that is written as it is, many times. */
export function literal(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

export function putBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  const length = bytes.length;
  if (length > LOOP_BYTES_MAX) into.set(bytes, at);
  else for (let i = 0; i < length; i++) into[at + i] = bytes[i]!;
  return at + length;
}

/** A whole number from 0 to 2^31 − 1, in decimal. */
export function putUint(into: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end++;
  let rest = value | 0;
  for (let i = end - 1; i >= at; i--) {
    const tens = (rest / 10) | 0;
    into[i] = ZERO + rest - tens * 10;
    rest = tens;
  }
  return end;
}

/** A number of thousandths as Go's shortest float: 12345 is `12.345`, 12300 is `12.3`, 12000 is `12`. */
export function putThousandths(into: Uint8Array, at: number, value: number): number {
  const whole = Math.floor(value / 1000);
  const rest = value - whole * 1000;
  const end = putUint(into, at, whole);
  if (rest === 0) return end;
  into[end] = DOT;
  return trimZeros(into, putThree(into, end + 1, rest));
}

/** Nanoseconds of a second as RFC 3339's fraction the way Go's RFC3339Nano writes it: no trailing zeros. */
export function putFraction(into: Uint8Array, at: number, ns: number): number {
  if (ns === 0) return at;
  into[at] = DOT;
  const millions = (ns / 1e6) | 0;
  const below = ns - millions * 1e6;
  const thousands = (below / 1000) | 0;
  putThree(into, at + 1, millions);
  putThree(into, at + 4, thousands);
  return trimZeros(into, putThree(into, at + 7, below - thousands * 1000));
}

/** Exactly two digits. */
export function putTwo(into: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  into[at] = ZERO + tens;
  into[at + 1] = ZERO + value - tens * 10;
  return at + 2;
}

/** Exactly three digits. */
export function putThree(into: Uint8Array, at: number, value: number): number {
  const from = value * 3;
  into[at] = THREE_DIGITS[from]!;
  into[at + 1] = THREE_DIGITS[from + 1]!;
  into[at + 2] = THREE_DIGITS[from + 2]!;
  return at + 3;
}

/** A word as `digits` lowercase hexadecimal digits, the highest first. */
export function putHex(into: Uint8Array, at: number, word: number, digits: number): number {
  for (let i = digits - 1; i >= 0; i--) into[at++] = HEX[(word >>> (i * 4)) & 15]!;
  return at;
}

/** Four random words as a version 4 UUID (RFC 9562): its version and variant bits are set here. */
export function putUuid(into: Uint8Array, at: number, w0: number, w1: number, w2: number, w3: number): number {
  at = putHex(into, at, w0, 8);
  into[at++] = DASH;
  at = putHex(into, at, w1 >>> 16, 4);
  into[at++] = DASH;
  at = putHex(into, at, (w1 & 0x0fff) | 0x4000, 4);
  into[at++] = DASH;
  at = putHex(into, at, ((w2 >>> 16) & 0x3fff) | 0x8000, 4);
  into[at++] = DASH;
  at = putHex(into, at, w2, 4);
  return putHex(into, at, w3, 8);
}

function trimZeros(into: Uint8Array, end: number): number {
  while (into[end - 1] === ZERO) end--;
  return end;
}

/** Converts the time of an access log, `23/Nov/2026:15:01:12 +0000`, to RFC 3339: `2026-11-23T15:01:12+00:00`. */

const SIZE_BYTES = 'dd/Mmm/yyyy:hh:mm:ss +zzzz'.length;
const SLASH = 0x2f;
const COLON = 0x3a;
const SPACE = 0x20;
const ZERO = 0x30;
const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Three letters → 1 to 12. */
const MONTHS = new Map(NAMES.map((name, i) => [letters(Buffer.from(name), 0), i + 1]));

/** Returns the buffer that `toRfc3339` writes to: it fills in the digits and the offset's sign. */
export function rfc3339Form(): Buffer {
  return Buffer.from('0000-00-00T00:00:00+00:00');
}

/**
 * Returns false when bytes[start, end) have another shape; whether they are valid digits is left to the parser of the
 * result.
 */
export function toRfc3339(bytes: Uint8Array, start: number, end: number, into: Buffer): boolean {
  if (end - start !== SIZE_BYTES || bytes[start + 2] !== SLASH || bytes[start + 6] !== SLASH) return false;
  if (bytes[start + 11] !== COLON || bytes[start + 20] !== SPACE) return false;
  const month = MONTHS.get(letters(bytes, start + 3));
  if (month === undefined) return false;
  copy(bytes, start + 7, into, 0, 4);
  into[5] = ZERO + Math.floor(month / 10);
  into[6] = ZERO + (month % 10);
  copy(bytes, start, into, 8, 2);
  copy(bytes, start + 12, into, 11, 8);
  copy(bytes, start + 21, into, 19, 3);
  copy(bytes, start + 24, into, 23, 2);
  return true;
}

function letters(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function copy(from: Uint8Array, start: number, into: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) into[at + i] = from[start + i]!;
}

/** Classes of ASCII bytes. */
const ZERO = 0x30;
const NINE = 0x39;

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

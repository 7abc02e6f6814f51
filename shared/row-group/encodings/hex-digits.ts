/** Lower-case hexadecimal digits, as tables. */

/** Digit value → byte of its text. */
export const HEX_DIGITS: Uint8Array = Buffer.from('0123456789abcdef', 'latin1');

/** Byte → digit value, or 256 for any other byte, so that an OR over values finds one. */
export const HEX_VALUES: Uint16Array = new Uint16Array(256).fill(256);
for (let digit = 0; digit < 16; digit++) HEX_VALUES[HEX_DIGITS[digit]!] = digit;

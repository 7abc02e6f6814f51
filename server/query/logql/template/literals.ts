/** Numbers as templates write them. */
import type { GoImaginary } from './values.ts';

/** Returns undefined for what is not a number. */
export function numberOf(text: string): bigint | number | GoImaginary | undefined {
  const plain = text.replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1n : 1n;
  const digits = plain.replace(/^[-+]/, '');
  const imaginary = /^([\d.]+(?:[eE][-+]?\d+)?)i$/.exec(digits);
  if (imaginary !== null) return { imaginary: Number(sign) * Number(imaginary[1]) };
  if (/^(?:\d+|0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(digits)) return sign * BigInt(digits);
  const value = Number(plain);
  return Number.isNaN(value) ? undefined : value;
}

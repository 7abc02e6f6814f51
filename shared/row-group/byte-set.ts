/** 256 bits that show which bytes occur in some texts: a search skips a chunk that lacks a byte of its needle. */
import type { ValueRefs } from '../byte-strings.ts';

/**
 * Returns the bytes that occur in any of the values; where digits are placeholders of numbers, all digits count as
 * present.
 */
export function byteSetOf({ bytes, starts, ends, count }: ValueRefs, areNumbers: boolean): Buffer {
  const seen = new Uint8Array(256);
  for (let i = 0; i < count; i++) for (let at = starts[i]!, end = ends[i]!; at < end; at++) seen[bytes[at]!] = 1;
  if (areNumbers) seen.fill(1, 0x30, 0x3a);
  const set = Buffer.alloc(32);
  for (let byte = 0; byte < 256; byte++) if (seen[byte] === 1) set[byte >> 3]! |= 1 << (byte & 7);
  return set;
}

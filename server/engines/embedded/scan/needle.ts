/**
 * A text that is searched for in lines: exactly, or with ASCII letters of either case. Then it is compared with folded
 * bytes.
 */
import { NEEDLE_SCRATCH_BYTES_MAX } from '../../../limits.ts';
import type { TextLeaf } from '../../../store/predicate.ts';

export interface Needle {
  /** In lower case if case is ignored. */
  readonly bytes: Buffer;
  readonly isFolded: boolean;
}

const SMALL = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

export function needleOf({ needle, ignoreCase }: TextLeaf): Needle {
  const bytes = Buffer.from(needle.buffer, needle.byteOffset, needle.byteLength);
  return ignoreCase === true
    ? { bytes: Buffer.from(bytes.map((byte) => SMALL[byte]!)), isFolded: true }
    : { bytes, isFolded: false };
}

let scratch = Buffer.alloc(0);

/** Returns the text in the form in which the needle's bytes are searched for: valid until the next call. */
export function foldedFor({ isFolded }: Needle, text: Buffer): Buffer {
  if (!isFolded) return text;
  const folded = text.length <= scratch.length ? scratch.subarray(0, text.length) : Buffer.allocUnsafeSlow(text.length);
  if (folded.length > scratch.length && folded.length <= NEEDLE_SCRATCH_BYTES_MAX) scratch = folded;
  for (let i = 0; i < text.length; i++) folded[i] = SMALL[text[i]!]!;
  return folded;
}

export function occursIn(needle: Needle, text: Buffer): boolean {
  return foldedFor(needle, text).includes(needle.bytes);
}

/**
 * Whether some bytes may have one that matches this byte of the needle.
 * @param mayHave  tests for exactly that byte
 */
export function mayHaveByte({ isFolded }: Needle, byte: number, mayHave: (byte: number) => boolean): boolean {
  if (mayHave(byte)) return true;
  return isFolded && byte >= 0x61 && byte <= 0x7a && mayHave(byte - 0x20);
}

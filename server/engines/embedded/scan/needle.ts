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

/** By byte: itself, and in lower case. */
export const AS_WRITTEN = Uint8Array.from({ length: 256 }, (_, byte) => byte);
export const SMALL = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

export function needleOf({ needle, ignoreCase }: TextLeaf): Needle {
  const bytes = Buffer.from(needle.buffer, needle.byteOffset, needle.byteLength);
  return ignoreCase === true
    ? { bytes: Buffer.from(bytes.map((byte) => SMALL[byte]!)), isFolded: true }
    : { bytes, isFolded: false };
}

let scratchWords = new Int32Array(0);
let scratch = Buffer.from(scratchWords.buffer);

/** Returns the text in the form in which the needle's bytes are searched for: valid until the next call. */
export function foldedFor({ isFolded }: Needle, text: Buffer): Buffer {
  if (!isFolded) return text;
  const wordCount = Math.ceil(text.length / WORD_BYTES);
  let words = scratchWords;
  let folded = scratch;
  if (wordCount > words.length) {
    words = new Int32Array(wordCount);
    folded = Buffer.from(words.buffer);
    if (folded.length <= NEEDLE_SCRATCH_BYTES_MAX) {
      scratchWords = words;
      scratch = folded;
    }
  }
  text.copy(folded);
  foldWords(words, wordCount);
  return folded.subarray(0, text.length);
}

const WORD_BYTES = 4;
const EACH = 0x01010101;
/** Added to seven bits, these set the eighth from `A` on, and above `Z`. */
const FROM_A = (0x80 - 0x41) * EACH;
const ABOVE_Z = (0x7f - 0x5a) * EACH;

/** Makes ASCII letters small, four bytes at a time: those that are capitals get the bit that distinguishes the two. */
function foldWords(words: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const word = words[i]!;
    const seven = word & 0x7f7f7f7f;
    const capitals = (seven + FROM_A) & ~(seven + ABOVE_Z) & ~word & 0x80808080;
    words[i] = word | (capitals >>> 2);
  }
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

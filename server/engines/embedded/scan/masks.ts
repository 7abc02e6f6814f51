/**
 * Masks: arrays of zeros and ones, one for each row or value. A scan needs some for each row group, all of the same
 * size, so a thread keeps a stack of them: buffers that came and went with each row group made a third of a scan's time
 * garbage collection.
 */
import { MASKS_KEPT_BYTES_MAX } from '../../../limits.ts';

/** By depth of the stack. */
const kept: Uint8Array[] = [];
let keptBytes = 0;
let depth = 0;

/** Sizes are rounded up to this, so that masks can be combined word by word. */
const WORD_BYTES = 4;

/**
 * Returns a mask that is valid until `releaseMasks` goes back to before it.
 * @returns zeros
 */
export function takeMask(count: number): Uint8Array {
  return takeDirtyMask(count).fill(0);
}

/** Does the same with any content, for callers that write every element. */
export function takeDirtyMask(count: number): Uint8Array {
  const at = depth++;
  const known = kept[at];
  if (known !== undefined && known.length >= count) return known.subarray(0, count);
  const mask = new Uint8Array(Math.ceil(count / WORD_BYTES) * WORD_BYTES);
  const bytes = keptBytes - (known?.length ?? 0) + mask.length;
  // The kept masks have no gaps between them.
  if (at <= kept.length && bytes <= MASKS_KEPT_BYTES_MAX) {
    kept[at] = mask;
    keptBytes = bytes;
  }
  return mask.subarray(0, count);
}

/** Returns the argument of `releaseMasks`. */
export function maskDepth(): number {
  return depth;
}

/** Releases all masks that were taken since then: they may be overwritten from now on. */
export function releaseMasks(since: number): void {
  depth = since;
}

/** Whether there is a one: by memchr, thirty times as fast as `includes`. */
export function hasMarked(mask: Uint8Array): boolean {
  return Buffer.from(mask.buffer, mask.byteOffset, mask.length).includes(1);
}

export function hasGaps(mask: Uint8Array): boolean {
  return Buffer.from(mask.buffer, mask.byteOffset, mask.length).includes(0);
}

/** Words whose bytes are added side by side: a byte of the sum counts no further. */
const WORDS_ADDED = 255;

/** Returns the number of ones, four at a time. */
export function countMarked(mask: Uint8Array): number {
  const isAligned = mask.byteOffset % WORD_BYTES === 0;
  const words = isAligned
    ? new Int32Array(mask.buffer, mask.byteOffset, Math.floor(mask.length / WORD_BYTES))
    : NO_WORDS;
  let count = 0;
  for (let at = 0; at < words.length;) {
    const end = Math.min(words.length, at + WORDS_ADDED);
    let sum = 0;
    for (; at < end; at++) sum = (sum + words[at]!) | 0;
    count += (sum & 0xff) + ((sum >>> 8) & 0xff) + ((sum >>> 16) & 0xff) + (sum >>> 24);
  }
  for (let i = words.length * WORD_BYTES; i < mask.length; i++) count += mask[i]!;
  return count;
}

const NO_WORDS = new Int32Array(0);

/**
 * Returns the indices of the ones, ascending.
 * @param count  number of ones, where it is known
 */
export function markedIn(mask: Uint8Array, count = countMarked(mask)): Uint32Array {
  const indices = new Uint32Array(count);
  // Mostly there are few, and indexOf skips the zeros between them faster than a loop.
  for (let at = 0, i = -1; at < count; at++) indices[at] = i = mask.indexOf(1, i + 1);
  return indices;
}

/** into = a and b; they may be the same. All masks of these functions come from this stack. */
export function andMask(into: Uint8Array, a: Uint8Array, b: Uint8Array): void {
  const [to, x, y] = [wordsOf(into), wordsOf(a), wordsOf(b)];
  for (let i = 0; i < to.length; i++) to[i] = x[i]! & y[i]!;
}

/** into = into or a. */
export function orMask(into: Uint8Array, a: Uint8Array): void {
  const [to, x] = [wordsOf(into), wordsOf(a)];
  for (let i = 0; i < to.length; i++) to[i]! |= x[i]!;
}

/** into = a and not b; they may be the same. */
export function andNotMask(into: Uint8Array, a: Uint8Array, b: Uint8Array): void {
  const [to, x, y] = [wordsOf(into), wordsOf(a), wordsOf(b)];
  for (let i = 0; i < to.length; i++) to[i] = x[i]! & ~y[i]!;
}

function wordsOf(mask: Uint8Array): Int32Array {
  return new Int32Array(mask.buffer, mask.byteOffset, Math.ceil(mask.length / WORD_BYTES));
}

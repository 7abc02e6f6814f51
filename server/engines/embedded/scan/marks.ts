/**
 * Masks: arrays of zeros and ones, one for each row or value. A scan needs some for each row group, all of the same
 * size, so a thread keeps a stack of them: buffers that came and went with each row group made a third of a scan's time
 * garbage collection.
 */
import { MARKS_KEPT_BYTES_MAX } from '../../../limits.ts';

/** By depth of the stack. */
const kept: Uint8Array[] = [];
let keptBytes = 0;
let depth = 0;

/** Sizes are rounded up to this, so that masks can be combined word by word. */
const WORD_BYTES = 4;

/**
 * Returns a mask that is valid until `releaseMarks` goes back to before it.
 * @returns zeros
 */
export function takeMarks(count: number): Uint8Array {
  return takeDirtyMarks(count).fill(0);
}

/** Does the same with any content, for callers that write every element. */
export function takeDirtyMarks(count: number): Uint8Array {
  const at = depth++;
  const known = kept[at];
  if (known !== undefined && known.length >= count) return known.subarray(0, count);
  const marks = new Uint8Array(Math.ceil(count / WORD_BYTES) * WORD_BYTES);
  const bytes = keptBytes - (known?.length ?? 0) + marks.length;
  // The kept masks have no gaps between them.
  if (at <= kept.length && bytes <= MARKS_KEPT_BYTES_MAX) {
    kept[at] = marks;
    keptBytes = bytes;
  }
  return marks.subarray(0, count);
}

/** Returns the argument of `releaseMarks`. */
export function markDepth(): number {
  return depth;
}

/** Releases all masks that were taken since then: they may be overwritten from now on. */
export function releaseMarks(since: number): void {
  depth = since;
}

/** Whether there is a one: by memchr, thirty times as fast as `includes`. */
export function hasMarks(marks: Uint8Array): boolean {
  return Buffer.from(marks.buffer, marks.byteOffset, marks.length).includes(1);
}

export function hasGaps(marks: Uint8Array): boolean {
  return Buffer.from(marks.buffer, marks.byteOffset, marks.length).includes(0);
}

export function countMarks(marks: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < marks.length; i++) count += marks[i]!;
  return count;
}

/**
 * Returns the indices of the ones, ascending.
 * @param count  number of ones, where it is known
 */
export function markedIn(marks: Uint8Array, count = countMarks(marks)): Uint32Array {
  const indices = new Uint32Array(count);
  // Mostly there are few, and indexOf skips the zeros between them faster than a loop.
  for (let at = 0, i = -1; at < count; at++) indices[at] = i = marks.indexOf(1, i + 1);
  return indices;
}

/** into = a and b; they may be the same. All masks of these functions come from this stack. */
export function markBoth(into: Uint8Array, a: Uint8Array, b: Uint8Array): void {
  const [to, x, y] = [wordsOf(into), wordsOf(a), wordsOf(b)];
  for (let i = 0; i < to.length; i++) to[i] = x[i]! & y[i]!;
}

/** into = into or a. */
export function addMarks(into: Uint8Array, a: Uint8Array): void {
  const [to, x] = [wordsOf(into), wordsOf(a)];
  for (let i = 0; i < to.length; i++) to[i]! |= x[i]!;
}

/** into = a and not b; they may be the same. */
export function markOnly(into: Uint8Array, a: Uint8Array, b: Uint8Array): void {
  const [to, x, y] = [wordsOf(into), wordsOf(a), wordsOf(b)];
  for (let i = 0; i < to.length; i++) to[i] = x[i]! & ~y[i]!;
}

function wordsOf(marks: Uint8Array): Int32Array {
  return new Int32Array(marks.buffer, marks.byteOffset, Math.ceil(marks.length / WORD_BYTES));
}

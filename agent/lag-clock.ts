/**
 * How old the oldest byte is that is not stored yet. Files say how many bytes are unread, but not since when: so it is noted
 * when each byte was first seen, as a running number of bytes, and compared with how many are stored by now.
 */
import { LAG_MARKS_MAX } from './limits.ts';

/** How many bytes had been written by a certain time. */
interface Mark {
  readonly bytes: number;
  readonly atMs: number;
}

export class LagClock {
  /** Ascending in both. Those of bytes that are stored are forgotten. */
  #marks: Mark[] = [];

  /**
   * Returns the age of the oldest byte that is not stored, in milliseconds; bytes that were there before the first call
   * count from then on.
   * @param storedBytes  since the start; never less than before
   * @param lagBytes     that are not stored now
   */
  measure(nowMs: number, storedBytes: number, lagBytes: number): number {
    const bytes = storedBytes + lagBytes;
    if (bytes > (this.#marks.at(-1)?.bytes ?? 0)) this.#marks.push({ bytes, atMs: nowMs });
    this.#marks = lagBytes === 0 ? [] : this.#marks.filter((mark) => mark.bytes > storedBytes);
    if (this.#marks.length > LAG_MARKS_MAX) this.#marks = halved(this.#marks);
    return Math.max(0, nowMs - (this.#marks[0]?.atMs ?? nowMs));
  }
}

/** Each two become one, of the earlier time. */
function halved(marks: readonly Mark[]): Mark[] {
  return marks.flatMap(({ atMs }, i) => (i % 2 === 1 ? [] : [{ bytes: (marks[i + 1] ?? marks[i])!.bytes, atMs }]));
}

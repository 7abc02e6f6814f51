/**
 * Reads the names of metadata: mostly those of an entry are those of the entry before, in the same order, so that no text need be
 * made of them.
 */
import { LOKI_METADATA_MAX } from '../../limits.ts';

export class NameReader {
  readonly #bytes: Buffer;
  readonly #starts = new Int32Array(LOKI_METADATA_MAX);
  readonly #ends = new Int32Array(LOKI_METADATA_MAX);
  readonly #texts: string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @param place  of the pair in its entry */
  read(place: number, start: number, end: number): string {
    const bytes = this.#bytes;
    if (place >= LOKI_METADATA_MAX) return bytes.toString('utf8', start, end);
    const before = this.#starts[place]!;
    if (this.#texts[place] !== undefined && this.#ends[place]! - before === end - start) {
      let i = start;
      while (i < end && bytes[i] === bytes[before + i - start]) i++;
      if (i === end) return this.#texts[place];
    }
    this.#starts[place] = start;
    this.#ends[place] = end;
    return (this.#texts[place] = bytes.toString('utf8', start, end));
  }
}

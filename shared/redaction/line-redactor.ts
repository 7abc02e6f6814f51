/** Applies redactions to a line, one after the other. */
import { LineText } from './line-text.ts';
import type { Redaction } from './redaction.ts';
import { Redactor } from './redactor.ts';

/** Owns the memory of redacted lines: one buffer for the input of a redaction, one for its output. */
export class LineRedactor {
  #redactor = new Redactor();
  #other = new Redactor();
  readonly #text = new LineText();

  /** Makes bytes[start, end) the line. */
  set(bytes: Buffer, start: number, end: number): void {
    this.#text.set(bytes, start, end);
  }

  /** Returns how many texts were replaced. */
  apply(redaction: Redaction): number {
    const count = this.#redactor.redact(redaction, this.#text);
    if (count === 0) return 0;
    this.#text.set(this.#redactor.bytes, 0, this.#redactor.length);
    [this.#redactor, this.#other] = [this.#other, this.#redactor];
    return count;
  }

  /** The line after what was applied, until the next one is set. */
  get line(): Buffer {
    const { bytes, start, end } = this.#text;
    return bytes.subarray(start, end);
  }
}

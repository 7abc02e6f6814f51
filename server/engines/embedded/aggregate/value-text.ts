/** One value as text: in reused memory, or a reference to other memory. */
export class ValueText {
  #own: Buffer = Buffer.allocUnsafeSlow(1024);
  bytes: Buffer = this.#own;
  start = 0;
  end = 0;

  /** Makes it an empty text in memory of its own. */
  clear(): void {
    this.bytes = this.#own;
    this.start = 0;
    this.end = 0;
  }

  /** Makes it refer to bytes elsewhere. */
  refer(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Makes room for bytes in an empty text. */
  reserve(sizeBytes: number): void {
    if (sizeBytes > this.#own.length) this.#own = Buffer.allocUnsafeSlow(sizeBytes * 2);
    this.bytes = this.#own;
  }

  toString(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }
}

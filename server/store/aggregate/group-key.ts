/**
 * A group's key: the bytes that tell it from others. The bucket of time comes first, as f64, where there are buckets;
 * then the values, each but the last behind its length, as u32.
 */
const NUMBER_BYTES = 8;
const LENGTH_BYTES = 4;

/** A key in the making, in memory that is used again and again; or one that stands somewhere already. */
export class GroupKey {
  bytes: Buffer = Buffer.allocUnsafeSlow(1024);
  start = 0;
  end = 0;
  #own: Buffer = this.bytes;

  clear(): void {
    this.bytes = this.#own;
    this.start = 0;
    this.end = 0;
  }

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /** Makes the empty key one of bytes that are elsewhere. Nothing may be added to it. */
  refer(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Makes room for so many more bytes. */
  reserve(sizeBytes: number): void {
    if (this.end + sizeBytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow((this.end + sizeBytes) * 2);
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
    this.#own = larger;
  }

  addNumber(value: number): void {
    this.reserve(NUMBER_BYTES);
    this.end = this.bytes.writeDoubleLE(value, this.end);
  }

  /** Leaves room for a length, to be told to `endSized` once what it measures is there. */
  beginSized(): number {
    this.reserve(LENGTH_BYTES);
    return (this.end += LENGTH_BYTES);
  }

  endSized(start: number): void {
    this.bytes.writeUInt32LE(this.end - start, start - LENGTH_BYTES);
  }

  /** Puts other bytes in place of those from `start` on. */
  replaceFrom(start: number, bytes: Buffer): void {
    this.end = start;
    this.reserve(bytes.length);
    this.end += bytes.copy(this.bytes, start);
  }

  toString(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }
}

/** What a key says. */
export function readKey(key: Buffer, hasBucket: boolean, nameCount: number): { bucket: number; by: string[] } {
  let at = hasBucket ? NUMBER_BYTES : 0;
  const by = Array.from({ length: nameCount }, (_, name) => {
    if (name === nameCount - 1) return key.toString('utf8', at);
    const start = at + LENGTH_BYTES;
    at = start + key.readUInt32LE(at);
    return key.toString('utf8', start, at);
  });
  return { bucket: hasBucket ? key.readDoubleLE(0) : 0, by };
}

/** Reads the fields of protobuf (wire format of proto3) in bytes. */
import { CorruptionError } from '../../../shared/errors.ts';
import { NS_PER_SECOND } from '../../../shared/time.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const SIZED = 2;
export const FIXED32 = 5;
/** Fields of a google.protobuf.Timestamp. */
const SECONDS = (1 << 3) | VARINT;
const NANOS = (2 << 3) | VARINT;

const BITS_32 = 2 ** 32;
const SIGN_BIT = 2 ** 63;
const BITS_64 = 2 ** 64;

/** Reads fields one after the other, none beyond the end of what it is in. Its own fields hold a time, so it costs no object. */
export class ProtoFields {
  readonly bytes: Buffer;
  at = 0;
  seconds = 0;
  nanos = 0;
  #tag = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Returns the number and type of the next field. */
  tag(end: number): number {
    this.#tag = this.#varint(end);
    if (this.#tag >>> 3 === 0) throw new CorruptionError(`proto: illegal tag 0 (wire type ${this.#tag & 7})`);
    return this.#tag;
  }

  /** Passes the length of a field, and returns where the field ends. */
  sized(end: number): number {
    const sizeBytes = this.#varint(end);
    if (sizeBytes > end - this.at) throw cutOff();
    return this.at + sizeBytes;
  }

  /** Passes the field whose tag was read. */
  skip(end: number): void {
    switch (this.#tag & 7) {
      case VARINT:
        this.#int64(end);
        return;
      case SIZED:
        this.at = this.sized(end);
        return;
      case FIXED64:
        this.#pass(8, end);
        return;
      case FIXED32:
        this.#pass(4, end);
        return;
      default:
        throw new CorruptionError(`proto: illegal wireType ${this.#tag & 7}`);
    }
  }

  readTimestamp(end: number): void {
    while (this.at < end) {
      switch (this.tag(end)) {
        case SECONDS:
          this.seconds = this.#int64(end);
          break;
        case NANOS:
          this.nanos = this.#int64(end);
          if (this.nanos < 0 || this.nanos >= NS_PER_SECOND) {
            throw new CorruptionError(`timestamp: nanos not in range [0, 1e9): ${this.nanos}`);
          }
          break;
        default:
          this.skip(end);
      }
    }
  }

  /** Reads a number of eight bytes. */
  fixed64(end: number): bigint {
    const { at } = this;
    this.#pass(8, end);
    return this.bytes.readBigUInt64LE(at);
  }

  /** Reads a float of eight bytes. */
  double(end: number): number {
    const { at } = this;
    this.#pass(8, end);
    return this.bytes.readDoubleLE(at);
  }

  fixed32(end: number): number {
    const { at } = this;
    this.#pass(4, end);
    return this.bytes.readUInt32LE(at);
  }

  /** Reads a varint of 64 bits with a sign. */
  int64(end: number): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= end) throw cutOff();
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new CorruptionError('proto: integer overflow');
  }

  /** Reads a text. */
  text(end: number): string {
    const to = this.sized(end);
    const text = this.bytes.toString('utf8', this.at, to);
    this.at = to;
    return text;
  }

  #pass(sizeBytes: number, end: number): void {
    if (sizeBytes > end - this.at) throw cutOff();
    this.at += sizeBytes;
  }

  /** Reads a varint that must have at most 32 bits. */
  #varint(end: number): number {
    if (this.at < end) {
      const byte = this.bytes[this.at]!;
      if (byte < 0x80) {
        this.at++;
        return byte;
      }
    }
    let value = 0;
    let scale = 1;
    for (let n = 0; n < 5; n++) {
      if (this.at >= end) throw cutOff();
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value < BITS_32) return value;
        break;
      }
      scale *= 0x80;
    }
    throw new CorruptionError('proto: integer overflow');
  }

  /** Reads a varint of 64 bits with a sign. Beyond 53 bits it is not exact: such times are far from now, and stay so. */
  #int64(end: number): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < 10; n++) {
      if (this.at >= end) throw cutOff();
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (n === 9 && byte > 1) break;
      if (byte < 0x80) return value >= SIGN_BIT ? value - BITS_64 : value;
      scale *= 0x80;
    }
    throw new CorruptionError('proto: integer overflow');
  }
}

function cutOff(): CorruptionError {
  return new CorruptionError('unexpected EOF');
}

/**
 * Decodes the protobuf of a push. Lines are not copied: they stay where they are, as ranges of bytes. (Loki's logproto.proto:
 * PushRequest { streams = 1 }, Stream { labels = 1, entries = 2 }, Entry { timestamp = 1, line = 2, structuredMetadata = 3 },
 * Timestamp { seconds = 1, nanos = 2 }, LabelPair { name = 1, value = 2 }.)
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { NS_PER_SECOND } from '../../../shared/time.ts';
import type { EntryCollector } from './entries.ts';

const VARINT = 0;
const FIXED64 = 1;
const SIZED = 2;
const FIXED32 = 5;
/** A field with bytes of its own, by its number. */
const FIELD_1 = (1 << 3) | SIZED;
const FIELD_2 = (2 << 3) | SIZED;
const FIELD_3 = (3 << 3) | SIZED;
const SECONDS = (1 << 3) | VARINT;
const NANOS = (2 << 3) | VARINT;

const BITS_32 = 2 ** 32;
const SIGN_BIT = 2 ** 63;
const BITS_64 = 2 ** 64;

/** @throws CorruptionError; PodlogError 413 */
export function decodeProtobuf(bytes: Buffer, entries: EntryCollector): void {
  const fields = new Fields(bytes);
  for (const end = bytes.length; fields.at < end;) {
    if (fields.tag(end) === FIELD_1) decodeStream(fields, fields.sized(end), entries);
    else fields.skip(end);
  }
}

function decodeStream(fields: Fields, end: number, entries: EntryCollector): void {
  let labels = '';
  entries.begin();
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1: {
        const textEnd = fields.sized(end);
        labels = fields.bytes.toString('utf8', fields.at, textEnd);
        fields.at = textEnd;
        break;
      }
      case FIELD_2:
        decodeEntry(fields, fields.sized(end), entries);
        break;
      default:
        fields.skip(end);
    }
  }
  entries.end(fields.bytes, labels);
}

function decodeEntry(fields: Fields, end: number, entries: EntryCollector): void {
  let lineStart = fields.at;
  let lineEnd = fields.at;
  let hasMetadata = false;
  fields.seconds = 0;
  fields.nanos = 0;
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1:
        fields.readTimestamp(fields.sized(end));
        break;
      case FIELD_2:
        lineEnd = fields.sized(end);
        lineStart = fields.at;
        fields.at = lineEnd;
        break;
      case FIELD_3:
        hasMetadata = fields.readHasValue(fields.sized(end)) || hasMetadata;
        break;
      default:
        fields.skip(end);
    }
  }
  entries.add(lineStart, lineEnd, fields.seconds, fields.nanos, hasMetadata);
}

/** Reads fields one after the other, none beyond the end of what it is in. Its own fields hold a time, so it costs no object. */
class Fields {
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

  /** Passes a pair of a name and a value, and returns whether the value is one: metadata with empty values are none. */
  readHasValue(end: number): boolean {
    let hasValue = false;
    while (this.at < end) {
      if (this.tag(end) !== FIELD_2) {
        this.skip(end);
        continue;
      }
      const valueEnd = this.sized(end);
      hasValue = valueEnd > this.at;
      this.at = valueEnd;
    }
    return hasValue;
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

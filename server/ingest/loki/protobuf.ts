/**
 * Decodes the protobuf of a push. Lines are not copied: they stay where they are, as ranges of bytes. (Loki's logproto.proto:
 * PushRequest { streams = 1 }, Stream { labels = 1, entries = 2 }, Entry { timestamp = 1, line = 2, structuredMetadata = 3 },
 * Timestamp { seconds = 1, nanos = 2 }, LabelPair { name = 1, value = 2 }.)
 */
import type { EntryCollector } from './entries.ts';
import { NameReader } from './name-reader.ts';
import { ProtoFields, SIZED } from './proto-fields.ts';

/** A field with bytes of its own, by its number. */
const FIELD_1 = (1 << 3) | SIZED;
const FIELD_2 = (2 << 3) | SIZED;
const FIELD_3 = (3 << 3) | SIZED;
/** @throws CorruptionError; PodlogError 413 */
export function decodeProtobuf(bytes: Buffer, entries: EntryCollector): void {
  const fields = new ProtoFields(bytes);
  const names = new NameReader(bytes);
  for (const end = bytes.length; fields.at < end;) {
    if (fields.tag(end) === FIELD_1) decodeStream(fields, fields.sized(end), entries, names);
    else fields.skip(end);
  }
}

function decodeStream(fields: ProtoFields, end: number, entries: EntryCollector, names: NameReader): void {
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
        decodeEntry(fields, fields.sized(end), entries, names);
        break;
      default:
        fields.skip(end);
    }
  }
  entries.end(fields.bytes, labels);
}

function decodeEntry(fields: ProtoFields, end: number, entries: EntryCollector, names: NameReader): void {
  let lineStart = fields.at;
  let lineEnd = fields.at;
  let pair = 0;
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
        decodePair(fields, fields.sized(end), entries, names, pair++);
        break;
      default:
        fields.skip(end);
    }
  }
  entries.add(lineStart, lineEnd, fields.seconds, fields.nanos);
}

function decodePair(fields: ProtoFields, end: number, entries: EntryCollector, names: NameReader, pair: number): void {
  let [nameStart, nameEnd, valueStart, valueEnd] = [fields.at, fields.at, fields.at, fields.at];
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1:
        nameEnd = fields.sized(end);
        nameStart = fields.at;
        fields.at = nameEnd;
        break;
      case FIELD_2:
        valueEnd = fields.sized(end);
        valueStart = fields.at;
        fields.at = valueEnd;
        break;
      default:
        fields.skip(end);
    }
  }
  if (valueEnd > valueStart) entries.metadata.add(names.read(pair, nameStart, nameEnd), valueStart, valueEnd);
}

/**
 * Decodes the protobuf of OpenTelemetry's log records (opentelemetry/proto/logs/v1, common/v1, resource/v1). The fields of a message
 * may come in any order, so that what belongs to all of its records is looked for first.
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { LOKI_JSON_DEPTH_MAX, OTLP_VALUES_MAX } from '../../limits.ts';
import {
  EMPTY,
  NO_RECORD,
  NO_SCOPE,
  type OtlpAttribute,
  type OtlpRecord,
  type OtlpScope,
  type OtlpValue,
  type OtlpVisitor,
} from './otlp-logs.ts';
import { tooMany } from './too-large.ts';
import { FIXED32, FIXED64, ProtoFields, SIZED, VARINT } from './proto-fields.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

function field(number: number, type: number): number {
  return (number << 3) | type;
}

const FIELD_1 = field(1, SIZED);
const FIELD_2 = field(2, SIZED);

/** The fields of a request, and how many values were read of one of its records, scopes or resources. */
class OtlpFields extends ProtoFields {
  #values = 0;

  beginValues(): void {
    this.#values = 0;
  }

  /** @throws PodlogError 413 */
  countValue(): void {
    if (++this.#values > OTLP_VALUES_MAX) {
      throw tooMany('attributes and values of one record, scope or resource', OTLP_VALUES_MAX);
    }
  }
}

/** @throws CorruptionError; PodlogError 413; what the visitor throws */
export function decodeOtlpProtobuf(bytes: Buffer, visitor: OtlpVisitor): void {
  const fields = new OtlpFields(bytes);
  eachMessage(fields, bytes.length, FIELD_1, (end) => decodeResourceLogs(fields, end, visitor));
}

/** Calls `visit` for each message in a field. Wherever `visit` leaves `fields.at`, it goes on after the message. */
function eachMessage(fields: OtlpFields, end: number, tag: number, visit: (end: number) => void): void {
  while (fields.at < end) {
    if (fields.tag(end) !== tag) {
      fields.skip(end);
      continue;
    }
    const messageEnd = fields.sized(end);
    visit(messageEnd);
    fields.at = messageEnd;
  }
}

function decodeResourceLogs(fields: OtlpFields, end: number, visitor: OtlpVisitor): void {
  const start = fields.at;
  let attributes: readonly OtlpAttribute[] = [];
  eachMessage(fields, end, FIELD_1, (resourceEnd) => (attributes = attributesIn(fields, resourceEnd, FIELD_1)));
  visitor.beginResource(attributes);
  fields.at = start;
  eachMessage(fields, end, FIELD_2, (scopeEnd) => decodeScopeLogs(fields, scopeEnd, visitor));
  visitor.endResource();
}

function decodeScopeLogs(fields: OtlpFields, end: number, visitor: OtlpVisitor): void {
  const start = fields.at;
  let scope = NO_SCOPE;
  eachMessage(fields, end, FIELD_1, (scopeEnd) => (scope = decodeScope(fields, scopeEnd)));
  visitor.beginScope(scope);
  fields.at = start;
  eachMessage(fields, end, FIELD_2, (recordEnd) => visitor.record(decodeRecord(fields, recordEnd)));
}

function decodeScope(fields: OtlpFields, end: number): OtlpScope {
  const scope = { ...NO_SCOPE, attributes: [] as OtlpAttribute[] };
  fields.beginValues();
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1:
        scope.name = fields.text(end);
        break;
      case FIELD_2:
        scope.version = fields.text(end);
        break;
      case field(3, SIZED):
        scope.attributes.push(decodeAttribute(fields, fields.sized(end), 0));
        break;
      case field(4, VARINT):
        scope.droppedAttributes = Number(fields.int64(end));
        break;
      default:
        fields.skip(end);
    }
  }
  return scope;
}

function decodeRecord(fields: OtlpFields, end: number): OtlpRecord {
  const record = { ...NO_RECORD, attributes: [] as OtlpAttribute[] };
  fields.beginValues();
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case field(1, FIXED64):
        record.timeNs = BigInt.asIntN(64, fields.fixed64(end));
        break;
      case field(11, FIXED64):
        record.observedNs = BigInt.asIntN(64, fields.fixed64(end));
        break;
      case field(2, VARINT):
        record.severityNumber = Number(fields.int64(end));
        break;
      case field(3, SIZED):
        record.severityText = fields.text(end);
        break;
      case field(5, SIZED):
        record.body = decodeValue(fields, fields.sized(end), 0);
        break;
      case field(6, SIZED):
        record.attributes.push(decodeAttribute(fields, fields.sized(end), 0));
        break;
      case field(7, VARINT):
        record.droppedAttributes = Number(fields.int64(end));
        break;
      case field(8, FIXED32):
        record.flags = fields.fixed32(end);
        break;
      case field(9, SIZED):
        record.traceId = decodeId(fields, end, TRACE_ID_BYTES, 'trace_id');
        break;
      case field(10, SIZED):
        record.spanId = decodeId(fields, end, SPAN_ID_BYTES, 'span_id');
        break;
      case field(12, SIZED):
        record.eventName = fields.text(end);
        break;
      default:
        fields.skip(end);
    }
  }
  return record;
}

/** Returns the attributes in a message. @param tag  of their field */
function attributesIn(fields: OtlpFields, end: number, tag: number): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = [];
  fields.beginValues();
  eachMessage(fields, end, tag, (attributeEnd) => attributes.push(decodeAttribute(fields, attributeEnd, 0)));
  return attributes;
}

function decodeAttribute(fields: OtlpFields, end: number, depth: number): OtlpAttribute {
  fields.countValue();
  let key = '';
  let value = EMPTY;
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1:
        key = fields.text(end);
        break;
      case FIELD_2:
        value = decodeValue(fields, fields.sized(end), depth);
        break;
      default:
        fields.skip(end);
    }
  }
  return { key, value };
}

/** The last of several values counts. */
function decodeValue(fields: OtlpFields, end: number, depth: number): OtlpValue {
  if (depth > LOKI_JSON_DEPTH_MAX) throw new CorruptionError(`a value of more than ${LOKI_JSON_DEPTH_MAX} levels`);
  fields.countValue();
  let value = EMPTY;
  while (fields.at < end) {
    switch (fields.tag(end)) {
      case FIELD_1:
        value = { kind: 'text', text: fields.text(end) };
        break;
      case field(2, VARINT):
        value = { kind: 'bool', value: fields.int64(end) !== 0n };
        break;
      case field(3, VARINT):
        value = { kind: 'int', value: fields.int64(end) };
        break;
      case field(4, FIXED64):
        value = { kind: 'double', value: fields.double(end) };
        break;
      case field(5, SIZED): {
        const values: OtlpValue[] = [];
        eachMessage(fields, fields.sized(end), FIELD_1, (each) => values.push(decodeValue(fields, each, depth + 1)));
        value = { kind: 'array', values };
        break;
      }
      case field(6, SIZED): {
        const attributes: OtlpAttribute[] = [];
        eachMessage(fields, fields.sized(end), FIELD_1, (each) =>
          attributes.push(decodeAttribute(fields, each, depth + 1)),
        );
        value = { kind: 'map', attributes };
        break;
      }
      case field(7, SIZED): {
        const to = fields.sized(end);
        value = { kind: 'bytes', bytes: fields.bytes.subarray(fields.at, to) };
        fields.at = to;
        break;
      }
      default:
        fields.skip(end);
    }
  }
  return value;
}

/** An id of zeros is none. */
function decodeId(fields: OtlpFields, end: number, sizeBytes: number, name: string): string {
  const to = fields.sized(end);
  const id = fields.bytes.subarray(fields.at, to);
  fields.at = to;
  if (id.length !== 0 && id.length !== sizeBytes) {
    throw new CorruptionError(`invalid length for ${name}: ${id.length} bytes, allowed: ${sizeBytes}`);
  }
  return id.every((byte) => byte === 0) ? '' : id.toString('hex');
}

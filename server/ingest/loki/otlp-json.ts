/**
 * Decodes the JSON of OpenTelemetry's log records: that of protobuf, but with ids in hexadecimal digits. Numbers of 64 bits are texts
 * or numbers. What is not known is passed over.
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { LOKI_JSON_DEPTH_MAX } from '../../limits.ts';
import {
  EMPTY,
  type OtlpAttribute,
  type OtlpRecord,
  type OtlpScope,
  type OtlpValue,
  type OtlpVisitor,
} from './otlp-logs.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws CorruptionError; what the visitor throws */
export function decodeOtlpJson(bytes: Buffer, visitor: OtlpVisitor): void {
  for (const logs of objectsIn(parsed(bytes), 'resourceLogs')) {
    visitor.beginResource(attributesIn(objectIn(logs, 'resource'), 0));
    for (const scopeLogs of objectsIn(logs, 'scopeLogs')) {
      visitor.beginScope(scopeOf(objectIn(scopeLogs, 'scope')));
      for (const record of objectsIn(scopeLogs, 'logRecords')) visitor.record(recordOf(record));
    }
    visitor.endResource();
  }
}

function parsed(bytes: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw new CorruptionError(`JSON: ${(error as Error).message}`);
  }
  return objectOf(value, 'the body');
}

function scopeOf(scope: JsonObject): OtlpScope {
  return {
    name: textIn(scope, 'name'),
    version: textIn(scope, 'version'),
    attributes: attributesIn(scope, 0),
    droppedAttributes: Number(intIn(scope, 'droppedAttributesCount')),
  };
}

function recordOf(record: JsonObject): OtlpRecord {
  return {
    timeNs: intIn(record, 'timeUnixNano'),
    observedNs: intIn(record, 'observedTimeUnixNano'),
    severityNumber: Number(intIn(record, 'severityNumber')),
    severityText: textIn(record, 'severityText'),
    body: record['body'] === undefined ? EMPTY : valueOf(record['body'], 0),
    attributes: attributesIn(record, 0),
    droppedAttributes: Number(intIn(record, 'droppedAttributesCount')),
    flags: Number(intIn(record, 'flags')),
    traceId: idIn(record, 'traceId', 32),
    spanId: idIn(record, 'spanId', 16),
    eventName: textIn(record, 'eventName'),
  };
}

function attributesIn(object: JsonObject, depth: number): OtlpAttribute[] {
  return objectsIn(object, 'attributes').map((attribute) => attributeOf(attribute, depth));
}

function attributeOf(attribute: JsonObject, depth: number): OtlpAttribute {
  return { key: textIn(attribute, 'key'), value: valueOf(attribute['value'], depth) };
}

function valueOf(value: unknown, depth: number): OtlpValue {
  if (depth > LOKI_JSON_DEPTH_MAX) throw new CorruptionError(`a value of more than ${LOKI_JSON_DEPTH_MAX} levels`);
  if (value === undefined || value === null) return EMPTY;
  const object = objectOf(value, 'a value');
  const [kind] = Object.keys(object);
  switch (kind) {
    case 'stringValue':
      return { kind: 'text', text: textIn(object, kind) };
    case 'boolValue':
      return { kind: 'bool', value: object[kind] === true };
    case 'intValue':
      return { kind: 'int', value: intIn(object, kind) };
    case 'doubleValue':
      return { kind: 'double', value: Number(object[kind]) };
    case 'bytesValue':
      return { kind: 'bytes', bytes: Buffer.from(textIn(object, kind), 'base64') };
    case 'arrayValue':
      return {
        kind: 'array',
        values: objectsIn(objectIn(object, kind), 'values').map((each) => valueOf(each, depth + 1)),
      };
    case 'kvlistValue': {
      const attributes = objectsIn(objectIn(object, kind), 'values').map((each) => attributeOf(each, depth + 1));
      return { kind: 'map', attributes };
    }
    default:
      return EMPTY;
  }
}

function objectOf(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new CorruptionError(`JSON: ${what} must be an object`);
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return value === undefined || value === null ? {} : objectOf(value, name);
}

function objectsIn(object: JsonObject, name: string): JsonObject[] {
  const value = object[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new CorruptionError(`JSON: ${name} must be an array`);
  return value.map((each: unknown) => objectOf(each, `each of ${name}`));
}

function textIn(object: JsonObject, name: string): string {
  const value = object[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new CorruptionError(`JSON: ${name} must be a text`);
  return value.toWellFormed();
}

/** Times are unsigned, other integers are signed. */
const [INT_MIN, INT_MAX] = [-(2n ** 63n), 2n ** 64n - 1n];

function intIn(object: JsonObject, name: string): bigint {
  const value = object[name];
  if (value === undefined || value === null) return 0n;
  const isInt =
    typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  if (!isInt) throw new CorruptionError(`JSON: ${name} must be an integer`);
  const int = BigInt(value as string | number);
  if (int < INT_MIN || int > INT_MAX) throw new CorruptionError(`JSON: ${name} must fit into 64 bits`);
  return BigInt.asIntN(64, int);
}

/** An id of zeros is none. */
function idIn(object: JsonObject, name: string, digits: number): string {
  const id = textIn(object, name).toLowerCase();
  if (id === '' || /^0+$/.test(id)) return '';
  if (id.length === digits && /^[0-9a-f]*$/.test(id)) return id;
  throw new CorruptionError(`JSON: ${name} must have ${digits} hexadecimal digits`);
}

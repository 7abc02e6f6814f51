/** Bodies of log records of OpenTelemetry: its JSON, and protobuf made of the same object by protobufjs. */
import protobuf from 'protobufjs';

/** Of open-telemetry/opentelemetry-proto: what a request with logs consists of. */
const PROTO = `
syntax = "proto3";
message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
message ResourceLogs { repeated ScopeLogs scope_logs = 2; Resource resource = 1; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeLogs { repeated LogRecord log_records = 2; InstrumentationScope scope = 1; string schema_url = 3; }
message InstrumentationScope {
  string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
}
message LogRecord {
  fixed64 time_unix_nano = 1;
  fixed64 observed_time_unix_nano = 11;
  int32 severity_number = 2;
  string severity_text = 3;
  AnyValue body = 5;
  repeated KeyValue attributes = 6;
  uint32 dropped_attributes_count = 7;
  fixed32 flags = 8;
  bytes trace_id = 9;
  bytes span_id = 10;
  string event_name = 12;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`;
const Request = protobuf.parse(PROTO).root.lookupType('ExportLogsServiceRequest');

export type SentValue = Readonly<Record<string, unknown>>;

export interface SentAttribute {
  readonly key: string;
  readonly value: SentValue;
}

export interface SentRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: SentValue;
  readonly attributes?: readonly SentAttribute[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}

export interface SentLogs {
  readonly resourceLogs: readonly {
    readonly resource?: { readonly attributes: readonly SentAttribute[] };
    readonly scopeLogs: readonly {
      readonly scope?: {
        readonly name?: string;
        readonly version?: string;
        readonly attributes?: readonly SentAttribute[];
      };
      readonly logRecords: readonly SentRecord[];
    }[];
  }[];
}

export function text(key: string, stringValue: string): SentAttribute {
  return { key, value: { stringValue } };
}

/** Stands for one in texts; no test has it. */
const NEGATIVE_ZERO = 'negative zero';

export function otlpJsonOf(logs: SentLogs): Buffer {
  // JSON.stringify writes no negative zero, but JSON has it.
  const json = JSON.stringify(logs, (_, value: unknown) => (Object.is(value, -0) ? NEGATIVE_ZERO : value));
  return Buffer.from(json.replaceAll(`"${NEGATIVE_ZERO}"`, '-0'));
}

/** Ids are hexadecimal in JSON alone. */
export function otlpProtobufOf({ resourceLogs }: SentLogs): Buffer {
  const withBytes = resourceLogs.map((logs) => ({
    ...logs,
    scopeLogs: logs.scopeLogs.map((scope) => ({
      ...scope,
      logRecords: scope.logRecords.map(({ traceId, spanId, ...record }) => ({
        ...record,
        ...(traceId !== undefined && { traceId: Buffer.from(traceId, 'hex') }),
        ...(spanId !== undefined && { spanId: Buffer.from(spanId, 'hex') }),
      })),
    })),
  }));
  return Buffer.from(Request.encode(Request.fromObject({ resourceLogs: withBytes })).finish());
}

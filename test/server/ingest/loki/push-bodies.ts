/** Bodies of pushes, made by other libraries: protobufjs after Loki's own description, snappyjs, JSON. */
import protobuf from 'protobufjs';
import { compress } from 'snappyjs';

/** Of grafana/loki, pkg/push/push.proto; `stdtime` and the types of Go are left out. */
const PROTO = `
syntax = "proto3";
message PushRequest { repeated Stream streams = 1; }
message Stream { string labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
message Entry {
  Timestamp timestamp = 1;
  string line = 2;
  repeated LabelPair structuredMetadata = 3;
  repeated LabelPair parsed = 4;
}
message LabelPair { string name = 1; string value = 2; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
`;
export const PushRequest = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('PushRequest');

export interface SentEntry {
  readonly ns: bigint;
  readonly line: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface SentStream {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: readonly SentEntry[];
}

const NS = 1_000_000_000n;

/** Sorted by name. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

export function protobufOf(streams: readonly SentStream[]): Buffer {
  const message = {
    streams: streams.map(({ labels, entries }) => ({
      labels: labelsText(labels),
      entries: entries.map(({ ns, line, metadata = {} }) => ({
        timestamp: { seconds: Number(ns / NS), nanos: Number(ns % NS) },
        line,
        structuredMetadata: Object.entries(metadata).map(([name, value]) => ({ name, value })),
      })),
    })),
  };
  return Buffer.from(PushRequest.encode(message).finish());
}

export function snappyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(compress(bytes));
}

export function jsonOf(streams: readonly SentStream[]): Buffer {
  const message = {
    streams: streams.map(({ labels, entries }) => ({
      stream: labels,
      values: entries.map(({ ns, line, metadata }) => [
        String(ns),
        line,
        ...(metadata === undefined ? [] : [metadata]),
      ]),
    })),
  };
  return Buffer.from(JSON.stringify(message));
}

/** Log records of OpenTelemetry as entries: labels, metadata, lines and times, of both encodings. */
import fc from '../../../fast-check.ts';
import { expect, test } from 'vitest';
import { decodePushTask, type PushFormat } from '../../../../server/ingest/loki/decode-push.ts';
import { NOT_STORED } from '../../../../server/ingest/loki/entries.ts';
import { OTLP_VALUES_MAX } from '../../../../server/limits.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import { instantOf, instantOfMs } from '../../../../shared/time.ts';
import { fuzz, mutated, randomBytes } from '../../../fuzz/fuzz.ts';
import { labelsText } from './push-bodies.ts';
import { otlpJsonOf, otlpProtobufOf, type SentLogs, type SentRecord, type SentValue, text } from './otlp-bodies.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 12);
const NOW = instantOfMs(NOW_MS);
const FORMATS: readonly PushFormat[] = ['otlp-protobuf', 'otlp-json'];
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

function bodyOf(format: PushFormat, logs: SentLogs): Buffer {
  return format === 'otlp-json' ? otlpJsonOf(logs) : otlpProtobufOf(logs);
}

interface Stored {
  readonly labels: string;
  readonly ns: bigint;
  readonly line: string;
  readonly metadata: Record<string, string>;
}

function decode(
  format: PushFormat,
  body: Buffer,
): { stored: Stored[]; refusal: string | undefined; streamCount: number } {
  const { entries, refusal, streamCount } = decodePushTask({ body, format, nowMs: NOW_MS }).output;
  const { bytes, starts, ends, streams, days, timesNs, labels, metadata } = entries;
  const textAt = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString();
  const stored = [...streams].flatMap((stream, i) => {
    if (stream === NOT_STORED) return [];
    const names = metadata?.names[metadata.codes[i]! - 1] ?? [];
    const pairs = names.map((name, at) => {
      const value = metadata!.firstValues[i]! + at;
      return [name, textAt(metadata!.starts[value]!, metadata!.ends[value]!)];
    });
    return [
      {
        labels: labelsText(labels[stream]!),
        ns: instantOf(days[i]!, timesNs[i]!),
        line: textAt(starts[i]!, ends[i]!),
        metadata: Object.fromEntries(pairs) as Record<string, string>,
      },
    ];
  });
  return { stored, refusal, streamCount };
}

function logsOf(...logRecords: readonly SentRecord[]): SentLogs {
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}

const at = (ns: bigint): string => String(NOW + ns);

test.each(FORMATS)('%s: a resource, its scopes and records', (format) => {
  const logs: SentLogs = {
    resourceLogs: [
      {
        resource: {
          attributes: [
            text('service.name', 'shop'),
            text('k8s.pod.name', 'shop-1'),
            text('telemetry.sdk.name', 'opentelemetry'),
            { key: 'process.pid', value: { intValue: '7' } },
          ],
        },
        scopeLogs: [
          {
            scope: { name: 'http', version: '1.2', attributes: [text('scope.kind', 'server')] },
            logRecords: [
              {
                timeUnixNano: at(1n),
                observedTimeUnixNano: at(5n),
                severityNumber: 17,
                severityText: 'ERROR',
                body: { stringValue: 'paid é' },
                attributes: [
                  text('user.id', 'u-1'),
                  { key: 'http', value: { kvlistValue: { values: [{ key: 'status', value: { intValue: 502 } }] } } },
                ],
                droppedAttributesCount: 2,
                flags: 1,
                traceId: TRACE,
                spanId: SPAN,
                eventName: 'payment',
              },
              { observedTimeUnixNano: at(2n), body: { stringValue: 'without a time' } },
              { body: { stringValue: 'without any' } },
            ],
          },
          { logRecords: [{ timeUnixNano: at(3n), body: { stringValue: 'of another scope' } }] },
        ],
      },
      { scopeLogs: [{ logRecords: [{ timeUnixNano: at(4n), body: { stringValue: 'of no resource' } }] }] },
    ],
  };
  const labels = '{k8s_pod_name="shop-1", service_name="shop"}';
  const ofResource = { telemetry_sdk_name: 'opentelemetry', process_pid: '7' };
  const ofScope = { scope_kind: 'server', scope_name: 'http', scope_version: '1.2' };
  expect(decode(format, bodyOf(format, logs))).toEqual({
    stored: [
      {
        labels,
        ns: NOW + 1n,
        line: 'paid é',
        metadata: {
          user_id: 'u-1',
          http_status: '502',
          observed_timestamp: at(5n),
          severity_number: '17',
          severity_text: 'ERROR',
          dropped_attributes_count: '2',
          flags: '1',
          trace_id: TRACE,
          span_id: SPAN,
          event_name: 'payment',
          ...ofResource,
          ...ofScope,
        },
      },
      { labels, ns: NOW + 2n, line: 'without a time', metadata: { ...ofResource, ...ofScope } },
      { labels, ns: NOW, line: 'without any', metadata: { ...ofResource, ...ofScope } },
      { labels, ns: NOW + 3n, line: 'of another scope', metadata: ofResource },
      { labels: '{}', ns: NOW + 4n, line: 'of no resource', metadata: {} },
    ],
    refusal: undefined,
    streamCount: 2,
  });
});

const BODIES: readonly (readonly [value: SentValue, line: string])[] = [
  [{ stringValue: '{"level":"info"}' }, '{"level":"info"}'],
  [{ boolValue: false }, 'false'],
  [{ intValue: '-9223372036854775808' }, '-9223372036854775808'],
  [{ doubleValue: 1.5 }, '1.5'],
  [{ doubleValue: 1e21 }, '1e+21'],
  [{ doubleValue: -0 }, '-0'],
  [{ bytesValue: Buffer.from([0, 255]).toString('base64') }, 'AP8='],
  [{ arrayValue: { values: [{ stringValue: 'a<b' }, { intValue: 1 }, {}] } }, '["a\\u003cb",1,null]'],
  [
    {
      kvlistValue: {
        values: [
          text('z', '1'),
          { key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: { doubleValue: 0.5 } }] } } },
        ],
      },
    },
    '{"a":{"b":0.5},"z":"1"}',
  ],
  [{}, ''],
];

test.each(FORMATS.flatMap((format) => BODIES.map(([value, line]) => [format, line, value] as const)))(
  '%s: the body %s',
  (format, line, body) => {
    const { stored } = decode(format, bodyOf(format, logsOf({ timeUnixNano: at(0n), body })));
    expect(stored.map((each) => each.line)).toEqual([line]);
  },
);

test.each(FORMATS)('%s: records that are too old or have too much are refused, and others are stored', (format) => {
  const attributes = Array.from({ length: 129 }, (_, i) => text(`a${i}`, 'x'));
  const body = { stringValue: 'x' };
  const logs = logsOf(
    { timeUnixNano: '1', body },
    { timeUnixNano: at(1n), body, attributes },
    { timeUnixNano: at(2n), body, attributes: attributes.slice(1) },
  );
  const { stored, refusal } = decode(format, bodyOf(format, logs));
  expect(stored.map(({ ns }) => ns)).toEqual([NOW + 2n]);
  expect(refusal).toContain(`entry for stream '{}' has timestamp too old: 1970-01-01T00:00:00Z`);
  expect(refusal).toContain(`stream '{}' has too many structured metadata labels: '129', limit: '128'`);
});

test.each(FORMATS)('%s: nothing in it is no stream', (format) => {
  expect(decode(format, bodyOf(format, { resourceLogs: [] }))).toEqual({
    stored: [],
    refusal: undefined,
    streamCount: 0,
  });
});

test('both encodings of one request are the same entries', () => {
  const value: fc.Arbitrary<SentValue> = fc.letrec<{ value: SentValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string().map((stringValue) => ({ stringValue })),
      fc.boolean().map((boolValue) => ({ boolValue })),
      fc.maxSafeInteger().map((int) => ({ intValue: String(int) })),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((doubleValue) => ({ doubleValue })),
      fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
      fc
        .array(fc.record({ key: fc.string(), value: tie('value') }), { maxLength: 3 })
        .map((values) => ({ kvlistValue: { values } })),
    ),
  })).value;
  const record = fc.record({
    timeUnixNano: fc.bigInt({ min: NOW - 10n ** 12n, max: NOW }).map(String),
    severityNumber: fc.nat(24),
    body: value,
    attributes: fc.array(fc.record({ key: fc.string(), value }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 5 }), (records) => {
      const logs = logsOf(...records);
      expect(decode('otlp-protobuf', otlpProtobufOf(logs))).toEqual(decode('otlp-json', otlpJsonOf(logs)));
    }),
    { numRuns: 200 },
  );
});

test.each(FORMATS)(
  '%s: records whose resource has more attributes than metadata may have are refused one by one',
  (format) => {
    const many = Array.from({ length: 5000 }, (_, n) => text(`a${n}`, 'x'));
    const records = Array.from({ length: 3 }, (_, n) => ({
      timeUnixNano: at(BigInt(n)),
      body: { stringValue: `${n}` },
    }));
    const logs: SentLogs = {
      resourceLogs: [
        { resource: { attributes: many }, scopeLogs: [{ logRecords: records }] },
        { scopeLogs: [{ logRecords: records.slice(0, 1) }] },
      ],
    };
    const { stored, refusal } = decode(format, bodyOf(format, logs));
    expect(stored.map(({ line }) => line)).toEqual(['0']);
    expect(refusal).toContain("has too many structured metadata labels: '5000', limit: '128'");
  },
);

test('a record, a scope and a resource have up to so many values, also empty ones', () => {
  const attributes = (count: number) => Array.from({ length: count }, () => ({ key: '', value: {} }));
  const bodies = (count: number): SentLogs[] => [
    logsOf({ attributes: attributes(count) }),
    { resourceLogs: [{ resource: { attributes: attributes(count) }, scopeLogs: [] }] },
    { resourceLogs: [{ scopeLogs: [{ scope: { attributes: attributes(count) }, logRecords: [] }] }] },
    logsOf({ body: { arrayValue: { values: Array.from({ length: count * 2 }, () => ({})) } } }),
  ];
  // An attribute and its value are two.
  for (const logs of bodies(OTLP_VALUES_MAX / 2 - 2)) decode('otlp-protobuf', otlpProtobufOf(logs));
  for (const logs of bodies(OTLP_VALUES_MAX / 2 + 2)) {
    expect(() => decode('otlp-protobuf', otlpProtobufOf(logs))).toThrow(
      `more than ${OTLP_VALUES_MAX} attributes and values`,
    );
  }
});

test.each([
  ['otlp-json', '{', /^JSON: /],
  ['otlp-json', '[]', 'JSON: the body must be an object'],
  [
    'otlp-json',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"ab"}]}]}]}',
    'JSON: traceId must have 32 hexadecimal digits',
  ],
  [
    'otlp-json',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"x"}]}]}]}',
    'JSON: timeUnixNano must be an integer',
  ],
  [
    'otlp-json',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"99999999999999999999"}]}]}]}',
    'JSON: timeUnixNano must fit into 64 bits',
  ],
  [
    'otlp-json',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"observedTimeUnixNano":1e300}]}]}]}',
    'JSON: observedTimeUnixNano must fit into 64 bits',
  ],
  ['otlp-protobuf', '\n\u0005', 'unexpected EOF'],
] as const)('%s: %j is refused as a whole', (format, body, message) => {
  expect(() => decode(format, Buffer.from(body))).toThrow(message);
  expect(() => decode(format, Buffer.from(body))).toThrow(CorruptionError);
});

test.each(FORMATS)('%s: any bytes are decoded or refused', (format) => {
  const logs = logsOf({
    timeUnixNano: at(0n),
    body: { stringValue: 'x' },
    attributes: [text('a', 'b')],
    traceId: TRACE,
  });
  const body = bodyOf(format, logs);
  return fuzz((random) => {
    const isRandom = random.below(4) === 0;
    decode(format, isRandom ? randomBytes(random.below(200), random) : mutated(body, random));
  });
});

/** Pushes, decoded: as another library and JSON.parse read them; what is refused of them, and as a whole; any bytes. */
import fc from '../../../fast-check.ts';
import { expect, test } from 'vitest';
import { decodePushTask, type PushFormat } from '../../../../server/ingest/loki/decode-push.ts';
import { NOT_STORED } from '../../../../server/ingest/loki/entries.ts';
import {
  LOKI_AGE_MS_MAX,
  LOKI_JSON_DEPTH_MAX,
  LOKI_LEAD_MS_MAX,
  LOKI_LINE_BYTES_MAX,
  LOKI_METADATA_BYTES_MAX,
  LOKI_METADATA_MAX,
  LOKI_PUSH_ENTRIES_MAX,
  LOKI_PUSH_STREAMS_MAX,
  LOKI_REFUSALS_MAX,
  LOKI_REPEATS_COMPARED_MAX,
} from '../../../../server/limits.ts';
import { CorruptionError, PodlogError } from '../../../../shared/errors.ts';
import { FIELD_NAME_BYTES_MAX, METADATA_MAX } from '../../../../shared/row-group/format.ts';
import { instantOf, instantOfMs } from '../../../../shared/time.ts';
import { fuzz, mutated, randomBytes } from '../../../fuzz/fuzz.ts';
import { jsonOf, labelsText, protobufOf, PushRequest, type SentStream, snappyOf } from './push-bodies.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 12);
const NOW = instantOfMs(NOW_MS);
const FORMATS: readonly PushFormat[] = ['protobuf', 'json'];

function bodyOf(format: PushFormat, streams: readonly SentStream[]): Buffer {
  return format === 'json' ? jsonOf(streams) : snappyOf(protobufOf(streams));
}

interface Decoded {
  readonly streamCount: number;
  readonly refusal: string | undefined;
  readonly content: string;
  /** Of entries that are stored: labels, time and line. */
  readonly stored: readonly (readonly [labels: string, ns: bigint, line: string])[];
}

function decode(format: PushFormat, body: Uint8Array): Decoded {
  const { entries, ...rest } = decodePushTask({ body: Buffer.from(body), format, nowMs: NOW_MS }).output;
  const { bytes, starts, ends, streams, days, timesNs, labels } = entries;
  const stored = [...streams].flatMap((stream, i) => {
    if (stream === NOT_STORED) return [];
    const line = Buffer.from(bytes.subarray(starts[i], ends[i])).toString();
    return [[labelsText(labels[stream]!), instantOf(days[i]!, timesNs[i]!), line] as const];
  });
  return { ...rest, stored };
}

const STREAMS: readonly SentStream[] = [
  {
    labels: { app: 'api', env: 'prod' },
    entries: [
      { ns: NOW, line: '{"level":"info","path":"/a"}' },
      { ns: NOW + 1n, line: 'two\nlines, and a "quote" \\ é 😀 \u0001' },
      { ns: NOW - 123_456_789n, line: '' },
    ],
  },
  { labels: { app: 'web' }, entries: [{ ns: NOW - 86_400_000_000_001n, line: 'plain' }] },
  { labels: {}, entries: [{ ns: NOW, line: 'no labels' }] },
  { labels: { app: 'empty' }, entries: [] },
];

test.each(FORMATS)('%s: labels, times and lines', (format) => {
  const { streamCount, refusal, stored } = decode(format, bodyOf(format, STREAMS));
  expect([streamCount, refusal]).toEqual([4, undefined]);
  expect(stored).toEqual(allOf(STREAMS));
});

function allOf(streams: readonly SentStream[]): Decoded['stored'] {
  return streams.flatMap(({ labels, entries }) =>
    entries.map(({ ns, line }) => [labelsText(labels), ns, line] as const),
  );
}

/** By hand: one stream, one entry, a field that nothing knows. */
test('golden bytes', () => {
  const line = Buffer.from('hello');
  const seconds = [0x80, 0x9e, 0xe0, 0xd0, 0x06]; // 1,779,961,600
  const timestamp = [0x0a, 8, 0x08, ...seconds, 0x10, 0x05];
  const entryBytes = [...timestamp, 0x12, line.length, ...line];
  const labels = Buffer.from('{app="x"}');
  const stream = [0x0a, labels.length, ...labels, 0x12, entryBytes.length, ...entryBytes, 0x18, 0x01];
  const request = Buffer.from([0x0a, stream.length, ...stream, 0x7a, 1, 0]);
  const { output } = decodePushTask({ body: snappyOf(request), format: 'protobuf', nowMs: 1_779_961_600_000 });
  const { entries } = output;
  expect(entries.labels).toEqual([{ app: 'x' }]);
  expect(instantOf(entries.days[0]!, entries.timesNs[0]!)).toBe(1_779_961_600_000_000_005n);
  expect(Buffer.from(entries.bytes.subarray(entries.starts[0], entries.ends[0]))).toEqual(line);
});

test('labels may come after the entries, and the times of the old route are RFC 3339', () => {
  const ns = String(NOW);
  const late = `{"streams":[{"values":[["${ns}","x"]],"other":[1,{"a":null}],"stream":{"app":"api"}}],"more":-1.5e3}`;
  expect(decode('json', Buffer.from(late)).stored).toEqual([['{app="api"}', NOW, 'x']]);
  const old = String.raw`{"streams":[{"labels":"{app=\"api\"}","entries":[{"ts":"2026-11-27T13:00:00.000000001+01:00","line":"x"}]}]}`;
  expect(decode('json', Buffer.from(old)).stored).toEqual([['{app="api"}', NOW + 1n, 'x']]);
});

const sentStreams = fc.array(
  fc.record({
    labels: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,3}$/),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
      { maxKeys: 8 },
    ),
    entries: fc.uniqueArray(
      fc.record({ ns: fc.bigInt({ min: NOW - 10n ** 14n, max: NOW }), line: fc.string({ unit: 'binary' }) }),
      // No line is a repetition.
      { maxLength: 20, selector: ({ ns }) => ns },
    ),
  }),
  { maxLength: 5 },
);

test.each(FORMATS)('%s: what another library has written is read', (format) => {
  fc.assert(
    fc.property(sentStreams, (streams) => {
      const { stored, refusal } = decode(format, bodyOf(format, streams));
      expect(refusal).toBeUndefined();
      expect(stored).toEqual(allOf(streams));
    }),
  );
});

test('json: changed bytes are refused, or read as JSON.parse reads them', () =>
  fuzz((random) => {
    const bytes = mutated(jsonOf(STREAMS), random);
    const { streamCount } = decode('json', bytes);
    const { streams = [] } = JSON.parse(bytes.toString()) as { streams?: unknown[] };
    expect(streamCount).toBe(streams.length);
  }));

test('protobuf: changed bytes are refused, or read', () =>
  fuzz((random) => decode('protobuf', snappyOf(mutated(protobufOf(STREAMS), random)))));

test.each(FORMATS)('%s: any bytes', (format) =>
  fuzz((random) => {
    const bytes = randomBytes(random.below(100), random);
    decode(format, format === 'json' ? bytes : snappyOf(bytes));
  }),
);

function entry(ns: bigint, line = 'x'): SentStream['entries'][number] {
  return { ns, line };
}

const MS = 1_000_000n;
const OLDEST = NOW - BigInt(LOKI_AGE_MS_MAX) * MS;
const NEWEST = NOW + BigInt(LOKI_LEAD_MS_MAX) * MS;
const LONG = 'x'.repeat(LOKI_LINE_BYTES_MAX + 1);

test.each(FORMATS)('%s: entries that are too old, too new or too long are refused, and the others stored', (format) => {
  const streams = [
    {
      labels: { app: 'api' },
      entries: [
        entry(OLDEST),
        entry(OLDEST - 1_000_000_000n),
        entry(NEWEST),
        entry(NEWEST + 1_000_000_000n),
        entry(NOW, LONG),
        entry(NOW, LONG.slice(1)),
      ],
    },
    { labels: { 'a.b': 'x' }, entries: [entry(NOW), entry(NOW + 1n)] },
  ];
  const { stored, refusal } = decode(format, bodyOf(format, streams));
  expect(stored.map(([, ns]) => ns)).toEqual([OLDEST, NEWEST, NOW]);
  expect(refusal).toBe(
    [
      `1 errors like: entry for stream '{app="api"}' has timestamp too old: 2026-11-20T11:59:59Z, oldest acceptable timestamp is: 2026-11-20T12:00:00Z`,
      `1 errors like: entry for stream '{app="api"}' has timestamp too new: 2026-11-27T12:10:01Z`,
      `1 errors like: max entry size '262144' bytes exceeded for stream '{app="api"}' while adding an entry with length '262145' bytes`,
      `2 errors like: couldn't parse labels: 1:3: parse error: unexpected character inside braces: '.'`,
    ].join('; '),
  );
});

/** Returns the metadata of each entry that is stored, in its order. */
function metadataOf(format: PushFormat, metadata: readonly Record<string, string>[]): [string, string][][] {
  const entries = metadata.map((own, i) => ({ ns: NOW + BigInt(i), line: `line ${i}`, metadata: own }));
  const body = bodyOf(format, [{ labels: { app: 'api' }, entries }]);
  const { bytes, streams, metadata: found } = decodePushTask({ body, format, nowMs: NOW_MS }).output.entries;
  return [...streams].flatMap((stream, i) => {
    if (stream === NOT_STORED) return [];
    const { names = [], codes, firstValues, starts, ends } = found ?? {};
    const own = names[(codes?.[i] ?? 0) - 1] ?? [];
    return [
      own.map((name, at): [string, string] => {
        const value = firstValues![i]! + at;
        return [name, Buffer.from(bytes.subarray(starts![value], ends![value])).toString()];
      }),
    ];
  });
}

test.each(FORMATS)('%s: structured metadata, of entries with other names and none', (format) => {
  const all = [
    { trace_id: 'a', user: '"é"\n' },
    {},
    { trace_id: 'b', user: 'x' },
    { user: 'y' },
    { trace_id: '', user: 'z' },
  ];
  expect(metadataOf(format, all)).toEqual([
    [
      ['trace_id', 'a'],
      ['user', '"é"\n'],
    ],
    [],
    [
      ['trace_id', 'b'],
      ['user', 'x'],
    ],
    [['user', 'y']],
    [['user', 'z']],
  ]);
  const many = Array.from({ length: 5000 }, (_, i) => ({ [`n_${i % 3}`]: String(i), other: 'x' }));
  expect(metadataOf(format, many)).toEqual(many.map((own) => Object.entries(own)));
  const { entries } = decodePushTask({ body: bodyOf(format, STREAMS), format, nowMs: NOW_MS }).output;
  expect(entries.metadata).toBeUndefined();
});

test.each(FORMATS)('%s: names of metadata are made valid; of two that are the same then, the last counts', (format) => {
  const sent = { 'a.b': '1', '9e': '2', 'a-b': '3', ü: '4', __own__: '5', 'x y': '6', '.': '7' };
  expect(metadataOf(format, [sent])).toEqual([
    [
      ['key_9e', '2'],
      ['a_b', '3'],
      ['__own__', '5'],
      ['x_y', '6'],
    ].map(([name, value]) => [name, value]),
  ]);
});

test.each(FORMATS)('%s: beyond the limits of metadata an entry is refused, and others are stored', (format) => {
  const many = Object.fromEntries(Array.from({ length: LOKI_METADATA_MAX + 1 }, (_, i) => [`n${i}`, 'x']));
  const { n0: _, ...most } = many;
  const entries = [
    many,
    most,
    { a: 'x'.repeat(LOKI_METADATA_BYTES_MAX) },
    { a: 'x'.repeat(LOKI_METADATA_BYTES_MAX - 1) },
    { ['n'.repeat(FIELD_NAME_BYTES_MAX + 1)]: 'x' },
    { ['n'.repeat(FIELD_NAME_BYTES_MAX)]: 'x' },
  ].map((metadata, i) => ({ ns: NOW, line: String(i), metadata }));
  const { stored, refusal } = decode(format, bodyOf(format, [{ labels: { app: 'api' }, entries }]));
  expect(stored.map(([, , line]) => line)).toEqual(['1', '3', '5']);
  expect(refusal).toBe(
    [
      `1 errors like: stream '{app="api"}' has too many structured metadata labels: '129', limit: '128'`,
      `1 errors like: stream '{app="api"}' has structured metadata too large: '65537' bytes, limit: '65536' bytes`,
      `1 errors like: stream '{app="api"}' has structured metadata name too long: '${'n'.repeat(257)}', limit: '256' bytes`,
    ].join('; '),
  );
  expect(LOKI_METADATA_MAX).toBe(METADATA_MAX);
});

test.each(FORMATS)('%s: lengths of names are those of their bytes', (format) => {
  const half = 'ü'.repeat(FIELD_NAME_BYTES_MAX / 2);
  const full = 'x'.repeat(LOKI_METADATA_BYTES_MAX - 4);
  const entries = [{ [half]: 'x' }, { [`${half}n`]: 'x' }, { üü: full }, { üün: full }, { üü: full }].map(
    (metadata, i) => ({ ns: NOW, line: String(i), metadata }),
  );
  const { stored, refusal } = decode(format, bodyOf(format, [{ labels: { app: 'api' }, entries }]));
  expect(stored.map(([, , line]) => line)).toEqual(['0', '2', '4']);
  expect(refusal).toMatch(/name too long: 'ü.*', limit: '256' bytes; .* too large: '65537' bytes/);
});

test('a time is any number of 64 bits, and its text is in the message', () => {
  for (const [seconds, text] of [
    [-1, '1970-01-01T00:00:00Z'],
    [0, '1970-01-01T00:00:00Z'],
    [1e15, '1000000000000000s'],
  ] as const) {
    const message = { streams: [{ labels: '{a="x"}', entries: [{ timestamp: { seconds, nanos: 0 }, line: 'x' }] }] };
    const { refusal, stored } = decode('protobuf', snappyOf(PushRequest.encode(message).finish()));
    expect(stored).toEqual([]);
    expect(refusal).toContain(text);
  }
});

test('the same line of the same time is stored once in a stream', () => {
  const twice = [entry(NOW, 'a'), entry(NOW, 'b'), entry(NOW, 'a'), entry(NOW + 1n, 'a'), entry(NOW, 'c')];
  const streams = [
    { labels: { app: 'api' }, entries: twice },
    { labels: { app: 'web' }, entries: twice },
  ];
  const { stored, refusal } = decode('json', jsonOf(streams));
  expect(refusal).toBeUndefined();
  expect(stored.map(([, , line]) => line).join('')).toBe('abacabac');
  const many = Array.from({ length: LOKI_REPEATS_COMPARED_MAX + 1 }, (_, n) => entry(NOW, `line ${n}`));
  const far = [{ labels: {}, entries: [...many, many[1]!, many[0]!] }];
  expect(decode('json', jsonOf(far)).stored).toHaveLength(many.length + 1);
});

test('different refusals are listed up to a limit', () => {
  const entries = Array.from({ length: LOKI_REFUSALS_MAX + 3 }, (_, n) => entry(BigInt(n) * 1_000_000_000n));
  const { refusal } = decode('json', jsonOf([{ labels: {}, entries }]));
  expect(refusal?.split('; ')).toHaveLength(LOKI_REFUSALS_MAX + 1);
  expect(refusal).toMatch(/; 3 more$/);
});

const value = (text: string): string => `{"streams":[{"stream":{"app":"api"},"values":[${text}]}]}`;

test('what Loki takes of JSON that is not quite right', () => {
  expect(decode('json', Buffer.from('null')).streamCount).toBe(0);
  expect(decode('json', Buffer.from('{"streams":null}')).streamCount).toBe(0);
  const labels = '{"app":5,"on":true,"off":null}';
  const text = `{"streams":[{"stream":${labels},"values":[["${NOW}"],[]]}]}`;
  const { stored, refusal } = decode('json', Buffer.from(text));
  expect(stored).toEqual([['{app="5", off="null", on="true"}', NOW, '']]);
  expect(refusal).toContain('has timestamp too old: 0001-01-01T00:00:00Z');
});

test.each([
  ['', 'EOF'],
  ['[]', 'JSON: an object is expected at byte 0, found "["'],
  ['{"streams":[}', 'JSON: an object is expected at byte 12, found "}"'],
  ['{"streams":{}}', 'JSON: an array is expected at byte 11, found "{"'],
  ['{"streams":[]} x', 'JSON: the end is expected at byte 15, found "x"'],
  ['{"streams":[],}', 'JSON: a string is expected at byte 14, found "}"'],
  ['{"x":01}', 'JSON: "," or "}" is expected at byte 6, found "1"'],
  ['{"x":tru}', 'JSON: a value is expected at byte 5, found "t"'],
  ['{"x":"\n"}', String.raw`JSON: an escaped control character is expected at byte 6, found "\n"`],
  [String.raw`{"x":"\x"}`, String.raw`JSON: an escape is expected at byte 6, found "\\"`],
  [String.raw`{"x":"\u12g4"}`, String.raw`JSON: an escape is expected at byte 6, found "\\"`],
  ['{"x":"', 'unexpected end of JSON input'],
  [String.raw`{"x":"\"`, 'unexpected end of JSON input'],
  [value('[1795780800000000000,"x"]'), 'JSON: a string is expected at byte 47, found "1"'],
  [value('["now","x"]'), 'strconv.ParseInt: parsing "now": invalid syntax'],
  [value(`["${'1'.repeat(20)}","x"]`), `strconv.ParseInt: parsing "${'1'.repeat(20)}": invalid syntax`],
  [value('["1","x",{"n":1}]'), /^JSON: a string is expected/],
  [value('["1","x",[]]'), /^JSON: an object is expected/],
  ['{"streams":[{"stream":{"app":{}}}]}', /^JSON: a value is expected/],
  ['{"streams":[{"entries":[{"ts":"noon","line":"x"}]}]}', /^parsing time "noon"/],
  [`{"x":${'['.repeat(LOKI_JSON_DEPTH_MAX)}`, /^JSON of more than 64 levels/],
  [`{"x":${'{"x":'.repeat(1_000_000)}`, /^JSON of more than 64 levels/],
])('JSON that is refused, %#', (text, message) => {
  const call = (): unknown => decode('json', Buffer.from(text));
  expect(call).toThrow(message);
  expect(call).toThrow(CorruptionError);
});

test.each([
  ['a length beyond the end', [0x0a, 0x05, 0x00], 'unexpected EOF'],
  ['a stream beyond the end', [0x0a, 0x02, 0x12, 0x05, 0, 0, 0, 0, 0], 'unexpected EOF'],
  ['a length that is cut off', [0x0a, 0x80], 'unexpected EOF'],
  ['a length of ten bytes', [0x0a, ...Array.from({ length: 9 }, () => 0xff), 0x01], 'proto: integer overflow'],
  ['a number that does not end', [0x08, ...Array.from({ length: 30 }, () => 0xff)], 'proto: integer overflow'],
  ['the field 0', [0x02, 0x00], 'proto: illegal tag 0 (wire type 2)'],
  ['a group', [0x0b, 0x0c], 'proto: illegal wireType 3'],
  ['a type that is none', [0x0f], 'proto: illegal wireType 7'],
  [
    'nanoseconds beyond a second',
    [0x0a, 10, 0x12, 8, 0x0a, 6, 0x10, 0x80, 0x94, 0xeb, 0xdc, 0x03],
    /nanos not in range/,
  ],
] as const)('protobuf: %s', (_, bytes, message) => {
  const call = (): unknown => decode('protobuf', snappyOf(Buffer.from(bytes)));
  expect(call).toThrow(message);
  expect(call).toThrow(CorruptionError);
});

test('streams that are named again are the same', () => {
  const streams = Array.from({ length: LOKI_PUSH_STREAMS_MAX + 1 }, (_, n) => ({
    labels: { app: 'api' },
    entries: [entry(NOW + BigInt(n % 100), `line ${n % 100}`)],
  }));
  const { output } = decodePushTask({ body: jsonOf(streams), format: 'json', nowMs: NOW_MS });
  expect(output.entries.labels).toEqual([{ app: 'api' }]);
  expect(output.streamCount).toBe(streams.length);
  const twice = [streams[0]!, streams[0]!, streams[1]!];
  expect(decode('json', jsonOf(twice)).stored).toHaveLength(2);
});

test('the memory of entries and streams is limited, however small they are', () => {
  const stream = (sizeBytes: number): number[] => {
    const head = [0x0a];
    let rest = sizeBytes;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80);
    return [...head, rest];
  };
  const entries = (count: number): Buffer =>
    snappyOf(Buffer.concat([Buffer.from(stream(2 * count)), Buffer.alloc(2 * count, Buffer.from([0x12, 0]))]));
  const streams = (count: number): Buffer =>
    snappyOf(
      protobufOf(Array.from({ length: count }, (_, n) => ({ labels: { n: String(n) }, entries: [entry(NOW)] }))),
    );
  expect(decode('protobuf', entries(LOKI_PUSH_ENTRIES_MAX)).stored).toEqual([]);
  expect(decode('protobuf', streams(LOKI_PUSH_STREAMS_MAX)).streamCount).toBe(LOKI_PUSH_STREAMS_MAX);
  for (const body of [entries(LOKI_PUSH_ENTRIES_MAX + 1), streams(LOKI_PUSH_STREAMS_MAX + 1)]) {
    const call = (): unknown => decode('protobuf', body);
    expect(call).toThrow(PodlogError);
    expect(call).toThrow(expect.objectContaining({ status: 413 }));
  }
});

test('what is pushed is known by its content, whatever its compression', () => {
  const one = protobufOf(STREAMS);
  /** As a literal alone: valid, and not what a compressor makes. */
  const literal = Buffer.concat([
    Buffer.from([(one.length & 0x7f) | 0x80, one.length >> 7, 61 << 2, (one.length - 1) & 0xff, (one.length - 1) >> 8]),
    one,
  ]);
  expect(decode('protobuf', literal).content).toBe(decode('protobuf', snappyOf(one)).content);
  expect(decode('protobuf', snappyOf(protobufOf(STREAMS.slice(1)))).content).not.toBe(
    decode('protobuf', snappyOf(one)).content,
  );
});

/** Lines that two servers are given: streams of every format that LogQL reads, and much that is odd. */
import { Random } from '../corpus/random.ts';

export interface PushedStream {
  readonly stream: Readonly<Record<string, string>>;
  /** Nanoseconds since 1970, the line, and structured metadata. */
  readonly values: readonly (readonly [ns: string, line: string, metadata?: Readonly<Record<string, string>>])[];
}

export interface Corpus {
  readonly streams: readonly PushedStream[];
  /** Epoch seconds: all lines are between them. */
  readonly start: number;
  readonly end: number;
}

const LINES = 60;
const SECONDS_BETWEEN = 20;
const LEVELS = ['debug', 'info', 'info', 'info', 'warn', 'error'];
const METHODS = ['GET', 'GET', 'POST', 'DELETE'];
const PATHS = ['/', '/api/users', '/api/users/7', '/api/orders', '/login?next=%2F', '/ä/€'];
const STATUSES = [200, 200, 201, 301, 404, 500, 503];
const DURATIONS = ['1.5s', '250ms', '3m', '1h2m3s', '900us', '12ns', '0', '-1s', '5'];
const SIZES = ['10KB', '1.5MiB', '512', '3kb', '1GB', '0B', '2,048B', '7 MB', '1e3'];
const ADDRESSES = ['10.0.0.1', '10.0.1.77', '192.168.4.5', '172.16.0.9', '::1', '2001:db8::7', '300.1.1.1'];
const USERS = ['ann', 'bob', 'zoë', 'O"Neil', 'back\\slash', ''];

/** Lines as JSON that have something special each. */
const ODD_JSON = [
  '{"a":"x","n":1.50,"e":1e3,"t":true,"f":false,"z":null,"l":[1,"two",{"k":3}],"o":{"b":"y","c":{"d":"w"}},"empty":"","a":"second"}',
  '{"k-1":"dash","7":"seven","a.b":"dot","_x":1,"sp ace":"s","ü":"umlaut","app":"clash","level":"WARN"}',
  '{"u":"caf\\u00e9 \\"q\\"","t":"tab\\there","s":"\\ud83d\\ude00","bad":"\\ud800","nl":"a\\nb","sl":"a\\/b"}',
  '{"a":"v","broken',
  '{"a":"v"} trailing',
  '[1,2]',
  '"text"',
  '17',
  'null',
  '{}',
  '{"o":{},"l":[]}',
  '{"a":1,}',
  "{'a':1}",
  '{"a" 1}',
  '{"n":-0,"big":12345678901234567890,"small":1E-7,"plus":+1}',
  ' {"a":"leading space"}',
  '{"a":{"b":{"c":{"d":{"e":"deep"}}}},"a_b":"flat"}',
  '{"__error__":"own","__line__":"own","detected_level":"own"}',
];
const ODD_LOGFMT = [
  'level=info msg="a \\"b\\" c" n=5 empty= flag 7x=1 a.b=2 level=warn',
  "x='one two' bad\"key=1 ok=yes",
  'a==b c=d=e =f g="unclosed',
  'plain words only',
  'ü=umlaut k="new\\nline" t="\\u00e9" app=clash',
  '=',
  'a=1,b=2 c="x"y d=\\q',
  'dur=1.5s size=10KB ip=10.0.0.1 n=-3 f=1.5e3 b=true',
];
const ODD = [
  '',
  ' ',
  'ünïcödé 日本語 😀',
  'tab\there',
  'two\nlines',
  'quote " and \\ and `',
  '\u0000nul',
  '<html>&amp;</html>',
  '{{.x}} %d %s $1 ${2}',
  'level=error',
  'ERROR: it failed',
  'info: fine',
  'warning ahead',
  'panic: fatal',
  'CRITICAL: now',
  'a'.repeat(300),
  'same time',
  'same time',
];

/** @param nowMs  epoch milliseconds: the lines are of the hour before it */
export function makeCorpus(seed: number, nowMs: number): Corpus {
  const random = new Random(seed);
  const end = Math.floor(nowMs / 60_000) * 60 - 300;
  const start = end - LINES * SECONDS_BETWEEN;
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const at = (i: number): string =>
    `${start + i * SECONDS_BETWEEN}${String(random.below(1000) * 1000).padStart(9, '0')}`;
  const streamOf = (stream: PushedStream['stream'], lines: readonly string[]): PushedStream => {
    const values = lines.map((line, i) => [at(i), line] as const);
    return { stream, values: shuffled(values, random) };
  };
  const many = (make: (i: number) => string): string[] => Array.from({ length: LINES }, (_, i) => make(i));

  const json = (i: number): string =>
    JSON.stringify({
      level: pick(LEVELS),
      method: pick(METHODS),
      path: pick(PATHS),
      status: pick(STATUSES),
      latency_ms: random.below(5000) / 10,
      dur: pick(DURATIONS),
      size: pick(SIZES),
      ip: pick(ADDRESSES),
      user: { id: random.below(9), name: pick(USERS) },
      tags: ['x', 'y'].slice(0, random.below(3)),
      ok: random.below(2) === 0,
      nothing: null,
      seq: i,
    });
  const logfmt = (i: number): string =>
    `ts=${i} level=${pick(LEVELS)} method=${pick(METHODS)} path=${JSON.stringify(pick(PATHS))} status=${pick(STATUSES)} ` +
    `took=${pick(DURATIONS)} size="${pick(SIZES)}" client=${pick(ADDRESSES)} n=${random.below(100) - 20} user=${JSON.stringify(pick(USERS))}`;
  const access = (): string =>
    `${pick(ADDRESSES)} - ${pick(['-', 'ann'])} [28/Nov/2026:10:00:00 +0000] "${pick(METHODS)} ${pick(PATHS)} HTTP/1.1" ` +
    `${pick(STATUSES)} ${random.below(9000)} "-" "curl/8.${random.below(9)}"`;
  const plain = (i: number): string =>
    pick([
      `request ${i} from ${pick(ADDRESSES)} took ${pick(DURATIONS)}`,
      `[${pick(LEVELS).toUpperCase()}] connection to ${pick(ADDRESSES)}:${random.below(9000)} refused`,
      `user ${pick(USERS)} logged in`,
    ]);
  const coloured = (i: number): string => `\u001b[3${i % 8}m${pick(LEVELS)}\u001b[0m message \u001b[1;31m${i}\u001b[m`;
  const packed = (i: number): string =>
    pick([
      JSON.stringify({ _entry: `line ${i}`, pod: `p-${i % 3}`, n: 5, app: 'other' }),
      JSON.stringify({ pod: 'no entry' }),
      'no object',
      '{"_entry":5,"a":"b"}',
    ]);
  const number = (): string => `v=${random.below(1000) / 8} w=${random.below(50)} g=${pick(['a', 'b', 'c'])}`;
  const counter = (i: number): string => `c=${(i % 25) * 7 + random.below(5)} g=${pick(['a', 'b'])}`;

  const streams: PushedStream[] = [
    streamOf({ app: 'json', env: 'prod', pod: 'json-1' }, many(json)),
    streamOf({ app: 'json', env: 'dev', pod: 'json-2' }, many(json)),
    streamOf({ app: 'logfmt', env: 'prod', pod: 'logfmt-1' }, many(logfmt)),
    streamOf({ app: 'logfmt', env: 'dev', pod: 'logfmt-2', level: 'warn' }, many(logfmt)),
    streamOf({ app: 'nginx', env: 'prod', pod: 'nginx-1' }, many(access)),
    streamOf({ app: 'plain', env: 'prod', pod: 'plain-1' }, many(plain)),
    streamOf({ app: 'ansi', env: 'dev', pod: 'ansi-1' }, many(coloured)),
    streamOf({ app: 'packed', env: 'dev', pod: 'packed-1' }, many(packed)),
    streamOf({ app: 'nums', env: 'prod', pod: 'nums-1', size: '10' }, many(number)),
    streamOf({ app: 'nums', env: 'dev', pod: 'nums-2', size: '20' }, many(number)),
    streamOf({ app: 'counter', env: 'prod', pod: 'counter-1' }, many(counter)),
    streamOf({ app: 'oddjson', env: 'dev' }, ODD_JSON),
    streamOf({ app: 'oddlogfmt', env: 'dev' }, ODD_LOGFMT),
    streamOf({ app: 'odd', env: 'dev', quote: 'a"b\\c', umlaut: 'zoë' }, ODD),
    {
      stream: { app: 'same', env: 'dev' },
      values: ['b', 'a', 'c', 'a', 'd'].map((line) => [`${start + 5}000000001`, line]),
    },
    streamOf({ job: 'only-job' }, ['no app, no env']),
    withMetadata(streamOf({ app: 'meta', env: 'prod', pod: 'meta-1' }, many(json)), random),
    withMetadata(streamOf({ app: 'meta', env: 'dev', pod: 'meta-2', level: 'warn' }, many(logfmt)), random),
  ];
  return { streams, start, end };
}

/** Names of metadata are those of labels, of fields of the lines, and ones that are no names. */
function withMetadata({ stream, values }: PushedStream, random: Random): PushedStream {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const odd: readonly Readonly<Record<string, string>>[] = [
    { pod: 'of-metadata' },
    { level: 'fatal' },
    { status: 'own', method: 'OWN' },
    { 'a.b': 'dot', 'c-d': 'dash', '9e': 'digit' },
    { empty: '' },
    { app: 'other', size: '3KB' },
    { detected_level: 'own' },
    {},
  ];
  return {
    stream,
    values: values.map(([ns, line]) => {
      if (random.below(5) === 0) return [ns, line] as const;
      const shared = { trace_id: `t${random.below(6)}`, bytes: String(random.below(5) * 100), took: pick(DURATIONS) };
      return [ns, line, { ...shared, ...pick(odd) }] as const;
    }),
  };
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1));
  return out;
}

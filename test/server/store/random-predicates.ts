/** Random lines, and random trees about them: each leaf is true of some lines and false of others, mostly. */
import {
  allOf,
  anyOf,
  normalised,
  not,
  type Operator,
  regexpLeaf,
  textLeaf,
  leafOf,
  valueLeaf,
  type ValueLeaf,
  type ValueTest,
  type Where,
} from '../../../server/store/predicate.ts';
import type { Labels } from '../../../shared/labels.ts';
import type { Run } from '../../../shared/row-group/runs.ts';
import { LINE_PATTERN, LINE_RUN, RESTART } from '../../../server/store/asked-name.ts';
import { patternId } from '../../../server/store/line-pattern/line-pattern.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import type { Quantity } from '../../../shared/quantity.ts';
import type { Random } from '../../corpus/random.ts';
import type { Line } from '../engines/embedded/batches.ts';

const LABELS = [
  { namespace: 'shop', pod: 'api-1' },
  { namespace: 'shop', pod: 'web-1', app: 'web' },
  { namespace: 'bank', pod: 'api-2', level: 'warn' },
];
/** Two of one container, one of another that has its name, and lines of which it is not known. */
const RUNS: readonly (Run | undefined)[] = [
  { uid: 'a', container: 'api', restart: 0 },
  { uid: 'a', container: 'api', restart: 12 },
  { uid: 'b', container: 'api', restart: 0 },
  undefined,
];
const WORDS = [
  'timeout',
  'Timeout',
  'refused',
  'connection refused',
  'é',
  'x"y',
  '/api/users/7',
  'done',
  'say "é" 😀',
  'C:\\new\\',
  'two\nlines\t<b>',
  "it's \\u00e9",
  '日本語/é',
];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!;
}

/** Ids that several lines mention. */
const IDS = Array.from({ length: 150 }, (_, i) => {
  const digits = (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').slice(-8);
  return `${digits}-${digits.slice(0, 4)}-4${digits.slice(1, 4)}-a${digits.slice(2, 5)}-${digits}${digits.slice(4)}`;
});

/** @param from  time of the first line, in milliseconds; each has a time of its own */
export function randomLines(random: Random, count: number, from: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: random.below(12) === 0 ? plainLine(random) : written(random, randomObject(random)),
    timeNs: (from + i) * 1e6,
    labels: pick(random, LABELS),
    run: pick(random, RUNS),
    metadata: randomMetadata(random),
  }));
}

/** Of lines that are sent with some; names that fields and labels have, too. */
function randomMetadata(random: Random): Labels | undefined {
  if (random.below(3) > 0) return undefined;
  const values: [string, string][] = [
    ['request_id', pick(random, IDS.slice(0, 20))],
    ['n', String(random.below(300))],
    ['trace_id', pick(random, IDS).replaceAll('-', '')],
    ['user_id', pick(random, WORDS)],
    ['severity_text', pick(random, ['info', 'WARN', 'x'])],
    ['pod', 'a'],
    ['message', ''],
  ];
  const wanted = values.filter(() => random.below(3) === 0);
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

/** Of a few kinds. */
function randomMessage(random: Random): string {
  return pick(random, [
    'request',
    `retry ${random.below(5)} of ${random.below(500)}`,
    `took ${random.below(90)}.${random.below(90)}ms for "${pick(random, WORDS.slice(0, 3))}"`,
    `job ${pick(random, IDS)} done`,
    `from 10.0.0.${random.below(250)}:${random.below(9)}000`,
    String(random.below(100)),
  ]);
}

/** A line that is no object, on one line. */
function plainLine(random: Random): string {
  return `plain ${pick(random, WORDS).replaceAll(/\s/g, ' ')} text`;
}

/** JSON as one of several writers has it: some escape slashes, some what HTML reserves, some all beyond ASCII. */
function written(random: Random, object: object): string {
  const json = JSON.stringify(object);
  // The value of an array is as it is written, which JSON.parse does not tell.
  if ('tags' in object) return json;
  const long = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  switch (random.below(6)) {
    case 0:
      return json.replaceAll('/', '\\/');
    case 1:
      return json.replaceAll(/[\u0080-\uffff]/g, long);
    case 2:
      return json.replaceAll(/[<>'\u0080-\uffff]/g, (char) =>
        long(char).replaceAll(/[a-f]/g, (hex) => hex.toUpperCase()),
      );
    case 3:
      return json.replaceAll(/\\./g, (escape) => (escape === '\\"' ? '\\u0022' : escape)).replaceAll('o', '\\u006f');
    default:
      return json;
  }
}

function randomObject(random: Random): object {
  const object: Record<string, unknown> = { level: pick(random, ['info', 'warn', 'ERROR', 30, 50]) };
  if (random.below(4) > 0) object['status'] = pick(random, [200, 201, 404, 500, 503]);
  if (random.below(4) > 0) object['latency_ms'] = random.below(2) === 0 ? random.below(900) : random.below(9000) / 10;
  if (random.below(3) > 0) object['path'] = `/api/${pick(random, ['users', 'tasks'])}/${random.below(200)}`;
  if (random.below(3) === 0) object['took'] = `${random.below(3000)}${pick(random, ['ms', 'µs', 's'])}`;
  if (random.below(3) === 0) object['size'] = pick(random, ['12KB', '3MiB', '7', 7, 4096]);
  if (random.below(3) === 0) object['user'] = pick(random, [String(random.below(30)), random.below(30)]);
  if (random.below(4) === 0) object['tags'] = [pick(random, WORDS), random.below(5)];
  if (random.below(3) === 0) object['app'] = pick(random, ['web', 'job']);
  if (random.below(2) === 0) object['request_id'] = pick(random, IDS);
  if (random.below(2) === 0) object['message'] = random.below(2) === 0 ? pick(random, WORDS) : randomMessage(random);
  if (random.below(3) === 0) object['method'] = pick(random, ['GET', 'POST']);
  return object;
}

export function randomWhere(random: Random, depth = 3): Where {
  const where = randomNode(random, depth);
  return random.below(2) === 0 ? where : normalised(where);
}

function randomNode(random: Random, depth: number): Where {
  const of = (): Where[] => Array.from({ length: 1 + random.below(3) }, () => randomNode(random, depth - 1));
  switch (depth === 0 ? 9 : random.below(10)) {
    case 0:
    case 1:
      return allOf(of());
    case 2:
    case 3:
      return anyOf(of());
    case 4:
      return not(randomNode(random, depth - 1));
    case 5:
      return {
        ...textLeaf(
          pick(random, [...WORDS, '"level":"', 'nowhere', '/1', '00,"', '"', '\\', '/', 'y"', 'n', 'é"', '\n', '😀']),
        ),
        ...(random.below(3) === 0 && { ignoreCase: true }),
        ...(random.below(2) === 0 && { asRead: true }),
      };
    case 6:
      return {
        ...regexpLeaf(
          pick(random, [
            '(?i)TIMEOUT',
            'refused"?[,}]',
            '^plain',
            'users/1\\d+"',
            '\\pL\\d',
            'no.where',
            '(?i)SAY "É"',
            '語/.',
          ]),
        ),
        ...(random.below(2) === 0 && { asRead: true }),
      };
    default:
      return randomLeaf(random);
  }
}

const NAMES = [
  'level',
  'status',
  'latency_ms',
  'path',
  'took',
  'size',
  'user',
  'tags',
  'app',
  'pod',
  'message',
  'request_id',
  'none',
  'trace_id',
  'user_id',
];

function randomLeaf(random: Random): Where {
  if (random.below(8) === 0) {
    const ids = Array.from({ length: 1 + random.below(3) }, () => parsePattern(pick(random, IDS)));
    return valueLeaf('request_id', ids);
  }
  const leaf: ValueLeaf = valueLeaf(
    pick(random, NAMES),
    Array.from({ length: 1 + random.below(2) }, () => randomTest(random)),
  );
  switch (random.below(12)) {
    case 0:
      return { ...leaf, labelOnly: true };
    case 1:
      return { ...leaf, fieldOnly: true };
    case 2:
    case 3:
      return { ...leaf, name: pick(random, ['path', 'message', 'request_id', 'tags', 'pod', 'user']), ofShape: true };
    case 4:
    case 5:
      return leafOf(LINE_PATTERN, leaf.tests);
    case 6:
      return leafOf(random.below(3) === 0 ? LINE_RUN : RESTART, leaf.tests);
    default:
      return leaf;
  }
}

const PATTERNS = [
  'info',
  'error',
  'warn*',
  '500',
  '50*',
  '2*',
  '/api/users/1*',
  '/api/tasks/12*',
  '*7',
  '/api/*/7',
  '/api/tasks/{id}',
  '/api/*/{id}',
  '{id}',
  'api-{id}',
  '7',
  '1*',
  'web',
  'api-*',
  '*',
  'x"y',
  '*refused',
  '*e*',
  '12KB',
  '-1*',
  '0',
  '/api/users/⟨n⟩',
  'GET /api/*',
  '12',
  'a/api/0',
  '*/api/12',
  'retry ⟨n⟩ of ⟨n⟩',
  patternId('retry ⟨n⟩ of ⟨n⟩'),
];
const REGEXPS = ['^/api/(users|tasks)/1', 'api-[12]', '^5..$', '(?i)error', '7$', 'µs', '^[0-9.]+$', '.', 'time.ut'];
const OPERANDS: readonly Quantity[] = [
  ...[200, 404, 450.5, 7, 0, 30].map((value) => ({ kind: 'number', value }) as const),
  ...[1e6, 1e9, 500e6].map((value) => ({ kind: 'duration', value }) as const),
  ...[7, 12e3, 3 * 1024 ** 2].map((value) => ({ kind: 'bytes', value }) as const),
];
const OPERATORS: readonly Operator[] = ['>', '>=', '<', '<=', '=', '!='];

function randomTest(random: Random): ValueTest {
  switch (random.below(5)) {
    case 0:
      return { kind: 'regexp', pattern: pick(random, REGEXPS) };
    case 1:
      return { kind: 'compare', operator: pick(random, OPERATORS), operand: pick(random, OPERANDS) };
    default:
      return parsePattern(pick(random, PATTERNS));
  }
}

/**
 * Metrics of what `| json` finds are the same whether columns tell it or lines are read: of random queries, over objects that are
 * as regular as those of services, and as odd as a parser can get.
 */
import fc, { SEED } from '../../../fast-check.ts';
import { beforeEach, expect, test } from 'vitest';
import type { Labels } from '../../../../shared/labels.ts';
import { PodlogError } from '../../../../shared/errors.ts';
import { instantOf } from '../../../../shared/time.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { answerLogs } from '../../../../server/query/logql/logs.ts';
import { answerMetric } from '../../../../server/query/logql/metrics/evaluate.ts';
import type { Evaluated } from '../../../../server/query/logql/metrics/series.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import { parseQuery } from '../../../../server/query/logql/syntax/parser.ts';
import type { LogView } from '../../../../server/store/log-store.ts';
import { EVERYTHING } from '../../../../server/store/predicate.ts';
import type { RowBlock } from '../../../../server/store/row-block.ts';
import { SOMEBODY } from '../../store/asking.ts';
import { batchOf, type Line, TODAY } from '../../engines/embedded/batches.ts';
import { append, openStore } from '../../engines/embedded/open-store.ts';
import { readerOf } from '../../engines/embedded/query-context.ts';
import { careless, DISCOVERIES } from './careless.ts';

const STREAMS: readonly Labels[] = [
  { app: 'api', pod: 'a' },
  { app: 'api', pod: 'b' },
  { app: 'web', path: '/stream' },
  { app: 'odd', user: '' },
];

/** Lines in which `| json` finds what columns have, if anything. */
const regular = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record(
        {
          level: fc.constantFrom('info', 'error'),
          path: fc.constantFrom('/', '/a', '/a/7'),
          none: fc.constantFrom('', 'x'),
          status: fc.constantFrom(200, 404, 500, 503),
          ms: fc.integer({ min: -50, max: 4000 }).map((n) => n / 1000),
          user: fc.nat(30),
          http: fc.record({ status: fc.constantFrom(200, 500) }),
        },
        { requiredKeys: ['level', 'status'] },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.constantFrom('text', 'path=/a status=500') },
);
const path = fc.constantFrom('/', '/a', '/a/7', '/a/12', 'caf\u00e9');
const request = fc
  .record({
    level: fc.constantFrom('info', 'error'),
    path: fc.constantFrom('/', '/a', '/a/7', '/a/12'),
    status: fc.constantFrom(200, 404, 500, 503),
    ms: fc.nat(4000).map((n) => n / 1000),
    user: fc.nat(30),
  })
  .map((value) => JSON.stringify(value));
const members = fc.oneof(
  fc.tuple(fc.constantFrom('path', ' path', 'pa\\u0074h', 'level'), path).map(([key, text]) => `"${key}":"${text}"`),
  fc
    .tuple(
      fc.constantFrom('status', 'ms', 'user', 'http'),
      fc.constantFrom(
        '500',
        '200',
        '"500"',
        'null',
        'true',
        '1e3',
        '-0',
        '5.50',
        '""',
        '"\\u0035"',
        '"x\\q"',
        'NaN',
        '12a',
        "'5'",
      ),
    )
    .map(([key, value]) => `"${key}":${value}`),
  fc.constantFrom(
    '"http":{"status":500,"path":"/n"}',
    '"http":{"status":{"code":7},"":{"user":9}}',
    '"http_status":404',
    '"http.status":503',
    '"tags":["a","b"]',
    '"tags":[{"a":"]"}]',
    '"tags":[{]]',
    '"tags":[',
    '"user":{}',
    '"9":1',
    '"__error__":"x"',
    '"path_extracted":"/e"',
    '"detected_level":"warn"',
  ),
);
const object = fc
  .tuple(
    fc.array(members, { maxLength: 5 }),
    fc.constantFrom('{', ' {', '\t{ '),
    fc.constantFrom(',', ', ', ' ,'),
    fc.constantFrom('}', ' } ', '', '} trailing', '},"x":1'),
  )
  .map(([each, start, comma, end]) => `${start}${each.join(comma)}${end}`);
/** Mostly cut so that values come before the first text of their template. */
const valueFirst = fc
  .tuple(
    fc.constantFrom('2026-07-12T10:00:00Z', 'I0712 10:00:00.000000       1 a.go:7]', '17', '{', ' ', '{"user":5}'),
    fc.constantFrom(
      ' INFO started',
      ' "x" user="5"',
      ' {"user":5}',
      '{"status":500,"path":"/a"}',
      ' path=/a status=500',
    ),
  )
  .map((parts) => parts.join(''));
const line = fc.oneof(
  { weight: 5, arbitrary: request },
  { weight: 5, arbitrary: object },
  { weight: 2, arbitrary: valueFirst },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      'text',
      'path=/a status=500',
      '["a"]',
      'I0712 10:00:00.000000       1 a.go:7] "x" user="5"',
    ),
  },
);

const name = fc.constantFrom(
  'path',
  'status',
  'user',
  'level',
  'ms',
  'http_status',
  'app',
  'pod',
  'http_status_code',
  'none',
);
const odd = fc.constantFrom('path_extracted', '__error__', 'detected_level', 'service_name', 'tags', '_9');
const filter = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('=', '!='), fc.constantFrom('500', '/a', 'error', '', 'a', 'true', '5', 'null', 'api'))
    .map(([label, operator, value]) => `${label}${operator}"${value}"`),
  fc
    .tuple(name, fc.constantFrom('=~', '!~'), fc.constantFrom('5..', '/a.*', '.*', '.+', '', 'null|200'))
    .map(([label, operator, value]) => `${label}${operator}"${value}"`),
  fc
    .tuple(
      fc.constantFrom('status', 'ms', 'user', 'http_status'),
      fc.constantFrom('>', '>=', '==', '!=', '<'),
      fc.constantFrom('500', '2.5', '7'),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    '__error__=""',
    '__error__!=""',
    'status >= 500 or level="error"',
    'path="/a" and status > 300',
    'ms > 1s',
  ),
  odd.map((label) => `${label}="x"`),
);
const stage = fc.oneof(
  { weight: 4, arbitrary: filter.map((text) => `| ${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('|= "500"', '!= "trailing"', '|~ "a|b"', '| json', '| drop path') },
);
const pipeline = fc
  .tuple(
    fc.constantFrom(
      '{app="api"}',
      '{app=~".+"}',
      '{app="web"}',
      '{app!="odd", app=~".+"} |= "{"',
      '{app="api"} | pod="a"',
    ),
    fc.constantFrom('| json', '| json | __error__=""', '| json | __error__=""', '| json status, path'),
    fc.array(stage, { maxLength: 2 }),
  )
  .map(([from, parser, stages]) => [from, parser, ...stages].join(' '));
const grouping = fc
  .array(fc.oneof({ weight: 5, arbitrary: name }, { weight: 1, arbitrary: odd }), { maxLength: 2 })
  .map((names) => `by (${names.join(', ')})`);
const UNWRAPPED = [
  'quantile_over_time(0.9, ',
  'avg_over_time(',
  'min_over_time(',
  'max_over_time(',
  'sum_over_time(',
  'first_over_time(',
  'last_over_time(',
  'stddev_over_time(',
  'rate(',
] as const;
const range = fc.constantFrom('10s', '30s', '45s', '7s');
const unwrapped = fc
  .tuple(
    fc.constantFrom(...UNWRAPPED),
    pipeline,
    fc.constantFrom('ms', 'ms', 'ms', 'status', 'user', 'http_status'),
    fc.constantFrom('', '', ' | __error__=""', ' | level="error"', ' | pod!="a"'),
    range,
    grouping,
  )
  .map(([begin, log, of, after, each, by]) =>
    // Some ranges take a grouping of their own, others that of a sum.
    /^(?:sum|rate)/.test(begin)
      ? `sum ${by} (${begin}${log} | unwrap ${of}${after} [${each}]))`
      : `${begin}${log} | unwrap ${of}${after} [${each}]) ${by}`,
  );
const metric = fc.oneof(
  fc
    .tuple(fc.constantFrom('count_over_time', 'rate', 'bytes_over_time', 'bytes_rate'), pipeline, range, grouping)
    .map(([operation, log, each, by]) => `sum ${by} (${operation}(${log} [${each}]))`),
  unwrapped,
  fc
    .tuple(fc.constantFrom('count_over_time', 'rate', 'absent_over_time'), pipeline, range)
    .map(([operation, log, each]) => `${operation}(${log} [${each}])`),
);

let engine: QueryEngine;

beforeEach(async () => {
  const { store } = await openStore();
  const lineOf = (text: string, i: number): Line => ({
    text,
    timeNs: 10e9 + (i % 200) * 437e6,
    labels: STREAMS[i % STREAMS.length]!,
    metadata: i % 17 === 0 ? { path: '/m', trace: 'ab' } : undefined,
  });
  const odds = fc.sample(line, { numRuns: 450, seed: SEED });
  const requests = fc.sample(request, { numRuns: 300 });
  for (const part of [0, 1, 2]) {
    await append(store, batchOf({ lines: odds.filter((_, i) => i % 3 === part).map(lineOf) }));
  }
  await append(store, batchOf({ lines: requests.map((text, i) => ({ ...lineOf(text, i), metadata: undefined })) }));
  engine = new QueryEngine(readerOf(store));
});

const START = instantOf(TODAY, 20e9);
const END = instantOf(TODAY, 90e9);
const VISIBLE = { from: START, to: END, where: EVERYTHING };

interface Asked {
  readonly text: string;
  readonly count: number;
  readonly stepNs: bigint;
  readonly discovery: (typeof DISCOVERIES)[number];
}

interface Answered {
  readonly result: Evaluated | string;
  readonly lines: number;
  readonly measuredNumbers: boolean;
}

type Way = Parameters<typeof answerMetric>[3];
const BY_LINES: Way = { readsAllLines: true };
/** All numbers are measured by the store, two steps at once. */
const BY_STORE: Way = { numbersExactMax: 0, stepsAtOnceMax: 2 };

/** Returns the answer, or the message of the error, and how many lines were read for it. */
async function answered({ text, count, stepNs, discovery }: Asked, by: Way): Promise<Answered> {
  const expr = parseQuery(text);
  if (expr.kind === 'log') throw new Error('BUG: a log query');
  let lines = 0;
  let measuredNumbers = false;
  const counting = (view: LogView): LogView => ({
    ...view,
    aggregate: (plan, query) => {
      measuredNumbers ||= plan.measures.some(({ kind }) => kind === 'numbers');
      return view.aggregate(plan, query);
    },
    search: async function* (plan, sink, query) {
      for await (const piece of view.search(plan, sink, query)) {
        const hasLines = sink.kind === 'rows' && sink.withoutLines !== true;
        if (hasLines) lines += (piece as RowBlock).rowCount;
        yield piece;
      }
    },
  });
  const steps = { start: START, stepNs, count };
  const base = { visible: VISIBLE, discovery, limits: LOGQL_LIMITS, nowMs: 0, isInstant: count === 1 };
  try {
    const { answer } = await engine.run(SOMEBODY, (view, query) =>
      answerMetric({ ...base, expr, steps }, counting(view), query, by),
    );
    return { result: answer.result, lines, measuredNumbers };
  } catch (error) {
    if (!(error instanceof PodlogError)) throw error;
    return { result: error.message.split("' for series")[0]!, lines, measuredNumbers };
  }
}

test('random metrics', async () => {
  let withPoints = 0;
  let ofColumns = 0;
  const property = fc.asyncProperty(
    metric,
    fc.constantFrom(1, 5),
    fc.constantFrom(7_000_000_000n, 10_000_000_000n, 45_000_000_000n),
    fc.constantFrom(...DISCOVERIES),
    async (text, count, stepNs, discovery) => {
      const asked = { text, count, stepNs, discovery };
      const want = await answered(asked, BY_LINES);
      const got = await answered(asked, undefined);
      expect(got.result, text).toEqual(want.result);
      if (typeof want.result === 'string' || JSON.stringify(want.result).length < 40) return;
      withPoints++;
      if (got.lines < want.lines) ofColumns++;
    },
  );
  await fc.assert(property, { numRuns: 400 });
  expect(withPoints).toBeGreaterThan(60);
  expect(ofColumns).toBeGreaterThan(withPoints / 4);
});

test('random numbers that the store measures, several steps at once', async () => {
  const { store } = await openStore();
  for (const seed of [SEED, SEED + 1]) {
    const lines = fc.sample(regular, { numRuns: 400, seed }).map((text, i): Line => ({
      text,
      timeNs: 10e9 + (i % 200) * 437e6,
      labels: STREAMS[i % STREAMS.length]!,
    }));
    await append(store, batchOf({ lines }));
  }
  engine = new QueryEngine(readerOf(store));
  let withPoints = 0;
  let measured = 0;
  const property = fc.asyncProperty(
    unwrapped,
    fc.constantFrom(1, 5, 12),
    fc.constantFrom(5_000_000_000n, 7_000_000_000n, 10_000_000_000n, 45_000_000_000n),
    fc.constantFrom(...DISCOVERIES),
    async (text, count, stepNs, discovery) => {
      const asked = { text, count, stepNs, discovery };
      const want = await answered(asked, BY_LINES);
      const got = await answered(asked, BY_STORE);
      if (typeof want.result === 'string' || typeof got.result === 'string') {
        expect(got.result, text).toEqual(want.result);
        return;
      }
      const hasPoints = want.result.kind === 'series' && want.result.series.length > 0;
      if (hasPoints) withPoints++;
      if (hasPoints && got.measuredNumbers) measured++;
      const tolerance = text.startsWith('quantile') ? QUANTILE_TOLERANCE : SUM_TOLERANCE;
      expect(rounded(got.result, want.result, tolerance), text).toEqual(want.result);
    },
  );
  await fc.assert(property, { numRuns: 500 });
  expect(withPoints).toBeGreaterThan(100);
  expect(measured).toBeGreaterThan(30);
});

/** Sketches know a number within 0.5 %; sums of parts are rounded in other places than sums of lines. */
const QUANTILE_TOLERANCE = 0.005;
const SUM_TOLERANCE = 1e-9;

/** Returns the first with the values of the second, where these are near. */
function rounded(got: Evaluated, want: Evaluated, tolerance: number): Evaluated {
  if (got.kind === 'scalar' || want.kind === 'scalar') return got;
  const series = got.series.map((each, i) => {
    const other = want.series[i]?.values;
    const values = each.values.map((value, point) => {
      const near = other?.[point];
      const isNear = near !== undefined && Math.abs(value - near) <= Math.max(Math.abs(near), 1) * tolerance;
      return isNear ? near : value;
    });
    return { ...each, values };
  });
  return { kind: 'series', series };
}

test('random lines', async () => {
  let withLines = 0;
  const property = fc.asyncProperty(
    pipeline,
    fc.constantFrom('backward' as const, 'forward' as const),
    fc.constantFrom(1, 3, 20, 1000),
    fc.constantFrom(...DISCOVERIES),
    async (text, direction, limit, discovery) => {
      const expr = parseQuery(text);
      if (expr.kind !== 'log') throw new Error('BUG: not a log query');
      const asked = { expr, visible: VISIBLE, direction, limit, intervalNs: 0n, isCategorized: true };
      const question = { ...asked, discovery, limits: LOGQL_LIMITS, nowMs: 0 };
      const streamsOf = (viewed: (view: LogView) => LogView) =>
        engine.run(SOMEBODY, async (view, query) => (await answerLogs(question, viewed(view), query)).streams);
      const want = (await streamsOf(careless)).answer;
      if (want.length > 0) withLines++;
      expect((await streamsOf((view) => view)).answer, text).toEqual(want);
    },
  );
  await fc.assert(property, { numRuns: 300 });
  expect(withLines).toBeGreaterThan(100);
});

test.each([
  'sum by (path) (rate({app="api"} | json | status >= 500 [30s]))',
  'sum by (pod, level) (count_over_time({app="api"} |= "ms" | json | __error__="" | user != 7 [30s]))',
  'quantile_over_time(0.99, {app="api"} | json | unwrap ms [30s]) by (path)',
  'sum by (level) (sum_over_time({app="web"} | json | status >= 400 | unwrap ms | __error__="" [30s]))',
  'sum(bytes_over_time({app="web"} | json | level=~"err.*" or status == 404 [10s]))',
])('no line is read that columns tell: %s', async (text) => {
  const { store } = await openStore();
  const lines = fc.sample(request, { numRuns: 200, seed: SEED }).map((each, i): Line => ({
    text: each,
    timeNs: 10e9 + i * 437e6,
    labels: STREAMS[i % 3]!,
  }));
  await append(store, batchOf({ lines }));
  engine = new QueryEngine(readerOf(store));
  const asked = { text, count: 5, stepNs: 10_000_000_000n, discovery: DISCOVERIES[0]! };
  const want = await answered(asked, BY_LINES);
  const got = await answered(asked, undefined);
  expect(want.lines).toBeGreaterThan(0);
  expect(got).toMatchObject({ ...want, lines: 0 });
});

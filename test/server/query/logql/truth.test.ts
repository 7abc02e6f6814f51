/**
 * What goes down to the store changes no answer: each query is answered as it is, and once more from a view that gives every
 * line, whatever is asked for, with nothing counted by the store.
 */
import fc from '../../../fast-check.ts';
import { beforeEach, expect, test } from 'vitest';
import type { Labels } from '../../../../shared/labels.ts';
import { PodlogError } from '../../../../shared/errors.ts';
import { instantOf } from '../../../../shared/time.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { answerLogs } from '../../../../server/query/logql/logs.ts';
import { answerMetric } from '../../../../server/query/logql/metrics/evaluate.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import { parseQuery } from '../../../../server/query/logql/syntax/parser.ts';
import type { LogView } from '../../../../server/store/log-store.ts';
import { EVERYTHING } from '../../../../server/store/predicate.ts';
import type { Query } from '../../../../server/store/query.ts';
import { SOMEBODY } from '../../store/asking.ts';
import { batchOf, type Line, TODAY } from '../../engines/embedded/batches.ts';
import { append, openStore } from '../../engines/embedded/open-store.ts';
import { readerOf } from '../../engines/embedded/query-context.ts';
import { careless, DISCOVERIES } from './careless.ts';

const LABELS = [
  { app: 'api', pod: 'a', level: 'warn' },
  { app: 'api', pod: 'b', level: 'WARNING' },
  { app: 'web', container: 'c' },
  { container: 'd', x: '5' },
];
/** Of some lines; names that labels and fields have, too. */
const METADATA: readonly (Labels | undefined)[] = [
  undefined,
  { x: '5', trace: 'ab' },
  undefined,
  { level: 'error', pod: 'm' },
  { level_name: 'warn', level: 'info', x_extracted: '5' },
];
const WORDS = ['error', 'info', 'x=5', '"x":5', 'caf\u00e9', 'path=/a', '"path":"/a"', 'warn', '\\u0035', '10.0.0.1'];

/** JSON, logfmt, text, with values that are also in other places, escaped or repeated. */
const line: fc.Arbitrary<string> = fc.oneof(
  fc
    .record({
      x: fc.constantFrom(5, '5', '\u0035x', 'ab', null),
      level: fc.constantFrom('info', 'error', 'WARN'),
      n: fc.nat(9),
    })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '{"x":"\\u0035"}',
    '{"x":1,"x":5}',
    '{"x":5,"x":1}',
    '{"a":{"x":5}}',
    '{"x":5',
    'x=5 x=6',
    'x="5" y',
    '',
  ),
  fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((words) => words.join(' ')),
);

const value = fc.constantFrom('5', 'api', 'a', 'warn', '', 'ab', 'info', 'unknown', 'c');
const matcher = fc
  .tuple(fc.constantFrom('app', 'pod', 'level', 'service_name', 'container', 'x'), fc.constantFrom('=', '!='), value)
  .map(([name, operator, text]) => `${name}${operator}"${text}"`);
const expression = fc
  .tuple(
    fc.constantFrom('app', 'pod', 'level', 'service_name'),
    fc.constantFrom('=~', '!~'),
    fc.constantFrom('a|w.*', '.*', '.+', 'WARN.*', ''),
  )
  .map(([name, operator, text]) => `${name}${operator}"${text}"`);
const selector = fc
  .array(fc.oneof(matcher, expression), { maxLength: 2 })
  .map((matchers) => `{${['app=~"api|web|"', ...matchers].slice(matchers.length > 0 ? 1 : 0).join(', ')}}`)
  .map((text) => (isSelective(text) ? text : '{service_name=~".+"}'));
const lineFilter = fc
  .tuple(
    fc.constantFrom('|=', '!=', '|~', '!~', '|>', '!>'),
    fc.array(fc.constantFrom('"x"', '"error"', '"5"', '"caf"', '"a"', '""'), { minLength: 1, maxLength: 2 }),
  )
  .map(([operator, texts]) => `${operator} ${texts.join(' or ')}`);
const stage = fc.oneof(
  lineFilter,
  fc.constantFrom(
    '| json',
    '| logfmt',
    '| json x',
    '| drop x="5"',
    '| label_format y=x',
    '| unpack',
    '| line_format "{{.x}}"',
  ),
  fc.constantFrom('| pattern "<x>=<_>"', '| regexp "(?P<x>\\\\d)"', '| decolorize', '| keep app, x="5"'),
  fc
    .tuple(
      fc.constantFrom('x', 'level', 'app', 'y', 'trace', 'level_extracted', 'detected_level', 'x_extracted'),
      value,
    )
    .map(([name, text]) => `| ${name}="${text}"`),
  fc.constantFrom('| x="5" or level="info"', '| x="5" and level="info"', '| x>4', '| __error__=""', '| x!="5"'),
);
const stages = fc.array(stage, { maxLength: 4 }).map((each) => each.join(' '));
const log = fc.tuple(selector, stages).map((parts) => parts.join(' '));
const metric = fc
  .tuple(
    fc.constantFrom('count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time'),
    selector,
    fc.oneof(
      stages,
      fc.array(lineFilter, { maxLength: 2 }).map((each) => each.join(' ')),
    ),
    fc.constantFrom('10s', '30s', '45s', '7s', '1ms'),
    fc.constantFrom('', ' offset 20s', ' offset -13s'),
    fc.constantFrom(
      '',
      'sum',
      'sum by (app)',
      'sum by (service_name, x)',
      'sum without (pod)',
      'max by (detected_level)',
      'sum without (detected_level)',
      'sum by (trace)',
      'sum without (trace, x)',
    ),
  )
  .map(([operation, from, some, range, offset, outer]) => {
    const own = `${operation}(${from} ${some}[${range}]${offset})`;
    return outer === '' ? own : `${outer} (${own})`;
  });

function isSelective(text: string): boolean {
  try {
    parseQuery(text);
    return true;
  } catch {
    return false;
  }
}

let engine: QueryEngine;

beforeEach(async () => {
  const { store } = await openStore();
  const texts = fc.sample(line, { numRuns: 400, seed: 7 });
  const lines = texts.map((text, i): Line => ({
    text,
    timeNs: (i >> 1) * 437e6 + (i % 3),
    labels: LABELS[i % LABELS.length]!,
    metadata: METADATA[i % METADATA.length],
  }));
  // In several row groups, whose times overlap.
  for (const part of [0, 1, 2]) await append(store, batchOf({ lines: lines.filter((_, i) => i % 3 === part) }));
  engine = new QueryEngine(readerOf(store));
});

const START = instantOf(TODAY, 10e9);
const END = instantOf(TODAY, 80e9);
const VISIBLE = { from: START, to: END, where: EVERYTHING };

/** Counts none, either. */
function walking(view: LogView): LogView {
  return { ...careless(view), aggregate: () => Promise.reject(new Error('BUG: lines are counted')) };
}

async function answerOrMessage(ask: (view: LogView, query: Query) => Promise<unknown>): Promise<unknown> {
  try {
    return (await engine.run(SOMEBODY, ask)).answer;
  } catch (error) {
    if (!(error instanceof PodlogError)) throw error;
    return error.message;
  }
}

test('log queries', async () => {
  let withLines = 0;
  const property = fc.asyncProperty(
    log,
    fc.constantFrom('backward' as const, 'forward' as const),
    fc.constantFrom(1, 3, 1000),
    fc.constantFrom(...DISCOVERIES),
    async (text, direction, limit, discovery) => {
      const expr = parseQuery(text);
      if (expr.kind !== 'log') throw new Error('BUG: not a log query');
      const question = {
        expr,
        visible: VISIBLE,
        direction,
        limit,
        intervalNs: 0n,
        isCategorized: true,
        discovery,
        limits: LOGQL_LIMITS,
        nowMs: 0,
      };
      const streamsOf = (asked: (view: LogView) => LogView) =>
        answerOrMessage(async (view, query) => (await answerLogs(question, asked(view), query)).streams);
      const want = await streamsOf(careless);
      if (Array.isArray(want) && want.length > 0) withLines++;
      expect(await streamsOf((view) => view), text).toEqual(want);
    },
  );
  await fc.assert(property, { numRuns: 300 });
  expect(withLines).toBeGreaterThan(30);
});

test('a query with more conditions than the store decides', async () => {
  const some = `{app="api"} ${'!= "nothing" '.repeat(500)} |= "error"`;
  for (const text of [some, `sum(count_over_time(${some}[1m]))`]) {
    const expr = parseQuery(text);
    const steps = { start: END, stepNs: 1n, count: 1 };
    const base = { visible: VISIBLE, discovery: DISCOVERIES[1]!, limits: LOGQL_LIMITS, nowMs: 0 };
    const lines = { ...base, direction: 'forward' as const, limit: 5, intervalNs: 0n, isCategorized: false };
    const ask = (view: LogView, query: Query, reads = false): Promise<unknown> =>
      expr.kind === 'log'
        ? answerLogs({ ...lines, expr }, view, query).then(({ streams }) => streams)
        : answerMetric({ ...base, expr, steps, isInstant: true }, view, query, { readsAllLines: reads }).then(
            ({ result }) => result,
          );
    const want = await answerOrMessage((view, query) => ask(walking(view), query, true));
    if (expr.kind === 'log') expect(want).toContainEqual(expect.objectContaining({ labels: expect.anything() }));
    else expect(want).toMatchObject({ series: [{ labels: [] }] });
    expect(await answerOrMessage(ask)).toEqual(want);
  }
});

test('metrics', async () => {
  let withPoints = 0;
  const property = fc.asyncProperty(
    metric,
    fc.constantFrom(1, 5),
    fc.constantFrom(7_000_000_000n, 10_000_000_000n, 45_000_000_000n),
    fc.constantFrom(...DISCOVERIES),
    async (text, count, stepNs, discovery) => {
      const expr = parseQuery(text);
      if (expr.kind === 'log') throw new Error('BUG: a log query');
      const steps = { start: START, stepNs, count };
      const question = {
        expr,
        steps,
        isInstant: count === 1,
        visible: VISIBLE,
        discovery,
        limits: LOGQL_LIMITS,
        nowMs: 0,
      };
      const got = await answerOrMessage(async (view, query) => (await answerMetric(question, view, query)).result);
      const want = await answerOrMessage(
        async (view, query) => (await answerMetric(question, walking(view), query, { readsAllLines: true })).result,
      );
      if (typeof got === 'string' && typeof want === 'string') return;
      if (JSON.stringify(got).length > 30) withPoints++;
      expect(got, text).toEqual(want);
    },
  );
  await fc.assert(property, { numRuns: 300 });
  expect(withPoints).toBeGreaterThan(30);
});

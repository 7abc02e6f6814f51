/** Several tenants give what one store would give whose streams had the tenant as a label. */
import { beforeEach, expect, test } from 'vitest';
import { PodlogError } from '../../../shared/errors.ts';
import { labelsKey } from '../../../shared/labels.ts';
import { instantOf } from '../../../shared/time.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { linePatterns } from '../../../server/query/logql/line-patterns.ts';
import { answerLogs } from '../../../server/query/logql/logs.ts';
import { answerMetric } from '../../../server/query/logql/metrics/evaluate.ts';
import { LOGQL_LIMITS } from '../../../server/query/logql/query-limits.ts';
import { parseQuery } from '../../../server/query/logql/syntax/parser.ts';
import type { LogView } from '../../../server/store/log-store.ts';
import { EVERYTHING } from '../../../server/store/predicate.ts';
import type { Query } from '../../../server/store/query.ts';
import { unionReader } from '../../../server/tenants/union-reader.ts';
import { batchOf, type Line, TODAY } from '../engines/embedded/batches.ts';
import { append, openStore } from '../engines/embedded/open-store.ts';
import { planOf, RAW, readerOf } from '../engines/embedded/query-context.ts';
import { SOMEBODY } from '../store/asking.ts';

const TENANTS = ['bank', 'shop', 'zoo'];
const LINES = 400;
let several: QueryEngine;
let one: QueryEngine;

// After each test, stores are checked and closed.
beforeEach(async () => {
  const lines = Array.from({ length: LINES }, (_, n): Line & { tenant: string } => ({
    tenant: TENANTS[(n * 7) % 3 === 0 ? 0 : (n * n) % 3]!,
    text: n % 5 === 0 ? `{"n":${n % 11},"level":"error"}` : `request took ${n}ms n=${n % 11}`,
    timeNs: n * 1e8,
    labels: { app: n % 2 === 0 ? 'api' : 'web', ...(n % 9 === 0 && { pod: `p-${n % 4}` }) },
  }));
  const readers = new Map();
  for (const tenant of TENANTS) {
    const { store } = await openStore();
    const own = lines.filter((line) => line.tenant === tenant);
    for (const part of [0, 1]) await append(store, batchOf({ lines: own.filter((_, i) => i % 2 === part) }));
    readers.set(tenant, readerOf(store));
  }
  several = new QueryEngine(unionReader(readers));
  const { store } = await openStore();
  const labelled = lines.map((line) => ({ ...line, labels: { ...line.labels, __tenant_id__: line.tenant } }));
  await append(store, batchOf({ lines: labelled }));
  one = new QueryEngine(readerOf(store));
});

const START = instantOf(TODAY, 3e9);
const END = instantOf(TODAY, 36e9);
const VISIBLE = { from: START, to: END, where: EVERYTHING };
const BASE = {
  visible: VISIBLE,
  discovery: { serviceName: true, logLevels: false, fields: false },
  limits: { ...LOGQL_LIMITS, seriesMax: 5000 },
  nowMs: 0,
};

async function answerOf(engine: QueryEngine, ask: (view: LogView, query: Query) => Promise<unknown>): Promise<unknown> {
  try {
    return (await engine.run(SOMEBODY, ask)).answer;
  } catch (error) {
    if (!(error instanceof PodlogError)) throw error;
    return error.message;
  }
}

const SELECTORS = [
  '{app="api"}',
  '{app=~".+", __tenant_id__!="shop"}',
  '{app=~"w.b", __tenant_id__=~"b.*|zoo"}',
  '{__tenant_id__="none", app="api"}',
  '{app="web", pod=""}',
  '{service_name="api", __tenant_id__=~"sh.p"}',
];

test.each(
  SELECTORS.flatMap((selector) => [selector, `${selector} |= "took"`, `${selector} | logfmt | n > 4 | drop app`]),
)('lines of %s', async (text) => {
  const expr = parseQuery(text);
  if (expr.kind !== 'log') throw new Error('BUG: not a log query');
  for (const direction of ['forward', 'backward'] as const) {
    for (const limit of [1, 7, 5000]) {
      const question = { ...BASE, expr, direction, limit, intervalNs: 0n, isCategorized: true };
      const streams = async (view: LogView, query: Query) => (await answerLogs(question, view, query)).streams;
      const want = await answerOf(one, streams);
      expect((want as unknown[]).length > 0).toBe(!text.includes('"none"'));
      expect(await answerOf(several, streams)).toEqual(want);
    }
  }
});

test.each(
  SELECTORS.flatMap((selector) => [
    `count_over_time(${selector}[5s])`,
    `sum by (__tenant_id__) (bytes_over_time(${selector}[5s]))`,
    `sum(rate(${selector} |= "took" [10s]))`,
    `topk(2, sum by (app, __tenant_id__) (count_over_time(${selector} | logfmt | n > 2 [10s])))`,
    `quantile_over_time(0.5, ${selector} | logfmt | n != "" | unwrap n [10s]) by (__tenant_id__)`,
    `absent_over_time(${selector}[1s])`,
  ]),
)('numbers of %s', async (text) => {
  const expr = parseQuery(text);
  if (expr.kind === 'log') throw new Error('BUG: a log query');
  const steps = { start: START, stepNs: 5_000_000_000n, count: 6 };
  const numbers = async (view: LogView, query: Query) =>
    (await answerMetric({ ...BASE, expr, steps, isInstant: false }, view, query)).result;
  const want = await answerOf(one, numbers);
  const hasSome = text.includes('"none"') === text.startsWith('absent');
  expect(want).toMatchObject({ kind: 'series', series: hasSome ? { 0: expect.anything() } : [] });
  expect(await answerOf(several, numbers)).toEqual(want);
});

test('patterns', async () => {
  const patterns = (view: LogView, query: Query): Promise<unknown> =>
    linePatterns({ predicate: VISIBLE, stepNs: 10_000_000_000n }, view, query);
  const want = await answerOf(one, patterns);
  expect(want).toHaveLength(2);
  expect(await answerOf(several, patterns)).toEqual(want);
});

test('streams have their tenants', async () => {
  const streams = async (view: LogView, query: Query): Promise<string[]> =>
    (await view.streams(VISIBLE, query)).map(labelsKey).toSorted();
  expect(await answerOf(several, streams)).toEqual(await answerOf(one, streams));
});

test('what is of one tenant is refused', async () => {
  const refused = expect.stringContaining('cannot be asked of several tenants: name one in X-Scope-OrgID');
  expect(await answerOf(several, (view, query) => view.facets(VISIBLE, undefined, query))).toEqual(refused);
  expect(await answerOf(several, (view, query) => Array.fromAsync(view.search(planOf(), RAW, query)))).toEqual(refused);
  expect(() => several.follow(SOMEBODY, planOf(), RAW)).toThrow('X-Scope-OrgID');
  expect(several.tailSlots.count).toBe(0);
});

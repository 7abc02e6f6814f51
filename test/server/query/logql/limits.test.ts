/** Each limit of a query is named in the error beyond it; a client that leaves ends its query. */
import { expect, test } from 'vitest';
import {
  LINE_BYTES_MAX,
  LOGQL_ANSWER_BYTES_MAX,
  LOGQL_POINTS_MAX,
  LOGQL_SERIES_HELD_MAX,
  LOGQL_SERIES_MAX,
} from '../../../../server/limits.ts';
import type { Asker } from '../../../../server/query/engine.ts';
import { QueryEngine } from '../../../../server/query/engine.ts';
import { answerLogs } from '../../../../server/query/logql/logs.ts';
import { answerMetric, type MetricAnswer } from '../../../../server/query/logql/metrics/evaluate.ts';
import type { Evaluated } from '../../../../server/query/logql/metrics/series.ts';
import { LOGQL_LIMITS } from '../../../../server/query/logql/query-limits.ts';
import { parseQuery } from '../../../../server/query/logql/syntax/parser.ts';
import { EVERYTHING } from '../../../../server/store/predicate.ts';
import { type RowBlock, RowBlockBuilder } from '../../../../server/store/row-block.ts';
import { SOMEBODY } from '../../store/asking.ts';
import { fakeReader } from '../fake-reader.ts';

const LABELS = { app: 'api' };

function blockOf(count: number, textOf: (row: number) => string): RowBlock {
  const builder = new RowBlockBuilder([], count);
  for (let row = 0; row < count; row++) {
    const bytes = Buffer.from(textOf(row));
    builder.addRow(0, row, LABELS, 0);
    builder.addLine(bytes, 0, bytes.length);
  }
  return builder.finish();
}

/** An engine whose store gives blocks. */
function engineOf(blocks: () => AsyncIterable<RowBlock>): QueryEngine {
  return new QueryEngine(fakeReader({ search: blocks as never }));
}

const DISCOVERY = { serviceName: false, logLevels: false, fields: false };
const VISIBLE = { from: 0n, to: 1_000_000_000n, where: EVERYTHING };

function logs(engine: QueryEngine, text: string, limit: number, asker: Asker = SOMEBODY): Promise<unknown> {
  const expr = parseQuery(text);
  if (expr.kind !== 'log') throw new Error('BUG: not a log query');
  const question = {
    expr,
    visible: VISIBLE,
    direction: 'forward' as const,
    limit,
    intervalNs: 0n,
    isCategorized: false,
    discovery: DISCOVERY,
    limits: LOGQL_LIMITS,
    nowMs: 0,
  };
  return engine.run(asker, (view, query) => answerLogs(question, view, query));
}

function metric(
  engine: QueryEngine,
  text: string,
  asker: Asker = SOMEBODY,
  count = 1,
): Promise<{ readonly answer: MetricAnswer }> {
  const expr = parseQuery(text);
  if (expr.kind === 'log') throw new Error('BUG: a log query');
  const steps = { start: 1_000_000_000n, stepNs: 1_000_000_000n, count };
  const question = {
    expr,
    steps,
    isInstant: true,
    visible: VISIBLE,
    discovery: DISCOVERY,
    limits: LOGQL_LIMITS,
    nowMs: 0,
  };
  return engine.run(asker, (view, query) => answerMetric(question, view, query));
}

test('series of an answer', async () => {
  const engine = engineOf(async function* () {
    yield blockOf(LOGQL_SERIES_MAX + 1, (row) => `n=${row}`);
  });
  const query = 'count_over_time({app="api"} | logfmt [5s])';
  await expect(metric(engine, query)).rejects.toThrow(
    `maximum number of series (${LOGQL_SERIES_MAX}) reached for a single query; consider reducing query cardinality`,
  );
  const grouped = 'sum(count_over_time({app="api"} | logfmt | n!="" [5s]))';
  await expect(metric(engine, grouped)).resolves.toMatchObject({ answer: { counts: { lines: 501 } } });
  await expect(metric(engine, `topk(500, ${query})`)).resolves.toBeDefined();
});

test('series before they are grouped', async () => {
  const engine = engineOf(async function* () {
    yield blockOf(LOGQL_SERIES_HELD_MAX + 1, (row) => `n=${row}`);
  });
  const query = 'max(count_over_time({app="api"} | logfmt [5s]))';
  await expect(metric(engine, query)).rejects.toThrow(`more than ${LOGQL_SERIES_HELD_MAX} series`);
});

test('many series take memory for the steps that they have, of which there may be as many as are allowed', async () => {
  const count = LOGQL_SERIES_HELD_MAX - 1;
  const engine = engineOf(async function* () {
    yield blockOf(count, (row) => `n=${row}`);
  });
  const query = 'topk(1, sum by (n) (count_over_time({app="api"} | logfmt [1s])))';
  const { answer } = await metric(engine, query, SOMEBODY, LOGQL_POINTS_MAX);
  const { series } = answer.result as Extract<Evaluated, { kind: 'series' }>;
  expect(series).toEqual([{ labels: [['n', '1']], steps: Uint32Array.of(0), values: Float64Array.of(1) }]);
});

test('bytes of an answer', async () => {
  const engine = engineOf(async function* () {
    for (let at = 0; at <= LOGQL_ANSWER_BYTES_MAX; at += LINE_BYTES_MAX) {
      yield blockOf(1, () => String(at).padEnd(LINE_BYTES_MAX, 'x'));
    }
  });
  await expect(logs(engine, '{app="api"}', 1000)).rejects.toThrow(
    `the answer is larger than ${LOGQL_ANSWER_BYTES_MAX} bytes (--loki-max-bytes): lower limit`,
  );
  await expect(logs(engine, '{app="api"}', 10)).resolves.toBeDefined();
});

test.each([
  ['{app="api"} | decolorize', `\u001b${';'.repeat(300_000)}`],
  ['{app="api"} |= ip("::1")', `${'a:'.repeat(100_000)}.`],
  ['{app="api"} |= ip("1.2.3.4")', '1.'.repeat(150_000)],
  ['{app="api"} | logfmt', `a=${'\\"'.repeat(100_000)}`],
  ['{app="api"} | json', `{"a":${'['.repeat(150_000)}`],
  ['{app="api"} | json', `{"a":"${'\\'.repeat(300_000)}`],
  ['{app="api"} | regexp "(?P<x>(a*)*b)"', 'a'.repeat(20_000)],
  ['{app="api"} | pattern "<x>a<y>ab<z>"', 'a'.repeat(300_000)],
])('%s takes no time for a hostile line', async (query, line) => {
  const engine = engineOf(async function* () {
    yield blockOf(1, () => line);
  });
  await expect(logs(engine, query, 1)).resolves.toBeDefined();
});

test.each(['logs', 'metric'] as const)('%s end with their client, however long the store goes on', async (kind) => {
  let given = 0;
  let isReturned = false;
  const left = new AbortController();
  const engine = engineOf(async function* () {
    try {
      for (; ; given++) {
        // The client leaves while lines are being read.
        if (given === 3) left.abort(new Error('gone'));
        yield blockOf(1000, () => 'n=1');
      }
    } finally {
      isReturned = true;
    }
  });
  const asker = { caller: 'somebody', signal: left.signal };
  const asked =
    kind === 'logs'
      ? logs(engine, '{app="api"} | logfmt | n="2"', 10, asker)
      : metric(engine, 'sum(count_over_time({app="api"} | logfmt | n="1" [5s]))', asker);
  await expect(asked).rejects.toThrow('gone');
  await expect.poll(() => isReturned).toBe(true);
  expect(engine.slots.runningCount).toBe(0);
});

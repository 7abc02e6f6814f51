/** Latency of the questions that people ask, over a store that was just opened. Each answer is read whole. */
import { Corpus } from '../corpus/corpus.ts';
import { type Figure, formatNumber, quantile } from './figure.ts';
import type { Bench, Child } from './harness.ts';
import { fetchText, type ServerProcess } from './podlog.ts';
import { TARGETS } from './targets.ts';

/** Each question is asked so often, or for so long when it takes longer: a percentile of few samples says little. */
const RUN_COUNT = 300;
const ASKED_MS_MAX = 10_000;
const RUN_COUNT_MIN = 15;
/** The same of a hundred million lines, of which a question may take half a minute: all of them would take an hour. */
const ASKED_MS_MAX_LARGE = 2_000;
const RUN_COUNT_MIN_LARGE = 3;

/** Coprime to the number of ids, so that all are asked for, from all over the store. */
const ID_STRIDE = 7919;

/** Users by how busy they are, another one each time. */
const RANKS = 4500;
const RANK_STRIDE = 149;

/** The lines that a measure of a field is asked of: the newest, when there are more. */
const MEASURED_LINES_MAX = 10_000_000;

const TEN_NAMES = 'level namespace pod container node status method path job component'.split(' ');

interface Question {
  readonly name: string;
  /** `/logs` when nothing else is said. */
  readonly path?: string | ((run: number) => string);
  /** Each run asks for something else where it can, so that no answer is remembered. */
  readonly parameters: (run: number) => Readonly<Record<string, string | readonly string[]>>;
  readonly p50?: Figure['target'];
  readonly p99?: Figure['target'];
}

/** Which lines there are to ask for. */
export interface Asked {
  readonly startMs: number;
  readonly endMs: number;
  /** Spread over all lines. */
  readonly requestIds: readonly string[];
}

export async function benchQueries(
  bench: Bench,
  { url, child }: ServerProcess,
  { startMs, endMs, requestIds }: Asked,
): Promise<void> {
  const { lineCount } = bench;
  const corpus = new Corpus();
  const all = { since: new Date(startMs).toISOString() };
  const measured = Math.min(lineCount, MEASURED_LINES_MAX);
  const measuredMs = ((endMs - startMs) * measured) / lineCount;
  const minute = { ...all, step: '1m' };
  const questions: Question[] = [
    {
      name: 'one request_id',
      parameters: (run) => ({
        ...all,
        request_id: requestIds[(run * ID_STRIDE) % requestIds.length]!,
      }),
      p50: TARGETS.needleP50Ms,
      p99: TARGETS.needleP99Ms,
    },
    {
      name: 'last 100 lines of a user',
      // From one of the busiest users to those who are seen once in 50,000 lines.
      parameters: (run) => ({
        ...all,
        user_id: String(corpus.userIdOf(10 + ((run * RANK_STRIDE) % RANKS))),
        limit: '100',
      }),
      p99: TARGETS.userP99Ms,
    },
    {
      name: 'everything about a request',
      path: (run) => `/requests/${requestIds[(run * ID_STRIDE) % requestIds.length]!}`,
      parameters: () => ({}),
      p50: TARGETS.requestP50Ms,
    },
    {
      name: 'the requests of a user',
      path: (run) => `/users/${corpus.userIdOf(10 + ((run * RANK_STRIDE) % RANKS))}`,
      parameters: () => all,
      p50: TARGETS.userPageP50Ms,
    },
    {
      name: 'the lines around a time',
      parameters: (run) => ({
        around: new Date(startMs + ((endMs - startMs) * ((run * ID_STRIDE) % 997)) / 997).toISOString(),
      }),
      p50: TARGETS.aroundP50Ms,
    },
    {
      name: 'last 1000 errors',
      parameters: () => ({ ...all, level: 'error', limit: '1000' }),
    },
    {
      // There is no index of it, so every row group is asked what levels it has.
      name: 'a level that is not there',
      parameters: () => ({ ...all, level: 'fatal' }),
    },
    {
      name: 'a text that is not there',
      parameters: (run) => ({ ...all, q: `no such text ${run}` }),
      p99: TARGETS.absentTextP99Ms,
    },
    {
      // It could be part of any UUID, so nothing can be skipped.
      name: 'hex digits that are not there',
      parameters: (run) => ({ ...all, q: `deadbeef${String(run).padStart(2, '0')}` }),
      p99: TARGETS.absentTextP99Ms,
    },
    {
      name: 'any of three texts',
      path: '/aggregate',
      parameters: (run) => ({ ...all, q: ['deadline exceeded', 'connection refused', `no such text ${run}`] }),
    },
    {
      name: 'an expression with a literal',
      path: '/aggregate',
      parameters: (run) => ({ ...all, q: `~user:1${run % 10}\\d+","hit":false` }),
    },
    {
      // Whatever it is, each line is put together and read.
      name: 'an expression without a literal',
      path: '/aggregate',
      parameters: () => ({ ...all, q: '~[0-9a-f]{4}-[x-z]' }),
    },
    {
      name: 'an expression on path',
      path: '/aggregate',
      parameters: (run) => ({ ...all, path: `~^/api/(orders|products)/1${run % 10}\\d*$` }),
    },
    {
      name: 'status of at least 500',
      path: '/aggregate',
      parameters: () => ({ ...all, 'status>': '500' }),
      p50: TARGETS.statusCountP50Ms,
    },
    {
      name: 'paths of a shape',
      path: '/aggregate',
      parameters: () => ({ ...all, 'path.shape': '/api/users/{id}/orders' }),
    },
    {
      // Some writers escape a slash, and some all letters beyond ASCII.
      name: 'a text with a slash',
      path: '/aggregate',
      parameters: (run) => ({ ...all, q: `/api/orders/1${run % 10}` }),
    },
    {
      name: 'a text beyond ASCII that is not there',
      parameters: (run) => ({ ...all, q: `café ${run}` }),
    },
    {
      name: 'a search text',
      path: '/aggregate',
      parameters: (run) => ({ ...all, search: `level>=warn (timeout or status>=50${run % 5}) -path:/healthz` }),
    },
    {
      name: 'latency_ms of at least a number',
      path: '/aggregate',
      parameters: (run) => ({ ...all, 'latency_ms>': String(400 + (run % 100)) }),
    },
    {
      name: 'what path begins with',
      path: '/aggregate',
      parameters: (run) => ({ ...all, path: `/api/products/1${run % 10}*` }),
    },
    {
      name: 'what path ends with',
      path: '/aggregate',
      parameters: (run) => ({ ...all, path: `*${run % 10}/stock` }),
    },
    {
      name: 'what path contains',
      path: '/aggregate',
      parameters: (run) => ({ ...all, path: `*/products/*${run % 10}*` }),
    },
    {
      name: 'count by level',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'level' }),
      p99: TARGETS.countByLevelP99Ms,
    },
    {
      name: 'count by level over time',
      path: '/histogram',
      parameters: () => ({ ...all, by: 'level' }),
    },
    {
      name: 'the ten busiest users',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'user_id', user_id: '*', limit: '10' }),
    },
    {
      name: 'count by path',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'path' }),
    },
    {
      name: 'count by path.shape',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'path.shape' }),
    },
    {
      name: 'patterns of lines',
      path: '/patterns',
      parameters: () => all,
      p99: TARGETS.patternsP99Ms,
    },
    {
      name: 'what sets requests that failed apart from all other lines',
      path: '/compare',
      parameters: () => ({ ...all, 'status>': '500' }),
      p99: TARGETS.compareP99Ms,
    },
    {
      name: 'values of ten names',
      path: '/fields',
      parameters: () => ({ ...all, name: TEN_NAMES }),
      p99: TARGETS.tenFieldsP99Ms,
    },
    {
      name: 'latency_ms by size over time',
      path: '/aggregate',
      parameters: () => ({ ...minute, by: 'latency_ms.log10' }),
    },
    {
      name: 'lines and errors by path',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'path', 'where.errors': 'status>=500', order: 'where.errors' }),
    },
    {
      name: 'count by stream',
      path: '/aggregate',
      parameters: () => ({ ...all, by: '*' }),
    },
    {
      name: 'bytes of lines by pod',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'pod', line_bytes: 'true' }),
    },
    {
      name: 'latency_ms by level in windows of five minutes, one each minute',
      path: '/aggregate',
      parameters: () => ({ ...minute, window: '5m', by: 'level', of: 'latency_ms', order: 'rows', limit: '100' }),
    },
    {
      name: 'different request ids',
      path: '/aggregate',
      parameters: () => ({ ...all, distinct: 'request_id' }),
    },
    {
      name: 'latency_ms and users by pod, slowest first',
      path: '/aggregate',
      parameters: () => ({ ...all, by: 'pod', of: 'latency_ms', distinct: 'user_id', order: 'p99' }),
    },
    {
      name: `p99 of latency_ms by path, ${formatNumber(measured)} lines`,
      path: '/aggregate',
      parameters: () => ({ since: new Date(endMs - measuredMs).toISOString(), by: 'path', of: 'latency_ms' }),
      p99: TARGETS.quantileByPathP99Ms,
    },
  ];
  for (const question of questions) {
    try {
      await measure(bench, url, child, question);
    } catch (error) {
      // The other figures are worth having.
      bench.progress(`${question.name} failed: ${String(error)}`);
      process.exitCode = 1;
    }
  }
}

async function measure(
  { lineCount: storedLines, isLarge, progress, report }: Bench,
  url: string,
  child: Child,
  { name, path = '/logs', parameters, p50, p99 }: Question,
): Promise<void> {
  progress(`query: ${name}`);
  const samples: number[] = [];
  let lineCount = 0;
  let cpuBefore = 0;
  const untilMs = performance.now() + (isLarge ? ASKED_MS_MAX_LARGE : ASKED_MS_MAX);
  const runCountMin = isLarge ? RUN_COUNT_MIN_LARGE : RUN_COUNT_MIN;
  for (let run = 0; run <= RUN_COUNT && (run <= runCountMin || performance.now() < untilMs); run++) {
    if (run === 1) cpuBefore = child.cpuSeconds();
    const search = new URLSearchParams(
      Object.entries(parameters(run)).flatMap(([key, values]) =>
        [values].flat().map((value): [string, string] => [key, value]),
      ),
    );
    const startMs = performance.now();
    const text = await fetchText(`${url}${typeof path === 'string' ? path : path(run)}?${search.toString()}`);
    samples.push(performance.now() - startMs);
    lineCount += text.split('\n').length - 1;
  }
  const [first, ...rest] = samples;
  const cpuMs = ((child.cpuSeconds() - cpuBefore) * 1000) / rest.length;
  progress(`  ${lineCount} lines in ${samples.length} answers`);
  report({ name: `query, ${name}: first`, value: first!, unit: 'ms' });
  report({ name: `query, ${name}: p50`, value: quantile(rest, 0.5), unit: 'ms', target: p50 });
  report({ name: `query, ${name}: CPU a million lines`, value: (cpuMs / storedLines) * 1e6, unit: 'ms' });
  report({ name: `query, ${name}: p99`, value: quantile(rest, 0.99), unit: 'ms', target: p99 });
}

/** `/requests/{id}` against the lines themselves: of several programs, in several namespaces, found by whatever they call an id. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REQUEST_BYTES_MAX, REQUEST_LINES_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import type { RequestAnswer } from '../../../server/query/request.ts';
import { formatInstant } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { ADMIN, as, DAY_START, requestLines, type Said, SHOP, shown, startWithLines } from './request-lines.ts';

let folder: string;
let server: Server;

const random = new Random(12);
const REQUESTS = Array.from({ length: 60 }, (_, n) => {
  const id = `${'0123456789abcdef'[n % 16]}${n}e4-request-${random.below(1e6)}`;
  return { id, lines: requestLines(random, id, String(100 + (n % 7)), n * 1500) };
});
const API = REQUESTS[0]!.lines[0]!.labels;
const at = (ms: number): bigint => DAY_START + BigInt(ms) * 1_000_000n;
const LONG = Array.from({ length: REQUEST_LINES_MAX + 300 }, (_, n): Said => ({
  instant: at(n),
  labels: API,
  text: `{"request_id":"long","n":${n}}`,
}));
const LONG_END: Said = {
  instant: at(5000),
  labels: API,
  text: '{"level":"error","request_id":"long","method":"PUT","path":"/x","status":500,"latency_ms":5001,"err":"all is lost"}',
};
const WIDE = Array.from({ length: 5 }, (_, n): Said => ({
  instant: at(n),
  labels: API,
  text: `{"request_id":"wide","n":${n},"x":"${'x'.repeat(REQUEST_BYTES_MAX / 3)}"}`,
}));
const OTHERS: readonly Said[] = [
  { instant: at(50), labels: API, text: '{"trace_id":"t-1","message":"one"}' },
  { instant: at(20), labels: { ...API, namespace: 'jobs' }, text: 'traceId=t-1 msg=two took=1.5s' },
  { instant: at(60), labels: API, text: '{"trace_id":"both","message":"of the trace"}' },
  { instant: at(61), labels: API, text: '{"request_id":"both","message":"of the request"}' },
  { instant: at(62), labels: API, text: '{"request_id":"twice","req_id":"twice","message":"once"}' },
  { instant: at(63), labels: API, text: '{"request_id":"a/b?c d","message":"odd"}' },
  { instant: at(64), labels: API, text: 'no field has request_id text-only' },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-requests-'));
  const mixed = [...REQUESTS.flatMap(({ lines }) => lines), ...LONG, LONG_END, ...OTHERS];
  server = await startWithLines(folder, ['request_id'], mixed, WIDE);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string, token = ADMIN): Promise<{ status: number; answer: RequestAnswer }> {
  const response = await fetch(server.url + path, { headers: as(token) });
  return { status: response.status, answer: (await response.json()) as RequestAnswer };
}

const ms = (ns: bigint): number => Number(ns) / 1e6;

/** What the lines say together. */
function truthOf(lines: readonly Said[]): Partial<RequestAnswer> {
  const heads = lines.filter(({ method }) => method !== undefined);
  const outermost = heads.toSorted((a, b) => b.durationMs! - a.durationMs!)[0];
  const first = lines[0]!.instant;
  const began = outermost === undefined ? first : outermost.instant - BigInt(outermost.durationMs! * 1e6);
  const start = began < first ? began : first;
  const isError = ({ level }: Said): boolean => level === 'error';
  const errorAt = lines.findIndex(isError);
  return {
    ...(outermost !== undefined && {
      method: outermost.method!,
      path: outermost.path!,
      status: outermost.status!,
    }),
    failed: outermost === undefined ? errorAt >= 0 : outermost.status! >= 500,
    start: formatInstant(start),
    end: formatInstant(lines.at(-1)!.instant),
    duration_ms: outermost?.durationMs ?? ms(lines.at(-1)!.instant - first),
    ...(errorAt >= 0 && {
      first_error: {
        line: errorAt,
        offset_ms: ms(lines[errorAt]!.instant - start),
        pod: lines[errorAt]!.labels['pod']!,
        level: 'error',
        message: lines[errorAt]!.message!,
      },
    }),
    line_count: lines.length,
    lines: lines.map((line, n) => ({
      offset_ms: ms(line.instant - start),
      gap_ms: ms(line.instant - (lines[n - 1]?.instant ?? start)),
      ...(line.durationMs !== undefined && { duration_ms: line.durationMs }),
      ...shown(line),
      ...(line.level !== undefined && { level: line.level }),
    })),
  };
}

describe('a request', () => {
  test.each(REQUESTS)('$id is all of its lines', async ({ id, lines }) => {
    const { status, answer } = await get(`/requests/${id}`);
    expect(status).toBe(200);
    const { pods, slowest, longest_gap: gap, user_id: userId, found_by: foundBy, id: ownId, ...rest } = answer;
    expect(rest).toEqual(truthOf(lines));
    expect([ownId, foundBy, userId]).toEqual([id, 'request_id', lines.find((line) => line.userId)!.userId]);
    const counts = Map.groupBy(lines, ({ labels }) => labels['pod']!);
    expect(new Map(pods.map((each) => [each.labels['pod']!, each.lines]))).toEqual(
      new Map([...counts].map(([pod, own]) => [pod, own.length])),
    );
    // The API's own line: what Traefik reports contains it, and the worker's job is shorter.
    const inner = lines.findIndex(({ labels, status: own }) => labels === API && own !== undefined);
    const job = lines.findIndex(({ labels }) => labels['pod'] === 'worker-1');
    const slow = lines[inner]!.durationMs! >= 12.5 || job < 0 ? inner : job;
    expect(slowest).toMatchObject({ kind: 'step', line: slow, ms: lines[slow]!.durationMs });
    const gaps = rest.lines.map(({ gap_ms: own }) => own);
    expect(gap).toMatchObject({ kind: 'gap', ms: Math.max(...gaps), line: gaps.indexOf(Math.max(...gaps)) });
  });

  test.each(REQUESTS)('$id of a token of one namespace is the lines of that namespace', async ({ id, lines }) => {
    const own = lines.filter(({ labels }) => labels['namespace'] === 'shop');
    const { answer } = await get(`/requests/${id}`, SHOP);
    expect(answer).toMatchObject(truthOf(own));
    expect(answer.pods.every(({ labels }) => labels['namespace'] === 'shop')).toBe(true);
    // Beside a filter, too; and within a time range.
    expect((await get(`/requests/${id}?namespace=kube-system`, SHOP)).status).toBe(404);
    const range = `since=${formatInstant(own[1]!.instant)}&until=${formatInstant(own[1]!.instant + 1n)}`;
    expect((await get(`/requests/${id}?${range}`, SHOP)).answer.lines.map(({ line }) => line)).toEqual([own[1]!.text]);
  });
});

test('as text, the lines are those of /logs, behind their offsets and gaps', async () => {
  const text = async (path: string): Promise<string[]> =>
    (await (await fetch(server.url + path, { headers: as(ADMIN) })).text()).split('\n').slice(0, -1);
  const { id, lines } = REQUESTS.find((each) => each.lines.some(({ message }) => message?.startsWith('charge')))!;
  const { answer } = await get(`/requests/${id}`);
  const [what, started, error, slowest, gap, empty, head, ...rows] = await text(`/requests/${id}?format=text`);
  const user = lines.find((line) => line.userId)!.userId!;
  expect(what).toMatch(
    new RegExp(
      `^GET ${answer.path} 502 failed · [\\d.]+ m?s · user ${user} · ${lines.length} lines in ${answer.pods.length} pods$`,
    ),
  );
  expect([started, error, slowest, gap]).toEqual([
    `Started ${answer.start}`,
    expect.stringMatching(/^First error after .*s: payments-1 charge failed: deadline exceeded$/),
    expect.stringMatching(/^Slowest step .*s: api-1 request$/),
    expect.stringMatching(/ without a line in any pod, until payments-1 charge failed: deadline exceeded$/),
  ]);
  expect([empty, head]).toEqual(['', '   offset       gap']);
  for (const [n, { instant }] of lines.entries()) {
    const [own] = await text(
      `/logs?since=${formatInstant(instant)}&until=${formatInstant(instant + 1n)}&format=text&q=${id}`,
    );
    expect(rows[n]!.endsWith(`  ${own}`), `${rows[n]} is ${own}`).toBe(true);
    expect(rows[n]!.slice(0, -own!.length)).toMatch(/^ *[\d.]+ (?:µs|ms|s) +\+[\d.]+ (?:µs|ms|s) {2}$/);
  }
  expect(rows).toHaveLength(lines.length);
  expect((await text('/requests/long?limit=2&format=text')).slice(-1)).toEqual([
    `${LONG.length - 1} of ${LONG.length + 1} lines are not shown: limit=2`,
  ]);
  expect((await text('/requests/twice?format=text'))[0]).toBe('twice · 0 s · 1 line in 1 pod');
});

test('a trace is found where no request has the id, whatever the name is spelled like', async () => {
  const { answer } = await get('/requests/t-1');
  expect(answer).toMatchObject({ found_by: 'trace_id', line_count: 2, failed: false, duration_ms: 30 });
  expect(answer.lines.map(({ line, duration_ms: took }) => [line, took])).toEqual([
    [OTHERS[1]!.text, 1500],
    [OTHERS[0]!.text, undefined],
  ]);
  expect((await get('/requests/both')).answer.lines.map(({ line }) => line)).toEqual([OTHERS[3]!.text]);
});

test('a line with the id under two names is one line, and an id may have any characters', async () => {
  expect((await get('/requests/twice')).answer.line_count).toBe(1);
  const { answer } = await get(`/requests/${encodeURIComponent('a/b?c d')}`);
  expect([answer.id, answer.line_count, answer.slowest]).toEqual(['a/b?c d', 1, undefined]);
});

test('the slowest is the longest time without a line where no line but the outermost says how long it took', async () => {
  const { answer } = await get('/requests/long?limit=10');
  expect(answer.slowest).toMatchObject({ kind: 'gap', ms: 3701, offset_ms: 5001 });
  // Of the lines between those that the answer has and the last one, nothing is known.
  expect((await get('/requests/long?limit=10&until=2026-11-23T00:00:01.299Z')).answer.slowest).toMatchObject({ ms: 1 });
});

test.each([1, 10, REQUEST_LINES_MAX])(
  'an answer of %s lines says that it is cut, and how the request ended',
  async (limit) => {
    const { answer } = await get(`/requests/long?limit=${limit}`);
    expect(answer.lines.map(({ line }) => line)).toEqual(LONG.slice(0, limit).map(({ text }) => text));
    expect(answer.line_count).toBe(LONG.length + 1);
    expect(answer.cut).toEqual({
      limit,
      missing: LONG.length + 1 - limit,
      from: formatInstant(LONG[limit - 1]!.instant),
    });
    expect(answer).toMatchObject({ method: 'PUT', path: '/x', status: 500, failed: true, duration_ms: 5001 });
    expect(answer.first_error).toEqual({ offset_ms: 5001, pod: API['pod'], level: 'error', message: 'all is lost' });
  },
);

test('long lines cut it, too', async () => {
  const { answer } = await get('/requests/wide');
  expect(answer.lines.map(({ line }) => line)).toEqual(WIDE.slice(0, 2).map(({ text }) => text));
  expect([answer.line_count, answer.cut?.missing]).toEqual([5, 3]);
});

test.each(['nothing', 'long-', 'lon', 'text-only'])(
  '%s has no lines, and the answer says what was looked for',
  async (id) => {
    const { status, answer } = await get(`/requests/${id}?since=2026-11-01`);
    expect(status).toBe(404);
    expect(answer).toMatchObject({
      error: { code: 'PODLOG_NO_REQUEST', message: expect.stringContaining(`no line has the request id "${id}"`) },
      id,
      looked_for: {
        names: expect.arrayContaining(['request_id', 'req.id', 'trace_id', 'traceId']),
        since: '2026-11-01T00:00:00.000000000Z',
        until: null,
      },
      lines: [],
    });
  },
);

test.each([
  ['/requests/x?limit=0', 'limit: "0" is out of range; allowed: 1 to 1000'],
  ['/requests/x?limit=1001', 'limit: "1001" is out of range'],
  ['/requests/x?format=csv', 'format: "csv" is unknown; allowed: json, text'],
  ['/requests/x?order=oldest', 'order: not a parameter of this route'],
  ['/requests/x?since=lunch', 'since: "lunch" is not a valid time'],
  ['/requests/', 'id: empty or too long; allowed: an id of up to 4096 bytes; example: GET /requests/'],
])('%s is refused', async (path, message) => {
  const { status, answer } = await get(path);
  expect([status, answer]).toEqual([
    400,
    { error: { code: 'PODLOG_BAD_PARAMETER', message: expect.stringContaining(message) } },
  ]);
});

test('a token without the scope read is refused', async () => {
  expect((await fetch(`${server.url}/requests/x`)).status).toBe(401);
});

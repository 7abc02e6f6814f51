/** `/users/{id}` against the lines themselves: a request is counted once, whoever logs it, and pages lose and repeat none. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { USER_LINES_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import type { UserAnswer, UserRequest } from '../../../server/query/user.ts';
import { formatInstant } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { ADMIN, as, DAY_START, JOBS, requestLines, type Said, SHOP, startWithLines } from './request-lines.ts';

type Answer = UserAnswer & {
  readonly id: string;
  readonly since: string;
  readonly until: string;
  readonly next?: { readonly until: string };
};

let folder: string;
let server: Server;

const random = new Random(5);
const at = (ms: number): bigint => DAY_START + BigInt(ms) * 1_000_000n;
/** Several at a time, so that the lines of different requests alternate. */
const REQUESTS = Array.from({ length: 150 }, (_, n) => requestLines(random, `r-${n}`, String(n % 3), n * 150));
const API = REQUESTS[0]![0]!.labels;
/** Requests without an id are one each; two are at one instant. */
const WITHOUT_ID = [30_000, 30_000, 30_001].map((ms, n): Said => ({
  instant: at(ms),
  labels: API,
  userId: '1',
  method: 'PUT',
  path: `/plain/${n}`,
  text: `{"method":"PUT","path":"/plain/${n}","userId":1,"took":"2ms"}`,
  durationMs: 2,
}));
/** Of both programs that log a request, the later line is the outer one. */
const DOUBLED = Array.from({ length: 40 }, (_, n) =>
  [0, 7].map((ms): Said => {
    const [status, took] = [n % 4 === 0 ? 503 : 200, 10 + ms];
    return {
      instant: at(40_000 + n * 3 + ms),
      labels: { ...API, pod: ms === 0 ? 'api-1' : 'gateway-1' },
      requestId: `d-${n}`,
      userId: '2',
      method: 'GET',
      path: '/doubled',
      status,
      durationMs: took,
      text: `{"method":"GET","path":"/doubled","status":${status},"latency_ms":${took},"user_id":2,"request_id":"d-${n}","message":"request"}`,
    };
  }),
);
/** Of both lines of a request, which took equally long, the later one counts; and a status may be a word. */
const TIED = Array.from({ length: 30 }, (_, n) =>
  [0, 4].map((ms): Said => {
    const status = (n + ms) % 3 === 0 ? 500 : 200;
    const said = n % 5 === 0 ? '"ok"' : status;
    return {
      instant: at(50_000 + n * 10 + ms),
      labels: { ...API, pod: ms === 0 ? 'api-1' : 'gateway-1' },
      requestId: `t-${n}`,
      userId: '3',
      method: 'GET',
      path: '/tied',
      ...(said === status && { status }),
      durationMs: 5,
      text: `{"method":"GET","path":"/tied","status":${said},"latency_ms":5,"user_id":"3","request_id":"t-${n}","message":"request"}`,
    };
  }),
);
const MANY = Array.from({ length: USER_LINES_MAX + 500 }, (_, n): Said => ({
  instant: at(n),
  labels: API,
  text: `{"method":"GET","status":200,"user_id":"many","n":${n}}`,
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-users-'));
  const mixed = [...REQUESTS.flat(), ...WITHOUT_ID, ...DOUBLED.flat(), ...TIED.flat()];
  server = await startWithLines(folder, ['request_id', 'user_id'], mixed, MANY);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string, token = ADMIN): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(server.url + path, { headers: as(token) });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const DAY = 'since=2026-11-23&until=2026-11-24';

/** Each request of a user, by its outermost line that names them; the newest first. */
function truthOf(user: string, from = 0n, to = 1n << 62n): UserRequest[] {
  const lines = [...REQUESTS.flat(), ...WITHOUT_ID, ...DOUBLED.flat(), ...TIED.flat()].filter(
    ({ userId, method }) => userId === user && method !== undefined,
  );
  const groups = Map.groupBy(lines, ({ requestId, text }) => requestId ?? text);
  return [...groups.values()]
    .map((own) => own.toSorted((a, b) => b.durationMs! - a.durationMs! || Number(b.instant - a.instant))[0]!)
    .filter(({ instant }) => instant >= from && instant < to)
    .toSorted((a, b) => Number(b.instant - a.instant))
    .map((line) => {
      const failed = (line.status ?? 0) >= 500;
      const charge = REQUESTS.flat().find(
        ({ requestId, message }) => requestId === line.requestId && message?.startsWith('charge'),
      );
      return {
        time: formatInstant(line.instant),
        method: line.method!,
        path: line.path!,
        ...(line.status !== undefined && { status: line.status }),
        duration_ms: line.durationMs!,
        failed,
        // Its own `request` says no more than that there was one.
        ...(failed && charge !== undefined && { error: charge.message! }),
        ...(line.requestId !== undefined && { request_id: line.requestId }),
        namespace: 'shop',
        pod: line.labels['pod']!,
      };
    });
}

/** Linear between neighbours. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place % 1);
}

const byTime = (requests: readonly UserRequest[]): UserRequest[] =>
  requests.toSorted((a, b) => (a.time + a.path! < b.time + b.path! ? -1 : 1));

test.each(['0', '1', '2', '3'])('user %s: each request once, with its totals', async (user) => {
  const { status, answer } = await get(`/users/${user}?${DAY}&limit=1000`);
  const truth = truthOf(user);
  expect(status).toBe(200);
  expect(byTime(answer.requests)).toEqual(byTime(truth));
  expect(answer.requests.map(({ time }) => time)).toEqual(truth.map(({ time }) => time));
  const took = truth.map(({ duration_ms: ms }) => ms!);
  expect(answer.total).toEqual({
    requests: truth.length,
    failed: truth.filter(({ failed }) => failed).length,
    p50_ms: expect.closeTo(quantile(took, 0.5), 5),
    p95_ms: expect.closeTo(quantile(took, 0.95), 5),
    first: truth.at(-1)!.time,
    last: truth[0]!.time,
  });
  expect([answer.id, answer.since, answer.next]).toEqual([user, '2026-11-23T00:00:00.000000000Z', undefined]);
});

test.each([1, 2, 3, 7, 40])('pages of %s requests lose none and repeat none', async (limit) => {
  for (const user of ['1', '2', '3']) {
    const pages: UserRequest[] = [];
    for (let until = '2026-11-24'; ;) {
      const { answer } = await get(`/users/${user}?since=2026-11-23&until=${until}&limit=${limit}`);
      pages.push(...answer.requests);
      // Those at the instant of the last one are in the same page.
      expect(answer.requests.length - limit).toBeLessThan(2);
      if (answer.next === undefined) break;
      until = answer.next.until;
    }
    expect(byTime(pages)).toEqual(byTime(truthOf(user)));
  }
});

test('a range has the requests whose last line is in it', async () => {
  const [from, to] = [at(2000), at(15_000)];
  const { answer } = await get(`/users/0?since=${formatInstant(from)}&until=${formatInstant(to)}&limit=1000`);
  const truth = truthOf('0', from, to);
  expect(truth.length).toBeGreaterThan(10);
  expect(byTime(answer.requests)).toEqual(byTime(truth));
});

test('filters leave out requests', async () => {
  const { answer } = await get(`/users/2?${DAY}&status=503&limit=1000`);
  expect(byTime(answer.requests)).toEqual(byTime(truthOf('2').filter(({ status }) => status === 503)));
});

test('a token of one namespace is answered from its lines alone', async () => {
  expect(byTime((await get(`/users/0?${DAY}&limit=1000`, SHOP)).answer.requests)).toEqual(byTime(truthOf('0')));
  const { status, answer } = await get(`/users/0?${DAY}`, JOBS);
  expect([status, answer.requests]).toEqual([404, []]);
});

test.each([5, 600])('beyond its limit of lines an answer of %i says from when on it counts', async (limit) => {
  const { answer } = await get(`/users/many?${DAY}&limit=${limit}`);
  expect(answer.requests).toHaveLength(limit);
  expect(answer.total).toEqual({
    requests: USER_LINES_MAX,
    failed: 0,
    first: formatInstant(MANY[500]!.instant),
    last: formatInstant(MANY.at(-1)!.instant),
    cut: { lines: USER_LINES_MAX, from: formatInstant(MANY[500]!.instant) },
  });
});

test('without a range it is the last day', async () => {
  const { status, answer } = await get('/users/nobody');
  const {
    looked_for: { names, since, until },
  } = answer as unknown as {
    looked_for: { names: string[]; since: string; until: string };
  };
  expect(Date.parse(until) - Date.parse(since)).toBe(86_400_000);
  expect([status, names]).toEqual([404, expect.arrayContaining(['user_id', 'userId'])]);
  expect(answer).toMatchObject({
    error: { code: 'PODLOG_NO_USER', message: expect.stringContaining('is of a user "nobody"') },
  });
});

test.each([
  ['/users/x?limit=0', 'limit: "0" is out of range; allowed: 1 to 1000'],
  ['/users/x?format=csv', 'format: not a parameter of this route'],
  ['/users/x?since=2h&until=3h', 'until: "3h" is not after since "2h"'],
  ['/users/', 'id: empty or too long; allowed: an id of up to 4096 bytes; example: GET /users/12345'],
])('%s is refused', async (path, message) => {
  const { status, answer } = await get(path);
  expect([status, answer]).toEqual([
    400,
    { error: { code: 'PODLOG_BAD_PARAMETER', message: expect.stringContaining(message) } },
  ]);
});

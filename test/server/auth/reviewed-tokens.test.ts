/** What is remembered of the API's answers, for how long, and what goes on while it is away. */
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { ReviewedTokens } from '../../../server/auth/reviewed-tokens.ts';
import type { ReviewedToken } from '../../../server/auth/token-review.ts';
import {
  REVIEW_ACCEPTED_MS_MAX,
  REVIEW_REFUSED_MS_MAX,
  REVIEWS_AT_ONCE_MAX,
  REVIEWS_KEPT_MAX,
  REVIEWS_OF_ADDRESS_AT_ONCE_MAX,
} from '../../../server/limits.ts';
import { Metrics } from '../../../shared/metrics.ts';
import { jwt } from './fake-api.ts';

const GOOD: ReviewedToken = {
  authenticated: true,
  username: 'system:serviceaccount:podlog:podlog-agent',
  audiences: ['podlog'],
  node: 'worker-1',
};
const UNKNOWN: ReviewedToken = { authenticated: false, username: undefined, audiences: [], node: undefined };
const START_MS = 1_800_000_000_000;
/** It lives for an hour. */
const TOKEN = jwt({ aud: ['podlog'], exp: START_MS / 1000 + 3600 });

let answer: ReviewedToken | Error;
let asked: number;
let nowMs: number;
let said: string[];
let tokens: ReviewedTokens;

beforeEach(() => {
  answer = GOOD;
  asked = 0;
  nowMs = START_MS;
  said = [];
  tokens = new ReviewedTokens({
    review: async () => {
      asked++;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    accounts: ['podlog/podlog-agent', 'elsewhere/agent'],
    now: () => nowMs,
    log: pino({}, { write: (line: string) => said.push(line) }),
    metrics: new Metrics(),
  });
});

test('an agent is let in with the scope agent alone, and remembered for five minutes', async () => {
  const caller = { name: 'podlog/podlog-agent', scopes: ['agent'], visible: [], nodes: ['worker-1'] };
  expect(await tokens.find(TOKEN)).toEqual(caller);
  nowMs += REVIEW_ACCEPTED_MS_MAX - 1;
  expect(await tokens.find(TOKEN)).toEqual(caller);
  expect(asked).toBe(1);
  nowMs += 1;
  expect(await tokens.find(TOKEN)).toEqual(caller);
  expect(asked).toBe(2);
});

test('a token is remembered no longer than it lives', async () => {
  const token = jwt({ aud: 'podlog', exp: START_MS / 1000 + 60 });
  await tokens.find(token);
  nowMs += 60_000;
  answer = UNKNOWN;
  await expect(tokens.find(token)).rejects.toMatchObject({ status: 401 });
});

test('what is refused is refused without asking for some seconds, then asked again', async () => {
  answer = UNKNOWN;
  for (let i = 0; i < 5; i++) await expect(tokens.find(TOKEN)).rejects.toMatchObject({ status: 401 });
  expect(asked).toBe(1);
  answer = GOOD;
  nowMs += REVIEW_REFUSED_MS_MAX;
  expect(await tokens.find(TOKEN)).toMatchObject({ scopes: ['agent'] });
});

test.for<[what: string, answer: ReviewedToken, error: object]>([
  ['another account', { ...GOOD, username: 'system:serviceaccount:podlog:default' }, { status: 403 }],
  ['the same name elsewhere', { ...GOOD, username: 'system:serviceaccount:shop:podlog-agent' }, { status: 403 }],
  ['a person', { ...GOOD, username: 'admin' }, { status: 403 }],
  ['an account in disguise', { ...GOOD, username: 'x:system:serviceaccount:podlog:podlog-agent' }, { status: 403 }],
  ['a token of no pod', { ...GOOD, node: undefined }, { status: 403 }],
  ['no user', { ...GOOD, username: undefined }, { status: 403 }],
  ['an API that does not know audiences', { ...GOOD, audiences: [] }, { status: 401 }],
  ['another audience', { ...GOOD, audiences: ['vault'] }, { status: 401 }],
])('%s is refused', async ([, given, error]) => {
  answer = given;
  await expect(tokens.find(TOKEN)).rejects.toMatchObject(error);
});

test.for<[what: string, token: string, want: object | undefined]>([
  ['an API audience', jwt({ aud: ['https://kubernetes.default.svc'] }), { status: 401 }],
  ['no audience', jwt({ exp: 1 }), { status: 401 }],
  ['no JWT', 'a-plain-token', undefined],
  ['two parts', 'a.b', undefined],
  ['no JSON', 'a.b.c', undefined],
  ['null', `a.${Buffer.from('null').toString('base64url')}.c`, undefined],
])('%s costs the API nothing', async ([, token, want]) => {
  if (want === undefined) expect(await tokens.find(token)).toBeUndefined();
  else await expect(tokens.find(token)).rejects.toMatchObject(want);
  expect(asked).toBe(0);
});

test('while the API is away: those remembered go on, others wait, and it is said once a minute', async () => {
  await tokens.find(TOKEN);
  answer = new Error('connect ECONNREFUSED');
  expect(await tokens.find(TOKEN)).toMatchObject({ scopes: ['agent'] });
  for (let i = 0; i < 4; i++) {
    const other = jwt({ aud: 'podlog', jti: i });
    await expect(tokens.find(other)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 });
  }
  expect(said).toHaveLength(1);
  nowMs += 60_000;
  await expect(tokens.find(jwt({ aud: 'podlog', jti: 'x' }))).rejects.toMatchObject({ status: 503 });
  expect(said).toHaveLength(2);
  nowMs = START_MS + REVIEW_ACCEPTED_MS_MAX;
  await expect(tokens.find(TOKEN)).rejects.toMatchObject({ status: 503 });
  answer = GOOD;
  expect(await tokens.find(TOKEN)).toMatchObject({ scopes: ['agent'] });
});

test('requests with the same token share a review; too many new tokens at once wait', async () => {
  const { promise, resolve } = Promise.withResolvers<ReviewedToken>();
  let under = 0;
  const slow = new ReviewedTokens({
    review: () => {
      under++;
      return promise;
    },
    accounts: ['podlog/podlog-agent'],
    now: () => nowMs,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
  const same = Promise.all(Array.from({ length: 50 }, () => slow.find(TOKEN)));
  expect(under).toBe(1);
  const others = Array.from({ length: REVIEWS_AT_ONCE_MAX - 1 }, (_, i) => slow.find(jwt({ aud: 'podlog', jti: i })));
  await expect(slow.find(jwt({ aud: 'podlog', jti: 'more' }))).rejects.toMatchObject({ status: 503 });
  resolve(GOOD);
  expect(new Set((await same).map((caller) => caller?.name))).toEqual(new Set(['podlog/podlog-agent']));
  await Promise.all(others);
  expect(under).toBe(REVIEWS_AT_ONCE_MAX);
});

test('tokens that are made up keep nobody out: neither those known before, nor new ones from elsewhere', async () => {
  const { promise, resolve } = Promise.withResolvers<ReviewedToken>();
  let isSlow = false;
  const flooded = new ReviewedTokens({
    review: async (token) => (isSlow && token !== TOKEN ? promise : GOOD),
    accounts: ['podlog/podlog-agent'],
    now: () => nowMs,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
  await flooded.find(TOKEN, '10.0.0.1');
  isSlow = true;
  const madeUp = (n: number, address: string): Promise<unknown> =>
    flooded.find(jwt({ aud: 'podlog', jti: n }), address).catch((error: unknown) => error);
  const first = Array.from({ length: REVIEWS_OF_ADDRESS_AT_ONCE_MAX }, (_, n) => madeUp(n, '10.6.6.6'));
  expect(await madeUp(100, '10.6.6.6')).toMatchObject({ status: 503 });
  const elsewhere = madeUp(200, '10.0.0.2');
  const rest = Array.from({ length: 50 }, (_, n) => madeUp(300 + n, `10.6.7.${n}`));
  nowMs += REVIEW_ACCEPTED_MS_MAX;
  expect(await flooded.find(TOKEN, '10.0.0.1')).toMatchObject({ scopes: ['agent'] });
  resolve(GOOD);
  expect(await elsewhere).toMatchObject({ scopes: ['agent'] });
  await Promise.all([...first, ...rest]);
});

test('what was accepted is remembered however many tokens are refused', async () => {
  await tokens.find(TOKEN);
  answer = UNKNOWN;
  for (let n = 0; n < REVIEWS_KEPT_MAX + 1; n++) {
    await expect(tokens.find(jwt({ aud: 'podlog', jti: n }))).rejects.toMatchObject({ status: 401 });
  }
  asked = 0;
  expect(await tokens.find(TOKEN)).toMatchObject({ scopes: ['agent'] });
  expect(asked).toBe(0);
});

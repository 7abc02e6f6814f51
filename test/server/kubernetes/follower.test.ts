/** A list and a watch, and what an API server does to those who hold on to it for long. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../../server/kubernetes/api-client.ts';
import { connect } from '../../../server/kubernetes/connection.ts';
import { Follower, type FollowerOptions, type Listener } from '../../../server/kubernetes/follower.ts';
import type { PodObject } from '../../../server/kubernetes/objects.ts';
import { API_PAGE_OBJECTS } from '../../../server/limits.ts';
import { Counter } from '../../../shared/metrics.ts';
import { eventually } from '../../eventually.ts';
import { TestApiServer } from '../../kubernetes/api-server.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';

/** What is there, by what it has been told. */
class Mirror implements Listener<PodObject> {
  names = new Set<string>();
  #listed = new Set<string>();
  /** Names in the order in which changes came. */
  readonly told: string[] = [];

  begin(): void {
    this.#listed = new Set();
  }

  page(pods: readonly PodObject[]): void {
    for (const pod of pods) this.#listed.add(pod.metadata.name);
  }

  listed(): void {
    this.names = this.#listed;
  }

  changed({ metadata: { name } }: PodObject): void {
    this.told.push(name);
    this.names.add(name);
  }

  deleted({ metadata: { name } }: PodObject): void {
    this.told.push(`-${name}`);
    this.names.delete(name);
  }
}

let api: TestApiServer;
let client: ApiClient;
let mirror: Mirror;
const followers: Follower<PodObject>[] = [];

beforeEach(async () => {
  api = await new TestApiServer().start();
  client = new ApiClient(await connect(api.url, {}));
  mirror = new Mirror();
});

afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
  await client.close();
  await api.stop();
});

function follow(changes: Partial<FollowerOptions<PodObject>> = {}): {
  follower: Follower<PodObject>;
  lists: () => number;
  failures: () => number;
} {
  const lists = new Counter('lists', '');
  const failures = new Counter('failures', '');
  const follower = new Follower<PodObject>({
    client,
    path: PODS,
    listener: mirror,
    log: pino({ level: 'silent' }),
    lists,
    failures,
    now: Date.now,
    random: () => 0.5,
    retryMsMin: 2,
    ...changes,
  });
  followers.push(follower);
  const path = { path: PODS };
  return { follower, lists: () => lists.value(path), failures: () => failures.value(path) };
}

function put(...names: string[]): void {
  for (const name of names) api.put(PODS, podObject(name));
}

const shows = (...names: string[]): Promise<void> =>
  eventually(() => expect([...mirror.names].toSorted()).toEqual(names.toSorted()));
const isWatched = (): Promise<void> => eventually(() => expect(api.watchCount).toBe(1));
const listCount = (): number => api.requests.filter(({ isWatch }) => !isWatch).length;

test('a list, then what changes', async () => {
  put('a', 'b');
  const { follower } = follow();
  await shows('a', 'b');
  await isWatched();
  put('c');
  api.remove(PODS, podObject('a'));
  await shows('b', 'c');
  expect(follower.isWatching).toBe(true);
  expect(mirror.told).toEqual(['c', '-a']);
  expect(listCount()).toBe(1);
});

test('what changes between the list and the watch is not missed', async () => {
  put('a');
  api.onRequest = ({ isWatch }) => {
    if (isWatch && mirror.told.length === 0) put('b');
    return undefined;
  };
  follow();
  await shows('a', 'b');
});

test('a list of many pages is complete, or it does not count', async () => {
  const names = Array.from({ length: 2 * API_PAGE_OBJECTS + 1 }, (_, i) => `p${i}`);
  put(...names);
  let cut = true;
  api.onRequest = ({ query }) => {
    if (!query.has('continue') || !cut) return undefined;
    cut = false;
    return 'cut';
  };
  follow();
  await shows(...names);
  expect(listCount()).toBe(2 + 3);
});

test('a list whose rest has expired begins anew', async () => {
  const names = Array.from({ length: API_PAGE_OBJECTS + 1 }, (_, i) => `p${i}`);
  put(...names);
  let compacted = false;
  api.onRequest = ({ query }) => {
    if (query.has('continue') && !compacted) api.compact();
    compacted ||= query.has('continue');
    return undefined;
  };
  follow();
  await shows(...names);
});

test('a watch that ends goes on where it ended, without a list', async () => {
  follow();
  await isWatched();
  put('a');
  await shows('a');
  api.isMute = true;
  put('b');
  api.isMute = false;
  api.endWatches();
  await shows('a', 'b');
  expect(listCount()).toBe(1);
  expect(mirror.told).toEqual(['a', 'b']);
});

test('a watch that ends again and again is not begun again and again at once, and misses nothing', async () => {
  api.watchMs = 3;
  const { failures } = follow({ retryMsMin: 20 });
  await eventually(() => expect(failures()).toBeGreaterThan(3));
  expect(api.requests.length).toBeLessThan(15);
  put('a', 'b', 'c');
  await shows('a', 'b', 'c');
});

test('a bookmark moves a quiet watch along, past an end of history', async () => {
  follow();
  await isWatched();
  api.compact();
  api.bookmark();
  api.endWatches();
  await isWatched();
  put('a');
  await shows('a');
  expect(listCount()).toBe(1);
});

describe.each(['status', 'event'] as const)('history ends while the watch is away, told by %s', (expiredAs) => {
  test('there is a new list, and deletions are noticed', async () => {
    api.expiredAs = expiredAs;
    put('a', 'b');
    follow();
    await shows('a', 'b');
    await isWatched();
    api.isMute = true;
    api.remove(PODS, podObject('a'));
    put('c');
    api.compact();
    api.isMute = false;
    api.endWatches();
    await shows('b', 'c');
    expect(listCount()).toBe(2);
  });
});

test('the API is away at the start, and later', async () => {
  await api.stop();
  const { follower, failures } = follow();
  await eventually(() => expect(failures()).toBeGreaterThan(2));
  expect(follower.isWatching).toBe(false);
  put('a');
  await api.start();
  await shows('a');
  await isWatched();
  await api.stop();
  await eventually(() => expect(follower.isWatching).toBe(false));
  expect([...mirror.names]).toEqual(['a']);
  put('b');
  await api.start();
  await shows('a', 'b');
  expect(follower.isWatching).toBe(true);
});

test('waits between attempts grow, and are not all the same', async () => {
  const times: number[] = [];
  api.onRequest = () => {
    times.push(performance.now());
    return 500;
  };
  let turn = 0;
  follow({ retryMsMin: 16, random: () => (turn++ % 2 === 0 ? 0 : 1) });
  await eventually(() => expect(times.length).toBeGreaterThan(5));
  const waits = times.slice(1, 6).map((time, i) => time - times[i]!);
  // 16, 32/2, 64, 128/2, 256: a busy machine makes each longer, none shorter.
  for (const [i, wantMs] of [16, 16, 64, 64, 256].entries()) expect(waits[i]).toBeGreaterThan(wantMs - 2);
});

test.each([
  ['refused', 403],
  ['failed', 500],
  ['too many', 429],
  ['cut', 'cut' as const],
  ['no JSON', { text: '<html>\n<body>' }],
  ['half an object', { text: '{"type":"ADDED","object":{"meta\n' }],
])('an answer that is %s is asked for again', async (_what, fault) => {
  put('a');
  let faults = 4;
  api.onRequest = () => (faults-- > 0 ? fault : undefined);
  follow();
  await shows('a');
  await isWatched();
  faults = 4;
  api.endWatches();
  await isWatched();
  put('b');
  await shows('a', 'b');
});

test('a watch that fails for a reason of its own ends in a new list', async () => {
  put('a');
  let refused = 0;
  api.onRequest = ({ isWatch }) => (isWatch && refused++ < 5 ? 400 : undefined);
  follow();
  await isWatched();
  expect(listCount()).toBe(2);
});

test('a silent API server is given up, and does not hold up the end', async () => {
  const silent = Promise.withResolvers<undefined>();
  api.onRequest = () => silent.promise;
  const { follower } = follow();
  await eventually(() => expect(api.requests.length).toBe(1));
  await follower.stop();
  silent.resolve(undefined);
});

test('all is listed again now and then: what a watch left out does not stay', async () => {
  put('a', 'b');
  const { lists } = follow({ relistMs: 20 });
  await shows('a', 'b');
  api.vanish(PODS, podObject('a'));
  await eventually(() => {
    api.endWatches();
    expect([...mirror.names]).toEqual(['b']);
  });
  expect(lists()).toBeGreaterThan(1);
});

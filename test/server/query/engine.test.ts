/** Turns, budgets and ends of queries: once, for every question. */
import { afterEach, expect, test, vi } from 'vitest';
import { TAILS_OF_CALLER_MAX } from '../../../server/limits.ts';
import { type Asker, QueryEngine, type QueryEngineOptions } from '../../../server/query/engine.ts';
import type { Following } from '../../../server/store/log-store.ts';
import type { Query } from '../../../server/store/query.ts';
import { planOf, RAW } from '../engines/embedded/query-context.ts';
import { fakeReader } from './fake-reader.ts';

const NEVER = new Promise<never>(() => {});

afterEach(() => vi.useRealTimers());

function somebody(): Asker & { readonly leave: () => void } {
  const gone = new AbortController();
  return { caller: 'a', signal: gone.signal, leave: () => gone.abort(new Error('the client is gone')) };
}

/** An engine whose views are counted. */
function counted(onEnded: QueryEngineOptions['onEnded'] = () => {}): {
  readonly engine: QueryEngine;
  readonly heldViews: () => number;
} {
  let held = 0;
  const reader = fakeReader({ release: () => held-- });
  const view = (): ReturnType<typeof reader.view> => {
    held++;
    return reader.view();
  };
  return { engine: new QueryEngine({ ...reader, view }, { onEnded }), heldViews: () => held };
}

test('a turn is over when the first piece is found, and when a search fails or is not read', async () => {
  const { engine, heldViews } = counted();
  let ended = 0;
  async function* pieces(count: number): AsyncGenerator<number> {
    try {
      for (let i = 0; i < count; i++) {
        expect([engine.slots.runningCount, heldViews()]).toEqual([i === 0 ? 1 : 0, 1]);
        yield i;
      }
      if (count === 3) throw new Error('broken');
    } finally {
      ended++;
    }
  }
  const asked = (count: number): AsyncGenerator<number> => engine.stream(somebody(), () => pieces(count)).pieces;
  expect(await Array.fromAsync(asked(2))).toEqual([0, 1]);
  await expect(Array.fromAsync(asked(3))).rejects.toThrow('broken');
  const unread = asked(5);
  await unread.next();
  await unread.return(undefined);
  await asked(5).return(undefined);
  expect([ended, engine.slots.runningCount, heldViews()]).toEqual([3, 0, 0]);
});

test('an answer comes with what it has cost, from one view; and so does its end', async () => {
  const ended: number[] = [];
  const { engine, heldViews } = counted(({ bytesRead }) => ended.push(bytesRead));
  const { answer, statistics } = await engine.run(somebody(), async (_, query) => {
    expect([engine.slots.runningCount, heldViews()]).toEqual([1, 1]);
    query.statistics.rowGroupsRead += 2;
    query.statistics.bytesRead += 300;
    return 'found';
  });
  expect(answer).toBe('found');
  expect(statistics).toMatchObject({ rowGroupsRead: 2, bytesRead: 300, rowsMatched: 0 });
  expect(heldViews()).toBe(0);
  const failing = engine.run(somebody(), async (_, query) => {
    query.statistics.bytesRead += 4;
    throw new Error('broken');
  });
  await expect(failing).rejects.toThrow('broken');
  const { pieces } = engine.stream(somebody(), async function* (_, query) {
    query.statistics.bytesRead += 5;
    yield 1;
    query.statistics.bytesRead += 6;
    yield 2;
  });
  await pieces.next();
  expect(ended).toEqual([300, 4]);
  await pieces.return(undefined);
  expect(ended).toEqual([300, 4, 5]);
});

test('a client that leaves ends its turn at once, also where the store has not yet heard of it', async () => {
  const { engine } = counted();
  const deaf = somebody();
  const runs = engine.run(deaf, () => NEVER);
  const streaming = somebody();
  const { pieces } = engine.stream(streaming, async function* () {
    yield await NEVER;
  });
  const first = pieces.next();
  await Promise.resolve();
  expect(engine.slots.runningCount).toBe(2);
  deaf.leave();
  await expect(runs).rejects.toThrow('the client is gone');
  expect(engine.slots.runningCount).toBe(1);
  streaming.leave();
  await expect.poll(() => engine.slots.runningCount).toBe(0);
  void first.catch(() => {});
});

test('a query that takes too long is told so, and the store to end it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { signal } = somebody();
  const engine = new QueryEngine(fakeReader({}), { runMsMax: 20 });
  let asked: Query | undefined;
  const run = engine.run({ caller: 'a', signal }, (_, query) => {
    asked = query;
    return NEVER;
  });
  const refused = expect(run).rejects.toMatchObject({
    status: 413,
    message: expect.stringContaining('0.02 s: narrow'),
  });
  await Promise.resolve();
  vi.advanceTimersByTime(20);
  await refused;
  expect([asked!.signal.aborted, signal.aborted, engine.slots.runningCount]).toEqual([true, false, 0]);
});

test('what a client takes long to read is not counted as time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const engine = new QueryEngine(fakeReader({}), { runMsMax: 20 });
  let query: Query | undefined;
  const { pieces } = engine.stream(somebody(), async function* (_, asked) {
    query = asked;
    yield 1;
    vi.advanceTimersByTime(1000);
    yield 2;
  });
  expect(await Array.fromAsync(pieces)).toEqual([1, 2]);
  expect(query!.signal.aborted).toBe(false);
});

test('tails have slots of their own, which they give back however they end', async () => {
  let left = 0;
  const following = (): Following<never> => ({
    view: fakeReader({}).view(),
    history: (async function* (): AsyncGenerator<never> {})(),
    news: (async function* (): AsyncGenerator<never> {
      yield await NEVER;
    })(),
    leave: () => left++,
  });
  const engine = new QueryEngine(fakeReader({ follow: following }));
  const plan = planOf({ limit: 0 });
  const asker = somebody();
  for (let i = 0; i < TAILS_OF_CALLER_MAX; i++) engine.follow(asker, plan, RAW);
  expect(() => engine.follow(asker, plan, RAW)).toThrow('live tails open');
  expect([engine.tailSlots.count, engine.slots.runningCount]).toEqual([TAILS_OF_CALLER_MAX, 0]);
  asker.leave();
  expect([engine.tailSlots.count, left]).toEqual([0, TAILS_OF_CALLER_MAX]);
  engine.follow(asker, plan, RAW);
  expect(engine.tailSlots.count).toBe(0);
  const failing = new QueryEngine(
    fakeReader({
      follow: () => {
        throw new Error('not now');
      },
    }),
  );
  expect(() => failing.follow(somebody(), plan, RAW)).toThrow('not now');
  expect(failing.tailSlots.count).toBe(0);
});

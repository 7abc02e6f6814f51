/** Queries begin while there are slots, wait in turn beyond, and are refused beyond that. */
import { afterEach, expect, test, vi } from 'vitest';
import {
  QUERIES_AT_ONCE_MAX,
  QUERIES_OF_CALLER_AT_ONCE_MAX,
  QUERIES_OF_CALLER_WAITING_MAX,
  QUERIES_WAITING_MAX,
  QUERY_WAIT_MS_MAX,
} from '../../../server/limits.ts';
import { QuerySlots } from '../../../server/query/query-slots.ts';

const NEVER = new AbortController().signal;

afterEach(() => vi.useRealTimers());

/** A query that runs until it is ended. */
interface Begun {
  readonly name: string;
  readonly end: () => void;
}

class Queries {
  readonly slots = new QuerySlots();
  readonly begun: Begun[] = [];
  readonly outcomes: Promise<unknown>[] = [];

  ask(caller: string, name = caller, signal = NEVER): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const outcome = this.slots.run(caller, signal, () => {
      this.begun.push({ name, end: resolve });
      return promise;
    });
    this.outcomes.push(outcome.catch(() => {}));
    return outcome;
  }

  askMany(caller: string, count: number): void {
    for (let i = 0; i < count; i++) void this.ask(caller);
  }

  async endAll(): Promise<void> {
    const all = Promise.all(this.outcomes);
    const ending = setInterval(() => this.begun.splice(0).forEach(({ end }) => end()), 1);
    await all;
    clearInterval(ending);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

test('one caller has no more than its slots; another begins at once', async () => {
  const queries = new Queries();
  queries.askMany('greedy', QUERIES_OF_CALLER_AT_ONCE_MAX + 10);
  void queries.ask('other');
  await settled();
  expect(queries.begun.length).toBe(QUERIES_OF_CALLER_AT_ONCE_MAX + 1);
  expect(queries.begun.at(-1)!.name).toBe('other');
  expect([queries.slots.runningCount, queries.slots.waitingCount]).toEqual([QUERIES_OF_CALLER_AT_ONCE_MAX + 1, 10]);
  await queries.endAll();
  expect([queries.slots.runningCount, queries.slots.waitingCount]).toEqual([0, 0]);
});

test('a free slot goes to the caller who has fewest, and of one caller to who has waited longest', async () => {
  const queries = new Queries();
  queries.askMany('a', QUERIES_AT_ONCE_MAX / 2);
  queries.askMany('b', QUERIES_AT_ONCE_MAX / 2);
  for (const name of ['b 1', 'b 2']) void queries.ask('b', name);
  for (const name of ['c 1', 'c 2', 'c 3']) void queries.ask('c', name);
  await settled();
  expect(queries.begun.length).toBe(QUERIES_AT_ONCE_MAX);
  const order: string[] = [];
  for (let i = 0; i < 4; i++) {
    queries.begun.find(({ name }) => name === (i < 3 ? 'a' : 'b'))!.end();
    queries.begun.splice(
      queries.begun.findIndex(({ name }) => name === (i < 3 ? 'a' : 'b')),
      1,
    );
    await settled();
    await settled();
    order.push(queries.begun.at(-1)!.name);
  }
  expect(order).toEqual(['c 1', 'c 2', 'c 3', 'b 1']);
  await queries.endAll();
});

test('beyond what may wait, of one caller and of all, queries are refused', async () => {
  const queries = new Queries();
  const callers = ['a', 'b', 'c', 'd'];
  for (const caller of callers) queries.askMany(caller, QUERIES_OF_CALLER_AT_ONCE_MAX);
  const runningOf = (caller: string): number => queries.begun.filter(({ name }) => name === caller).length;
  await settled();
  expect(callers.map(runningOf)).toEqual([QUERIES_OF_CALLER_AT_ONCE_MAX, QUERIES_OF_CALLER_AT_ONCE_MAX, 0, 0]);
  queries.askMany('a', QUERIES_OF_CALLER_WAITING_MAX);
  await expect(queries.ask('a')).rejects.toMatchObject({
    status: 503,
    retryAfterSeconds: 1,
    message: expect.stringMatching(`${QUERIES_OF_CALLER_WAITING_MAX} queries of a are waiting`),
  });
  queries.askMany('e', QUERIES_WAITING_MAX - queries.slots.waitingCount);
  await expect(queries.ask('f')).rejects.toThrow(`${QUERIES_WAITING_MAX} queries are waiting`);
  await queries.endAll();
});

test('a query that has waited too long is refused, and one whose client is gone leaves', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const queries = new Queries();
  queries.askMany('a', QUERIES_OF_CALLER_AT_ONCE_MAX);
  const gone = new AbortController();
  const left = expect(queries.ask('a', 'gone', gone.signal)).rejects.toThrow('gone');
  const late = expect(queries.ask('a', 'late')).rejects.toMatchObject({ status: 503 });
  gone.abort(new Error('gone'));
  await left;
  expect(queries.slots.waitingCount).toBe(1);
  vi.advanceTimersByTime(QUERY_WAIT_MS_MAX);
  await late;
  expect(queries.slots.waitingCount).toBe(0);
  await queries.endAll();
  expect(queries.slots.runningCount).toBe(0);
});

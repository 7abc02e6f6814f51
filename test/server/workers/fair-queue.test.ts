/** Which task is next, with workers and times that the tests make up: nothing runs here. */
import { expect, test } from 'vitest';
import {
  LONG_QUERY_TURN_MS,
  MAINTENANCE_HELD_BACK_MS_MAX,
  SHORT_QUERY_MS,
  TASK_SLICE_MS,
} from '../../../server/limits.ts';
import { FairQueue } from '../../../server/workers/fair-queue.ts';
import { taskFlow, type TaskFlow, type Work } from '../../../server/workers/task.ts';

const WORKERS = 3;

/** A flow that always has a task waiting, each of which takes this long. */
interface Endless {
  readonly name: string;
  readonly flow: TaskFlow;
  readonly taskMs: number;
}

function endless(name: string, work: Work, taskMs: number): Endless {
  return { name, flow: taskFlow(work), taskMs };
}

/** Workers in made-up time: each takes the next task when its task has ended. Gives what began, in order. */
class Workers {
  isScarce = false;
  readonly queue = new FairQueue<Endless>(WORKERS, { isScarce: () => this.isScarce, now: () => this.nowMs });
  readonly begun: { readonly name: string; readonly atMs: number; readonly taskMs: number }[] = [];
  nowMs = 0;
  #running: { readonly endMs: number; readonly end: () => void }[] = [];

  /** @param endless  flows that have a task again as soon as one was taken */
  run(untilMs: number, repeated: ReadonlySet<Endless> = new Set()): void {
    for (;;) {
      this.#dispatch(repeated);
      const next = this.#running.toSorted((a, b) => a.endMs - b.endMs)[0];
      if (next === undefined || next.endMs > untilMs) break;
      this.nowMs = next.endMs;
      this.#running = this.#running.filter((each) => each !== next);
      next.end();
    }
    this.nowMs = untilMs;
  }

  #dispatch(repeated: ReadonlySet<Endless>): void {
    while (this.#running.length < WORKERS) {
      const taken = this.queue.take();
      if (taken === undefined) return;
      const { name, flow, taskMs } = taken.task;
      this.begun.push({ name, atMs: this.nowMs, taskMs });
      if (repeated.has(taken.task)) this.queue.add(taken.task, flow);
      this.#running.push({ endMs: this.nowMs + taskMs, end: () => this.queue.end(taken, taskMs) });
    }
  }

  /** Milliseconds of workers by name. */
  used(): Readonly<Record<string, number>> {
    const used: Record<string, number> = {};
    for (const { name, taskMs } of this.begun) used[name] = (used[name] ?? 0) + taskMs;
    return used;
  }
}

function start(...all: readonly Endless[]): Workers {
  const workers = new Workers();
  for (const each of all) workers.queue.add(each, each.flow);
  return workers;
}

const heavyQueries = (count: number): Endless[] =>
  Array.from({ length: count }, (_, i) => endless(`heavy ${i}`, 'query', 30));

test('tasks of a flow keep their order', () => {
  const queue = new FairQueue<number>(1);
  const flow = taskFlow('query');
  for (const task of [1, 2, 3]) queue.add(task, flow);
  const order: number[] = [];
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) {
    order.push(taken.task);
    queue.end(taken, 5);
  }
  expect(order).toEqual([1, 2, 3]);
});

test('equal queries get equal shares, however many tasks they have waiting', () => {
  const [a, b, c] = heavyQueries(3) as [Endless, Endless, Endless];
  const workers = start(a, b, b, b, b, c);
  workers.run(9000, new Set([a, b, c]));
  const used = Object.values(workers.used());
  expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(60);
});

test('a query of longer tasks gets no more of the workers than others', () => {
  const [long, short] = [endless('long', 'query', 100), endless('short', 'query', 10)];
  const others = heavyQueries(4);
  const workers = start(long, short, ...others);
  workers.run(30_000, new Set([long, short, ...others]));
  const { long: longMs = 0, short: shortMs = 0 } = workers.used();
  expect(longMs / shortMs).toBeCloseTo(1, 1);
});

test('a light query is next, whatever others do', () => {
  const heavy = heavyQueries(20);
  const workers = start(...heavy);
  workers.run(10_000, new Set(heavy));
  const light = endless('light', 'query', 10);
  for (let i = 0; i < 5; i++) {
    workers.queue.add(light, light.flow);
    const addedMs = workers.nowMs;
    workers.run(addedMs + 40, new Set(heavy));
    const { atMs } = workers.begun.findLast(({ name }) => name === 'light')!;
    expect(atMs - addedMs).toBeLessThanOrEqual(30); // until a worker is free
  }
});

test('heavy queries go on beside light ones that never end', () => {
  const heavy = heavyQueries(2);
  const workers = start(...heavy);
  workers.run(2000, new Set(heavy));
  const before = workers.used()['heavy 0']!;
  for (let ms = 0; ms < 10_000; ms += 10) {
    for (let i = 0; i < 5; i++) {
      const light = endless('light', 'query', 10);
      workers.queue.add(light, light.flow);
    }
    workers.run(workers.nowMs + 10, new Set(heavy));
  }
  const share = (workers.used()['heavy 0']! - before) / (10_000 * WORKERS);
  expect(share).toBeGreaterThan(0.08); // two of ten, for two queries
});

test('pushes and flushes go on beside heavy queries, and a flush is always next', () => {
  const heavy = heavyQueries(20);
  const workers = start(...heavy);
  workers.run(5000, new Set(heavy));
  for (let i = 0; i < 20; i++) {
    const [push, flush] = [endless('push', 'intake', 20), endless('flush', 'flush', 500)];
    const addedMs = workers.nowMs;
    workers.queue.add(push, push.flow);
    workers.queue.add(flush, flush.flow);
    workers.run(addedMs + 600, new Set(heavy));
    expect(workers.begun.findLast(({ name }) => name === 'flush')!.atMs - addedMs).toBeLessThanOrEqual(30);
    expect(workers.begun.findLast(({ name }) => name === 'push')!.atMs - addedMs).toBeLessThanOrEqual(60);
  }
});

test('all kinds of work that always have something to do get their shares', () => {
  const all = [
    endless('flush', 'flush', 800),
    endless('compaction', 'maintenance', 4000),
    endless('push', 'intake', 30),
    endless('tail', 'tail', 30),
    ...heavyQueries(2),
  ];
  const workers = start(...all);
  workers.run(100_000, new Set(all));
  const used = workers.used();
  for (const { name } of all) expect(used[name], name).toBeGreaterThan(5000);
  // Each of these has a worker at most.
  expect(used['flush']).toBeLessThanOrEqual(101_000);
  expect(used['compaction']).toBeLessThanOrEqual(104_000);
});

test('nothing waits without bound: maintenance, tails and heavy queries beside floods of everything else', () => {
  const floods = [
    ...Array.from({ length: 10 }, (_, i) => endless(`push ${i}`, 'intake', 100)),
    ...Array.from({ length: 10 }, (_, i) => endless(`query ${i}`, 'query', 100)),
    endless('flush', 'flush', 1000),
  ];
  const workers = start(...floods);
  workers.run(10_000, new Set(floods));
  for (const work of ['maintenance', 'tail', 'query', 'intake'] as const) {
    const late = endless(work, work, 50);
    const addedMs = workers.nowMs;
    workers.queue.add(late, late.flow);
    workers.run(addedMs + 3000, new Set(floods));
    expect(
      workers.begun.find(({ name }) => name === work),
      work,
    ).toBeDefined();
  }
});

test('where memory is scarce, long queries take turns, each with as many workers as it has tasks', () => {
  const heavy = heavyQueries(10);
  const workers = start(...heavy);
  workers.run(9000, new Set(heavy));
  workers.isScarce = true;
  // Two tasks of each wait, as queries have them.
  for (const each of heavy) workers.queue.add(each, each.flow);
  const fromMs = workers.nowMs + 100;
  const rounds = 2;
  workers.run(fromMs + rounds * heavy.length * LONG_QUERY_TURN_MS, new Set(heavy));
  const since = workers.begun.filter(({ atMs }) => atMs > fromMs);
  const turns = since.filter(({ name }, i) => name !== since[i - 1]?.name);
  // Tasks of the next one begin while the last ones of a turn still run.
  expect(turns.length).toBeLessThanOrEqual(3 * rounds * heavy.length * WORKERS);
  expect(turns.length).toBeLessThan(since.length / 50);
  const used = Object.values(workers.used());
  expect(used).toHaveLength(heavy.length);
  expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(1.1 * LONG_QUERY_TURN_MS);
});

test('where memory is scarce, a query that ends leaves its turn to the next one', () => {
  const [a, b] = heavyQueries(2) as [Endless, Endless];
  const workers = start(a, b);
  workers.run(2000, new Set([a, b]));
  workers.isScarce = true;
  workers.run(3000, new Set([a]));
  const before = workers.begun.length;
  const c = endless('c', 'query', 30);
  c.flow.usedMs = SHORT_QUERY_MS;
  workers.queue.add(c, c.flow);
  workers.run(3500);
  expect(workers.begun.slice(before).map(({ name }) => name)).toContain('c');
});

test('where memory is scarce, all long queries end, and light ones, pushes and flushes do not wait for them', () => {
  const heavy = heavyQueries(8);
  const workers = start(...heavy);
  workers.run(5000, new Set(heavy));
  workers.isScarce = true;
  for (const [i, work] of (['query', 'intake', 'flush', 'tail'] as const).entries()) {
    const other = endless(`other ${i}`, work, 10);
    const addedMs = workers.nowMs;
    workers.queue.add(other, other.flow);
    workers.run(addedMs + 100, new Set(heavy));
    expect(workers.begun.findLast(({ name }) => name === other.name)!.atMs - addedMs).toBeLessThanOrEqual(60);
  }
  workers.run(workers.nowMs + 5000);
  expect(workers.queue.length).toBe(0);
});

test('where memory is scarce, maintenance begins alone, or after a while', () => {
  const workers = start();
  workers.isScarce = true;
  const job = endless('alone', 'maintenance', 100);
  workers.queue.add(job, job.flow);
  workers.run(50);
  expect(workers.begun.map(({ name }) => name)).toEqual(['alone']);
  workers.run(1000);

  const query = endless('query', 'query', 100);
  workers.queue.add(query, query.flow);
  workers.run(1100, new Set([query]));
  const late = endless('late', 'maintenance', 100);
  workers.queue.add(late, late.flow);
  // Two of its tasks, so that it never pauses between them.
  workers.queue.add(query, query.flow);
  workers.run(1000 + MAINTENANCE_HELD_BACK_MS_MAX, new Set([query]));
  expect(workers.begun.some(({ name }) => name === 'late')).toBe(false);
  workers.run(2000 + MAINTENANCE_HELD_BACK_MS_MAX, new Set([query]));
  expect(workers.begun.some(({ name }) => name === 'late')).toBe(true);
});

test('what was idle has not saved up time', () => {
  const [busy, idle] = heavyQueries(2) as [Endless, Endless];
  const workers = start(busy, idle);
  workers.run(1000, new Set([busy, idle]));
  workers.run(20_000, new Set([busy]));
  const before = workers.used();
  workers.queue.add(idle, idle.flow);
  workers.run(21_000, new Set([busy, idle]));
  const during = workers.used();
  // It has its share from now on, and the other is not kept waiting until they are equal.
  expect(during[busy.name]! - before[busy.name]!).toBeGreaterThan(1000);
});

test('one flush and one maintenance job at a time, and a worker is left to the others', () => {
  const queue = new FairQueue<string>(WORKERS);
  for (const work of ['flush', 'flush', 'maintenance', 'maintenance', 'maintenance'] as const) {
    queue.add(work, taskFlow(work));
  }
  expect([queue.take()?.task, queue.take()?.task]).toEqual(['flush', 'maintenance']);
  expect(queue.take()).toBeUndefined();
  expect(queue.isContended).toBe(false);
  queue.add('query', taskFlow('query'));
  expect(queue.isContended).toBe(true);
  expect(queue.take()?.task).toBe('query');
});

test.each([1, 2])('with %d workers, long tasks come one after the other', (workerCount) => {
  const queue = new FairQueue<string>(workerCount);
  queue.add('maintenance', taskFlow('maintenance'));
  const first = queue.take()!;
  queue.add('flush', taskFlow('flush'));
  expect(queue.take()).toBeUndefined();
  queue.end(first, 1000);
  expect(queue.take()?.task).toBe('flush');
});

test('large pushes do not take all workers', () => {
  const queue = new FairQueue<string>(WORKERS);
  for (let i = 0; i < WORKERS; i++) queue.add('push', taskFlow('intake'));
  for (let i = 0; i < WORKERS - 1; i++) expect(queue.take()?.task).toBe('push');
  expect(queue.take()).toBeUndefined();
});

test('a query is short until it has used as much as a short one may', () => {
  const queue = new FairQueue<string>(1);
  const [old, young] = [taskFlow('query'), taskFlow('query')];
  queue.add('old', old);
  queue.end(queue.take()!, SHORT_QUERY_MS);
  queue.add('old', old);
  queue.add('young', young);
  const order: string[] = [];
  for (let i = 0; i < 100; i++) {
    const taken = queue.take()!;
    order.push(taken.task);
    queue.end(taken, TASK_SLICE_MS);
    queue.add(taken.task, taken.queue.flow);
  }
  const shortCount = SHORT_QUERY_MS / TASK_SLICE_MS;
  const youngCount = order.filter((name) => name === 'young').length;
  expect(youngCount).toBeGreaterThan(shortCount / 2);
  expect(youngCount).toBeLessThan(100 - shortCount);
});

test('a task that is not wanted any more leaves the queue', () => {
  const queue = new FairQueue<string>(1);
  const flow = taskFlow('query');
  queue.add('a', flow);
  queue.add('b', flow);
  expect(queue.remove('a', flow)).toBe(true);
  expect(queue.remove('a', flow)).toBe(false);
  expect([queue.length, queue.lengthOf('query'), queue.lengthOf('flush')]).toEqual([1, 1, 0]);
  expect(queue.take()?.task).toBe('b');
  expect(queue.take()).toBeUndefined();
  queue.add('c', flow);
  expect(queue.clear()).toEqual(['c']);
  expect(queue.length).toBe(0);
});

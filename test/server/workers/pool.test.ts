import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { Metrics } from '../../../shared/metrics.ts';
import { QUEUED_TASKS_MAX, RETRY_AFTER_DEATH_SECONDS, TASK_SLICE_MS } from '../../../server/limits.ts';
import { WorkerPool } from '../../../server/workers/pool.ts';
import { taskFlow, taskKind, type Work } from '../../../server/workers/task.ts';
import { eventually } from '../../eventually.ts';

const ECHO = taskKind<unknown, unknown>('echo');
const WAIT = taskKind<Int32Array, boolean>('wait');
const DIE = taskKind<null, never>('die');
const FAIL = taskKind<string, never>('fail');

const YIELD = taskKind<Int32Array, null>('yield');

const flow = taskFlow('query');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const pools: WorkerPool[] = [];

function newPool(size = 1): { pool: WorkerPool; metrics: Metrics } {
  const metrics = new Metrics();
  const workerUrl = new URL('./test-worker.ts', import.meta.url);
  let nowMs = 0;
  // Every task takes 50 ms, or a multiple of it.
  const now = (): number => (nowMs += 50);
  const pool = new WorkerPool({ size, log: pino({ level: 'silent' }), metrics, workerUrl, now });
  pools.push(pool);
  return { pool, metrics };
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

/** Occupies a worker until the gate is opened. */
function gate(): { wait: Int32Array; open: () => void } {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  return {
    wait,
    open: () => {
      Atomics.store(wait, 0, 1);
      Atomics.notify(wait, 0);
    },
  };
}

test('what goes in comes out, and buffers are handed over', async () => {
  const { pool } = newPool();
  const bytes = new Uint8Array([1, 2, 3]);
  expect(await pool.run(ECHO, { bytes }, { flow, transfer: [bytes.buffer] })).toEqual({
    bytes: new Uint8Array([1, 2, 3]),
  });
  expect(bytes.length).toBe(0);
});

test('a worker is busy until its task has ended, even one that nobody waits for any more', async () => {
  const { pool, metrics } = newPool(2);
  const { wait, open } = gate();
  const gone = new AbortController();
  const left = pool.run(WAIT, wait, { flow: taskFlow('query'), signal: gone.signal });
  const kept = pool.run(WAIT, wait, { flow: taskFlow('query') });
  expect(metrics.render()).toContain('podlog_workers_busy 2\n');
  gone.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(metrics.render()).toContain('podlog_workers_busy 2\n');
  await eventually(() => expect(metrics.render()).toContain('podlog_workers_busy 1\n'));
  open();
  expect(await kept).toBe(false);
  expect(metrics.render()).toContain('podlog_workers_busy 0\n');
});

test('errors keep their class, code and status', async () => {
  const { pool } = newPool();
  await expect(pool.run(FAIL, 'corruption', { flow })).rejects.toMatchObject({ name: 'CorruptionError', status: 400 });
  await expect(pool.run(FAIL, 'unavailable', { flow })).rejects.toMatchObject({ retryAfterSeconds: 7, status: 503 });
  await expect(pool.run(FAIL, 'disk', { flow })).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(pool.run(FAIL, 'other', { flow })).rejects.toMatchObject({ message: 'oh' });
  await expect(pool.run(ECHO, () => {}, { flow })).rejects.toThrow(/clone/);
  expect(await pool.run(ECHO, 1, { flow })).toBe(1);
});

test('a worker that dies fails its own task only, and is replaced and counted', async () => {
  const { pool, metrics } = newPool();
  const outcomes = await Promise.allSettled([pool.run(DIE, null, { flow }), pool.run(ECHO, 2, { flow })]);
  expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { name: 'WorkerDiedError', status: 503 } });
  expect(outcomes[1]).toEqual({ status: 'fulfilled', value: 2 });
  expect(metrics.render()).toContain('podlog_worker_deaths_total 1');
});

test.each([
  ['query', /narrow its time range or its filters/],
  ['tail', /narrow its filters/],
  ['intake', /send fewer lines at once/],
  ['maintenance', /retry later/],
] as const)('what a worker dies of is said, and what to do: %s', async (work, advice) => {
  const { pool } = newPool();
  await expect(pool.run(DIE, null, { flow: taskFlow(work) })).rejects.toMatchObject({
    message: expect.stringMatching(advice) as unknown,
    retryAfterSeconds: RETRY_AFTER_DEATH_SECONDS,
  });
});

test('kinds of work have their turns, and those that run for long leave a worker free', async () => {
  const { pool } = newPool(2);
  const { wait, open } = gate();
  const long = (['flush', 'maintenance', 'maintenance'] as const).map((work) =>
    pool.run(WAIT, wait, { flow: taskFlow(work) }),
  );
  const done: Work[] = [];
  for (const work of ['query', 'intake', 'tail'] as const) {
    await pool.run(ECHO, work, { flow: taskFlow(work) });
    done.push(work);
  }
  expect(done).toEqual(['query', 'intake', 'tail']);
  open();
  await Promise.all(long);
});

test('the tasks of one flow wait for each other; those of another do not', async () => {
  const { pool } = newPool();
  const { wait, open } = gate();
  const first = pool.run(WAIT, wait, { flow: taskFlow('flush') });
  const done: string[] = [];
  const queue = (name: string, own = taskFlow('query')): Promise<number> =>
    pool.run(ECHO, name, { flow: own }).then(() => done.push(name));
  const heavy = taskFlow('query');
  const all = [queue('heavy 1', heavy), queue('heavy 2', heavy), queue('heavy 3', heavy), queue('light')];
  open();
  await Promise.all([first, ...all]);
  expect(done).toEqual(['heavy 1', 'light', 'heavy 2', 'heavy 3']);
});

test('a task that can be done in parts yields when another waits, and only then', async () => {
  const { pool } = newPool();
  const milliseconds = new Int32Array(new SharedArrayBuffer(8));
  const long = pool.run(YIELD, milliseconds, { flow: taskFlow('query') });
  await expect.poll(() => Atomics.load(milliseconds, 0)).toBeGreaterThan(2 * TASK_SLICE_MS);
  expect(await pool.run(ECHO, 'other', { flow: taskFlow('intake') })).toBe('other');
  await long;
});

test('too many tasks of one kind are refused, and those of other kinds are not', async () => {
  const { pool } = newPool();
  const { wait, open } = gate();
  const first = pool.run(WAIT, wait, { flow });
  const pushes = taskFlow('intake');
  const waiting = Array.from({ length: QUEUED_TASKS_MAX }, () => pool.run(ECHO, 1, { flow: pushes }));
  await expect(pool.run(ECHO, 1, { flow: pushes })).rejects.toMatchObject({ status: 503 });
  const other = pool.run(ECHO, 2, { flow });
  open();
  expect(await other).toBe(2);
  await Promise.all([first, ...waiting]);
});

test('a task that nobody wants leaves the queue, or is told to stop', async () => {
  const { pool } = newPool();
  const { wait, open } = gate();
  const running = new AbortController();
  const queued = new AbortController();
  const reason = new Error('the client went away');
  const first = pool.run(WAIT, wait, { flow, signal: running.signal });
  const second = pool.run(DIE, null, { flow, signal: queued.signal });
  queued.abort(reason);
  await expect(second).rejects.toBe(reason);
  running.abort(reason);
  await expect(first).rejects.toBe(reason);
  await expect(pool.run(ECHO, 1, { flow, signal: running.signal })).rejects.toBe(reason);
  expect(await pool.run(ECHO, 3, { flow })).toBe(3); // the worker noticed by itself: the gate is closed
  open();
});

test('a signal keeps nothing of the tasks that ended before it', async () => {
  const { pool } = newPool();
  const { signal } = new AbortController();
  const { wait, open } = gate();
  const tasks = [
    pool.run(WAIT, wait, { flow, signal, stop: signal }),
    pool.run(ECHO, 1, { flow, signal, stop: signal }),
    expect(pool.run(FAIL, 'other', { flow, signal, stop: signal })).rejects.toThrow('oh'),
  ];
  await setImmediate();
  // What only garbage collection has kept until now is gone while the tasks run.
  collectGarbage();
  open();
  await Promise.all(tasks);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a closed pool fails what waits', async () => {
  const { pool } = newPool();
  const outcomes = Promise.allSettled([pool.run(WAIT, gate().wait, { flow }), pool.run(ECHO, 1, { flow })]);
  await pool.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(pool.run(ECHO, 1, { flow })).rejects.toMatchObject({ status: 503 });
});

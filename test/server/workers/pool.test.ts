import { getEventListeners } from 'node:events';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { Metrics } from '../../../shared/metrics.ts';
import { WorkerPool } from '../../../server/workers/pool.ts';
import {
  type Priority,
  PRIORITY_BACKGROUND,
  PRIORITY_INGEST,
  PRIORITY_QUERY,
  taskKind,
} from '../../../server/workers/task.ts';

const ECHO = taskKind<unknown, unknown>('echo');
const WAIT = taskKind<Int32Array, boolean>('wait');
const DIE = taskKind<null, never>('die');
const FAIL = taskKind<string, never>('fail');

const pools: WorkerPool[] = [];

function newPool(size = 1): { pool: WorkerPool; metrics: Metrics } {
  const metrics = new Metrics();
  const workerUrl = new URL('./test-worker.ts', import.meta.url);
  const pool = new WorkerPool({ size, log: pino({ level: 'silent' }), metrics, workerUrl });
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
  expect(await pool.run(ECHO, { bytes }, { transfer: [bytes.buffer] })).toEqual({ bytes: new Uint8Array([1, 2, 3]) });
  expect(bytes.length).toBe(0);
});

test('errors keep their class, code and status', async () => {
  const { pool } = newPool();
  await expect(pool.run(FAIL, 'corruption')).rejects.toMatchObject({ name: 'CorruptionError', status: 400 });
  await expect(pool.run(FAIL, 'unavailable')).rejects.toMatchObject({ retryAfterSeconds: 7, status: 503 });
  await expect(pool.run(FAIL, 'disk')).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(pool.run(FAIL, 'other')).rejects.toMatchObject({ message: 'oh' });
  await expect(pool.run(ECHO, () => {})).rejects.toThrow(/clone/);
  expect(await pool.run(ECHO, 1)).toBe(1);
});

test('a worker that dies fails its own task only, and is replaced and counted', async () => {
  const { pool, metrics } = newPool();
  const outcomes = await Promise.allSettled([pool.run(DIE, null), pool.run(ECHO, 2)]);
  expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { name: 'WorkerDiedError', status: 503 } });
  expect(outcomes[1]).toEqual({ status: 'fulfilled', value: 2 });
  expect(metrics.render()).toContain('podlog_worker_deaths_total 1');
});

test('the most urgent task is next, and equal ones keep their order', async () => {
  const { pool } = newPool();
  const { wait, open } = gate();
  const first = pool.run(WAIT, wait);
  const done: string[] = [];
  const queue = (name: string, priority: Priority): Promise<number> =>
    pool.run(ECHO, name, { priority }).then(() => done.push(name));
  const all = [
    queue('flush', PRIORITY_BACKGROUND),
    queue('shred', PRIORITY_INGEST),
    queue('query 1', PRIORITY_QUERY),
    queue('query 2', PRIORITY_QUERY),
  ];
  open();
  await Promise.all([first, ...all]);
  expect(done).toEqual(['query 1', 'query 2', 'shred', 'flush']);
});

test('background tasks leave a worker free', async () => {
  const { pool } = newPool(2);
  const { wait, open } = gate();
  const background = [0, 1, 2].map(() => pool.run(WAIT, wait, { priority: PRIORITY_BACKGROUND }));
  expect(await pool.run(ECHO, 'query')).toBe('query');
  open();
  await Promise.all(background);
});

test('a task that nobody wants leaves the queue, or is told to stop', async () => {
  const { pool } = newPool();
  const { wait, open } = gate();
  const running = new AbortController();
  const queued = new AbortController();
  const reason = new Error('the client went away');
  const first = pool.run(WAIT, wait, { signal: running.signal });
  const second = pool.run(DIE, null, { signal: queued.signal });
  queued.abort(reason);
  await expect(second).rejects.toBe(reason);
  running.abort(reason);
  await expect(first).rejects.toBe(reason);
  await expect(pool.run(ECHO, 1, { signal: running.signal })).rejects.toBe(reason);
  expect(await pool.run(ECHO, 3)).toBe(3); // the worker noticed by itself: the gate is closed
  open();
});

test('a signal keeps nothing of the tasks that ended before it', async () => {
  const { pool } = newPool();
  const { signal } = new AbortController();
  await Promise.all([
    pool.run(ECHO, 1, { signal, stop: signal }),
    expect(pool.run(FAIL, 'other', { signal, stop: signal })).rejects.toThrow('oh'),
  ]);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a closed pool fails what waits', async () => {
  const { pool } = newPool();
  const outcomes = Promise.allSettled([pool.run(WAIT, gate().wait), pool.run(ECHO, 1)]);
  await pool.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(pool.run(ECHO, 1)).rejects.toMatchObject({ status: 503 });
});

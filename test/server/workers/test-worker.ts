/** A worker with tasks for pool.test.ts. */
import { workerData } from 'node:worker_threads';
import { CorruptionError, UnavailableError } from '../../../shared/errors.ts';
import type { WorkerStart } from '../../../server/workers/messages.ts';
import { serveTasks } from '../../../server/workers/serve-tasks.ts';
import { taskHandler, taskKind } from '../../../server/workers/task.ts';

const FAILURES: Readonly<Record<string, Error>> = {
  corruption: new CorruptionError('broken', 'file:7'),
  unavailable: new UnavailableError('later', 7),
  disk: Object.assign(new Error('full'), { code: 'ENOSPC' }),
  other: new TypeError('oh'),
};

serveTasks(workerData as WorkerStart, [
  taskHandler(taskKind<unknown, unknown>('echo'), (input) => ({ output: input })),
  taskHandler(taskKind<null, null>('die'), () => process.exit(3)),
  taskHandler(taskKind<string, null>('fail'), (name) => {
    throw FAILURES[name]!;
  }),
  // Counts the milliseconds, at least, until it is to yield.
  taskHandler(taskKind<Int32Array, null>('yield'), (milliseconds, { shouldYield }) => {
    for (; !shouldYield(); Atomics.add(milliseconds, 0, 1)) Atomics.wait(milliseconds, 1, 0, 1);
    return { output: null };
  }),
  taskHandler(taskKind<Int32Array, boolean>('wait'), (gate, { isCancelled }) => {
    while (Atomics.load(gate, 0) === 0 && !isCancelled()) Atomics.wait(gate, 0, 0, 5);
    return { output: isCancelled() };
  }),
]);

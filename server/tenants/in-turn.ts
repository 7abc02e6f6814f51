/** Runs tasks that take much memory one at a time over all stores, as if there were a single store. */
import type { RunTask } from '../workers/task.ts';

/** @param queueOf  returns, by a task's name, the queue whose tasks run one at a time; undefined for none */
export function inTurn(run: RunTask, queueOf: (name: string) => string | undefined): RunTask {
  const last = new Map<string, Promise<unknown>>();
  return (kind, input, options) => {
    const queue = queueOf(kind.name);
    if (queue === undefined) return run(kind, input, options);
    const result = (last.get(queue) ?? Promise.resolve()).then(() => run(kind, input, options));
    last.set(
      queue,
      result.catch(() => {}),
    );
    return result;
  };
}

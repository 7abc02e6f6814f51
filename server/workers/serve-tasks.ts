/** The loop of a worker thread: takes a task, runs it, answers, takes the next. */
import { parentPort } from 'node:worker_threads';
import { failureOf, type ResultMessage, type TaskMessage, type WorkerStart } from './messages.ts';
import type { TaskContext, TaskHandler, TaskResult } from './task.ts';

export function serveTasks(start: WorkerStart, tasks: readonly TaskHandler[]): void {
  const port = parentPort!;
  const handlers = new Map(tasks.map((handler) => [handler.name, handler]));
  const context: TaskContext = { isCancelled: () => Atomics.load(start.cancelled, 0) !== 0 };

  const run = async ({ name, input }: TaskMessage): Promise<TaskResult<unknown>> => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new RangeError(`BUG: no task ${name} in tasks.ts`);
    return handler.run(input, context);
  };

  const answer = (message: ResultMessage, { transfer = [] }: Partial<TaskResult<unknown>> = {}): void => {
    port.postMessage(message, [...transfer]);
  };

  const serve = async (message: TaskMessage): Promise<void> => {
    try {
      const result = await run(message);
      answer({ kind: 'done', output: result.output }, result);
    } catch (error) {
      answer({ kind: 'failed', failure: failureOf(error) });
    }
  };

  port.on('message', (message: TaskMessage) => void serve(message));
}

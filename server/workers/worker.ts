/** The body of a worker thread: takes a task, runs it, answers, takes the next. */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, type ResultMessage, type TaskMessage, type WorkerStart } from './messages.ts';
import type { TaskContext, TaskHandler, TaskResult } from './task.ts';
import { TASKS } from './tasks.ts';

const { cancelled } = workerData as WorkerStart;
const port = parentPort!;
const handlers = new Map<string, TaskHandler>(TASKS.map((handler) => [handler.name, handler]));
const context: TaskContext = { isCancelled: () => Atomics.load(cancelled, 0) !== 0 };

async function run({ name, input }: TaskMessage): Promise<TaskResult<unknown>> {
  const handler = handlers.get(name);
  if (handler === undefined) throw new RangeError(`BUG: no task ${name} in tasks.ts`);
  return handler.run(input, context);
}

function answer(message: ResultMessage, result?: TaskResult<unknown>): void {
  port.postMessage(message, [...(result?.transfer ?? [])]);
}

port.on('message', (message: TaskMessage) => {
  run(message).then(
    (result) => answer({ kind: 'done', output: result.output }, result),
    (error: unknown) => answer({ kind: 'failed', failure: failureOf(error) }),
  );
});

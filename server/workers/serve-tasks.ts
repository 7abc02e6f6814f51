/** The loop of a worker thread: takes a task, runs it, answers, takes the next. */
import { parentPort } from 'node:worker_threads';
import { TASK_SLICE_MS } from '../limits.ts';
import { GarbagePacer } from './garbage-pacer.ts';
import {
  failureOf,
  type ResultMessage,
  SIGNAL_CANCELLED,
  SIGNAL_CONTENDED,
  type TaskMessage,
  type WorkerStart,
} from './messages.ts';
import type { TaskContext, TaskHandler, TaskResult } from './task.ts';

export function serveTasks({ signals }: WorkerStart, tasks: readonly TaskHandler[]): void {
  const port = parentPort!;
  const handlers = new Map(tasks.map((handler) => [handler.name, handler]));
  let startedMs = 0;
  const garbage = new GarbagePacer({
    emptyCaches: () => {
      for (const { emptyCaches } of tasks) emptyCaches?.();
    },
  });
  const isOn = (signal: number): boolean => Atomics.load(signals, signal) !== 0;
  const hasHadItsTime = (): boolean => isOn(SIGNAL_CONTENDED) && performance.now() - startedMs >= TASK_SLICE_MS;
  /** Tasks ask between their pieces: in long ones, garbage is collected then. */
  const whenAsked = (question: () => boolean) => (): boolean => {
    garbage.pace();
    return question();
  };
  const context: TaskContext = {
    isCancelled: whenAsked(() => isOn(SIGNAL_CANCELLED)),
    shouldYield: whenAsked(() => isOn(SIGNAL_CANCELLED) || hasHadItsTime()),
  };

  const run = async ({ name, input }: TaskMessage): Promise<TaskResult<unknown>> => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new RangeError(`BUG: no task ${name} in server/tasks.ts`);
    startedMs = performance.now();
    return handler.run(input, context);
  };

  const answer = (message: ResultMessage, { transfer = [] }: Partial<TaskResult<unknown>> = {}): void => {
    port.postMessage(message, [...transfer]);
  };

  const serve = async (message: TaskMessage): Promise<void> => {
    garbage.pace();
    try {
      const result = await run(message);
      answer({ kind: 'done', output: result.output }, result);
    } catch (error) {
      answer({ kind: 'failed', failure: failureOf(error) });
    }
    garbage.pace();
  };

  port.on('message', (message: TaskMessage) => void serve(message));
}

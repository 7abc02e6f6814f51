/**
 * A task is work for a worker thread: a kind, an input and an output that can be cloned or transferred, and a function.
 * To add one: declare its kind next to its types, and list its handler in server/tasks.ts.
 */
import type { Transferable } from 'node:worker_threads';

/** Names a task and carries its types; the function is in server/tasks.ts, so that callers do not load it. */
export interface TaskKind<Input, Output> {
  readonly name: string;
  /** Always undefined: for types only. */
  readonly types?: (input: Input) => Output;
}

export interface TaskContext {
  /** True once the result is no longer wanted. A long task asks at intervals, and returns. */
  readonly isCancelled: () => boolean;
  /**
   * True once this task has used its slice while others wait for a worker, or its result is no longer wanted. A task
   * that can be done in parts asks after each of them, returns what it has, and is sent again for the rest; without
   * others it runs to its end.
   */
  readonly shouldYield: () => boolean;
}

/** `shouldYield` of tasks that run outside of a pool. */
export function aloneInThread(): boolean {
  return false;
}

export interface TaskResult<Output> {
  readonly output: Output;
  /** Buffers of the output that are transferred instead of copied. Each must be the only view of its memory. */
  readonly transfer?: readonly Transferable[];
}

export interface TaskHandler {
  readonly name: string;
  readonly run: (input: unknown, context: TaskContext) => Promise<TaskResult<unknown>>;
  /** Empties the caches that its tasks, and those of handlers that share them, keep in the thread. */
  readonly emptyCaches?: () => void;
}

export function taskKind<Input, Output>(name: string): TaskKind<Input, Output> {
  return { name };
}

export function taskHandler<Input, Output>(
  kind: TaskKind<Input, Output>,
  run: (input: Input, context: TaskContext) => TaskResult<Output> | Promise<TaskResult<Output>>,
): TaskHandler {
  return { name: kind.name, run: async (input, context) => run(input as Input, context) };
}

/**
 * Kinds of work, which share the workers: shredding of pushed lines, flushes of the WAL, batches of live tails,
 * queries, and work that can wait (compaction, erasure, retention, checks). See fair-queue.ts.
 */
export type Work = 'intake' | 'flush' | 'tail' | 'query' | 'maintenance';

/** Tasks that share one share of the workers: those of one query, or of all other work of a kind. */
export interface TaskFlow {
  readonly work: Work;
  /** Time that workers have spent on it. */
  usedMs: number;
}

export function taskFlow(work: Work): TaskFlow {
  return { work, usedMs: 0 };
}

export interface RunOptions {
  /** The flow to which the task's time is charged. */
  readonly flow: TaskFlow;
  /** Buffers of the input that are transferred instead of copied. */
  readonly transfer?: readonly Transferable[];
  /** Removes the task from the queue, or cancels it; the promise rejects with the signal's reason at once. */
  readonly signal?: AbortSignal;
  /**
   * Asks the task to stop; the promise settles when it has. For tasks that write files, which must end before others
   * begin.
   */
  readonly stop?: AbortSignal;
}

/** Runs a task: in a pool of workers (pool.ts), or at once. */
export type RunTask = <Input, Output>(
  kind: TaskKind<Input, Output>,
  input: Input,
  options: RunOptions,
) => Promise<Output>;

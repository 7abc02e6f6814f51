/**
 * A task is work for a worker thread: a kind, an input and an output that can be cloned or transferred, and a function.
 * To add one: declare its kind next to its types, and list its handler in tasks.ts.
 */
import type { Transferable } from 'node:worker_threads';

/** Names a task and carries its types; the function is in tasks.ts, so that callers do not load it. */
export interface TaskKind<Input, Output> {
  readonly name: string;
  /** Never there: types only. */
  readonly types?: (input: Input) => Output;
}

export interface TaskContext {
  /** True once nobody waits for the result any more. A long task asks now and then, and returns. */
  readonly isCancelled: () => boolean;
  /**
   * True once this task has had its time while others wait for a worker, or is not wanted any more. A task that can be done
   * in parts asks after each of them, returns what it has, and is sent again for the rest; alone, it is done at once.
   */
  readonly shouldYield: () => boolean;
}

/** `shouldYield` of what runs outside of a pool. */
export function aloneInThread(): boolean {
  return false;
}

export interface TaskResult<Output> {
  readonly output: Output;
  /** Buffers of the output that are handed over instead of copied. Each must be the only view of its memory. */
  readonly transfer?: readonly Transferable[];
}

export interface TaskHandler {
  readonly name: string;
  readonly run: (input: unknown, context: TaskContext) => Promise<TaskResult<unknown>>;
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

/** The memory of bytes that share it with no others, as small ones may: only such can be handed to another thread. */
export function ownMemory({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

/** Gives the memory of bytes back at once, if they share it with no others; they must not be used any more. */
export function freeMemory(bytes: Uint8Array): void {
  for (const memory of ownMemory(bytes)) memory.transfer(0);
}

/**
 * Kinds of work, which share the workers: shredding of pushed lines, flushes of the WAL, batches of live tails, queries, and
 * what can wait (compaction, erasure, retention, checks). See fair-queue.ts.
 */
export type Work = 'intake' | 'flush' | 'tail' | 'query' | 'maintenance';

/** Tasks that share what they get of the workers: those of one query, or of all other work of a kind. */
export interface TaskFlow {
  readonly work: Work;
  /** For how long workers have worked for it. */
  usedMs: number;
}

export function taskFlow(work: Work): TaskFlow {
  return { work, usedMs: 0 };
}

export interface RunOptions {
  /** What the task's time counts for. */
  readonly flow: TaskFlow;
  /** Buffers of the input that are handed over instead of copied. */
  readonly transfer?: readonly Transferable[];
  /** Takes the task out of the queue, or tells it to stop; the promise rejects with the signal's reason at once. */
  readonly signal?: AbortSignal;
  /** Asks the task to stop; the promise settles when it has. For tasks that write files, which end before others begin. */
  readonly stop?: AbortSignal;
}

/** Runs a task somewhere: in a pool of workers (pool.ts), or at once. */
export type RunTask = <Input, Output>(
  kind: TaskKind<Input, Output>,
  input: Input,
  options: RunOptions,
) => Promise<Output>;

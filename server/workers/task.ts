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

/** Lower comes first. Background tasks leave one worker to the others where there are two. */
export const PRIORITY_QUERY = 0;
export const PRIORITY_INGEST = 1;
export const PRIORITY_BACKGROUND = 2;
/** Background too, behind the rest of it. */
export const PRIORITY_MAINTENANCE = 3;
export type Priority =
  typeof PRIORITY_QUERY | typeof PRIORITY_INGEST | typeof PRIORITY_BACKGROUND | typeof PRIORITY_MAINTENANCE;

/** Messages between the main thread and workers. Each worker has one task at a time, so messages need no numbers. */
import { CorruptionError, PodlogError, UnavailableError, UnreadableError } from '../../shared/errors.ts';
import { errorCode } from '../../shared/system-error.ts';

export interface TaskMessage {
  readonly name: string;
  readonly input: unknown;
}

export type ResultMessage =
  { readonly kind: 'done'; readonly output: unknown } | { readonly kind: 'failed'; readonly failure: Failure };

/** Passed to a worker when it starts. */
export interface WorkerStart {
  /** In shared memory, SIGNAL_COUNT numbers: 0, or 1 where the signal is set. */
  readonly signals: Int32Array;
}

/** The result of the running task is no longer wanted. */
export const SIGNAL_CANCELLED = 0;
/** Other tasks wait for a worker. */
export const SIGNAL_CONTENDED = 1;
export const SIGNAL_COUNT = 2;

/** An error in a form that keeps its class and code across threads, which a structured clone loses. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
}

export function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return {
    name,
    message,
    stack,
    code: errorCode(error),
    status: error instanceof PodlogError ? error.status : undefined,
    retryAfterSeconds: error instanceof UnavailableError ? error.retryAfterSeconds : undefined,
  };
}

export function errorOf({ name, message, stack, code, status, retryAfterSeconds }: Failure): Error {
  const cause = stack;
  if (name === 'CorruptionError') return new CorruptionError(message, undefined, { cause });
  if (name === 'UnreadableError') return new UnreadableError(message, undefined, { cause });
  if (retryAfterSeconds !== undefined) return new UnavailableError(message, retryAfterSeconds, { cause });
  if (code !== undefined && status !== undefined) return new PodlogError(code, status, message, { cause });
  const error = new Error(message, { cause });
  return code === undefined ? error : Object.assign(error, { code });
}

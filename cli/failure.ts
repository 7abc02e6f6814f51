/**
 * What the command says when it cannot go on: one line that names the cause and the way out, and the exit code, 2 for
 * a command line that cannot work and 1 for everything else. A bug keeps its stack.
 */
import { PodlogError, UsageError } from '../shared/errors.ts';
import { reasonOf } from '../shared/system-error.ts';

export interface Failure {
  /** Ends with a newline. */
  readonly text: string;
  readonly exitCode: 1 | 2;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) return { text: `podlog: ${error.message}\n`, exitCode: error.exitCode };
  if (error instanceof PodlogError) return { text: `podlog: ${error.message}\n`, exitCode: 1 };
  if (isSystemError(error)) return { text: `podlog: ${describeSystemError(error)}\n`, exitCode: 1 };
  return { text: `podlog: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`, exitCode: 1 };
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

function describeSystemError(error: SystemError): string {
  return error.path === undefined ? error.message : `${error.path} cannot be used: ${reasonOf(error)}`;
}

/**
 * What the command says when it cannot go on: one line that names the cause and the way out, and the exit code, 2 for
 * a command line that cannot work and 1 for everything else. A bug keeps its stack.
 */
import { PodlogError, UsageError } from '../shared/errors.ts';

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
  const { code, path } = error;
  if (path === undefined) return error.message;
  if (code === 'EACCES' || code === 'EPERM')
    return `${path} may not be used by ${userText()}; change its owner, or the user`;
  if (code === 'ENOSPC') return `${path}: the disk is full; make room, or lower --retention`;
  if (code === 'ENOENT') return `${path} does not exist`;
  if (code === 'ENOTDIR' || code === 'EEXIST') return `${path} is not a folder`;
  if (code === 'EROFS') return `${path} is on a read-only file system; choose another folder`;
  return error.message;
}

export function userText(): string {
  const uid = process.getuid?.();
  return uid === undefined ? 'this user' : uid === 0 ? 'root' : `the user ${uid}`;
}

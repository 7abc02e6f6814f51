/**
 * All expected failures. Each has a stable code, the HTTP status that it becomes, and a message that says what to do.
 * An unexpected failure is an assertion (`BUG: …`) and ends the process.
 */

/** Base of all expected failures. */
export class PodlogError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
  }
}

/**
 * Stored or received bytes are not what was written. `where` is a path with an offset, added by the first caller that
 * knows it.
 */
export class CorruptionError extends PodlogError {
  readonly where: string | undefined;

  constructor(message: string, where?: string, options?: { cause?: unknown }) {
    super('PODLOG_CORRUPTION', 400, where === undefined ? message : `${where}: ${message}`, options);
    this.where = where;
  }
}

/** The file system cannot read stored bytes now; a later attempt may succeed, so nothing is lost. */
export class UnreadableError extends CorruptionError {}

/** Why a row group cannot be used, in a form that crosses threads. */
export interface Unusable {
  readonly message: string;
  readonly isUnreadable: boolean;
}

export function unusableBy(error: CorruptionError): Unusable {
  return { message: error.message, isUnreadable: error instanceof UnreadableError };
}

export function errorOfUnusable({ message, isUnreadable }: Unusable): CorruptionError {
  return isUnreadable ? new UnreadableError(message) : new CorruptionError(message);
}

/** A request parameter is not valid: its name, what is allowed, and an example. */
export class ParameterError extends PodlogError {
  readonly parameter: string;

  constructor(parameter: string, problem: string, allowed: string, example: string) {
    super('PODLOG_BAD_PARAMETER', 400, `${parameter}: ${problem}; allowed: ${allowed}; example: ${example}`);
    this.parameter = parameter;
  }
}

/** A search text is not valid: the place of what is wrong, its parameter, what is allowed, and an example. */
export class SearchTextError extends ParameterError {
  /** From 1 on, in UTF-16 units, as a JavaScript string counts them. */
  readonly position: number;
  readonly length: number;

  constructor(
    text: string,
    { start, end }: { readonly start: number; readonly end: number },
    { problem, allowed, example }: { readonly problem: string; readonly allowed: string; readonly example: string },
  ) {
    const quoted = text.slice(start, Math.min(end, start + QUOTED_LENGTH_MAX)).toWellFormed();
    const cut = end > start + QUOTED_LENGTH_MAX ? '…' : '';
    super('search', `\`${quoted}${cut}\` at ${start + 1}: ${problem}`, allowed, example);
    this.position = start + 1;
    this.length = end - start;
  }
}

/** Characters of a text that an error quotes; an ellipsis replaces the rest. */
const QUOTED_LENGTH_MAX = 60;

/** A flag, its environment variable, or a path named by one is not valid. The process exits with `exitCode`. */
export class UsageError extends PodlogError {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2, options?: { cause?: unknown }) {
    super('PODLOG_USAGE', 400, message, options);
    this.exitCode = exitCode;
  }
}

/** A request has no credentials, or credentials that this server does not know. The answer says how to authenticate. */
export class UnauthenticatedError extends PodlogError {
  constructor(message: string) {
    super('PODLOG_UNAUTHENTICATED', 401, message);
  }
}

/** The caller is known, and lacks a permission: which one. */
export class ForbiddenError extends PodlogError {
  constructor(message: string) {
    super('PODLOG_FORBIDDEN', 403, message);
  }
}

/** The code of `ForbiddenLinesError` in an answer: an agent gives up the lines, and only these. */
export const FORBIDDEN_LINES = 'PODLOG_FORBIDDEN_LINES';

/**
 * The sender of a batch may send, but not some of its lines: which ones. The other lines are accepted in smaller
 * batches.
 */
export class ForbiddenLinesError extends PodlogError {
  constructor(message: string) {
    super(FORBIDDEN_LINES, 403, message);
  }
}

/** The store does not accept writes now; a client waits `retryAfterSeconds` and tries again. Reads go on. */
export class UnavailableError extends PodlogError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number, options?: { cause?: unknown }) {
    super('PODLOG_UNAVAILABLE', 503, message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The labels of a batch would make more streams than the store holds in memory: which ones, and what to send instead.
 */
export class TooManyStreamsError extends PodlogError {
  /** Indexes of the batch's streams that do not fit. */
  readonly excess: readonly number[];
  readonly retryAfterSeconds: number;

  constructor(message: string, excess: readonly number[], retryAfterSeconds: number) {
    super('PODLOG_TOO_MANY_STREAMS', 429, message);
    this.excess = excess;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A batch has new log files, and there is no room for more: the sender waits until others are forgotten. */
export class TooManyFilesError extends PodlogError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super('PODLOG_TOO_MANY_FILES', 429, message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A worker thread died, most likely because of its task: it ran out of memory, or hit a bug in Node. */
export class WorkerDiedError extends UnavailableError {}

/** A row group would take more memory than one may: which limit. The sender makes smaller ones. */
export class RowGroupTooLargeError extends PodlogError {
  constructor(message: string) {
    super('PODLOG_ROW_GROUP_TOO_LARGE', 413, message);
  }
}

/** The row groups of a merge together take more memory than allowed: merge fewer inputs. */
export class MergeTooLargeError extends PodlogError {
  constructor(message: string) {
    super('PODLOG_MERGE_TOO_LARGE', 500, message);
  }
}

/** A query would take more than it may: which limit, and how to ask for less. */
export class QueryTooLargeError extends PodlogError {
  constructor(message: string) {
    super('PODLOG_QUERY_TOO_LARGE', 413, message);
  }
}

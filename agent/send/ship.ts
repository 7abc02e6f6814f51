/**
 * Talks to the server: posts batches and asks for positions. Transient failures are retried for ever, since the log files are
 * the buffer; a final answer is returned as an outcome for ../agent.ts to act on.
 */
import type { Agent as HttpAgent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AGENT_STATUS_HEADER } from '../../shared/agent-status.ts';
import { type Backoff, backoffMs } from '../../shared/backoff.ts';
import { boundedRequest, type BoundedAnswer, type RequestLimits } from '../../shared/bounded-request.ts';
import { FORBIDDEN_LINES } from '../../shared/errors.ts';
import { httpModule } from '../../shared/http-module.ts';
import { BATCH_CONTENT_TYPE, type PositionsAnswer } from '../../shared/wire.ts';
import type { AgentMetrics } from '../agent-metrics.ts';
import {
  ANSWER_BYTES_MAX,
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  COMPLAINT_MS,
  CONNECT_MS_MAX,
  REQUEST_MS_MAX,
  RETRY_AFTER_MS_MAX,
  SILENCE_MS_MAX,
} from '../limits.ts';

/** The limits of each request to the server. */
export const REQUEST_LIMITS: RequestLimits = {
  connectMs: CONNECT_MS_MAX,
  silenceMs: SILENCE_MS_MAX,
  requestMs: REQUEST_MS_MAX,
  answerBytes: ANSWER_BYTES_MAX,
};

/** The back-off between attempts. */
export const BACKOFF: Backoff = { msMin: BACKOFF_MS_MIN, msMax: BACKOFF_MS_MAX };

export type Outcome =
  | { readonly kind: 'stored' }
  /** The server knows other positions than the batch was built on. */
  | { readonly kind: 'conflict'; readonly positions: PositionsAnswer['positions'] }
  /** The same bytes will never be accepted. */
  | { readonly kind: 'rejected'; readonly status: number; readonly message: string };

export interface ShipperOptions {
  readonly serverUrl: string;
  readonly node: string;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
  /** Returns the bearer token; called for each request, since projected tokens change on disk. */
  readonly token?: (() => string) | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly backoffMsMax?: number;
  readonly requestMsMax?: number;
  /** Returns what the agent says about itself with each request for rules. */
  readonly status?: (() => string) | undefined;
  /** Called after each attempt that failed. */
  readonly failed?: () => void;
}

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

/** Owns the connection. One request is in flight at a time. */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #connection: HttpAgent;
  readonly #stopped = new AbortController();
  #deniedReportedMs = -Infinity;

  constructor(options: ShipperOptions) {
    this.#options = options;
    const { Agent } = httpModule(new URL(options.serverUrl).protocol === 'https:');
    this.#connection = new Agent({ keepAlive: true, maxSockets: 1 });
  }

  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Aborts the request in flight, which throws an AbortError. */
  stop(): void {
    this.#stopped.abort();
    this.#connection.destroy();
  }

  async send(batch: Buffer): Promise<Outcome> {
    return this.#askUntil('POST', '/agent/batch', batch, parseOutcome);
  }

  async fetchPositions(): Promise<PositionsAnswer['positions']> {
    const path = `/agent/positions?node=${encodeURIComponent(this.#options.node)}`;
    return this.#askUntil('GET', path, undefined, ({ status, body }) =>
      status === 200 ? parsePositions(body) : undefined,
    );
  }

  /**
   * Fetches the rules for this node's lines.
   * @param take  receives new rules; while it throws, they are fetched again
   * @returns `none` from a server that is too old to have rules
   */
  async fetchRules(
    knownEtag: string | undefined,
    take: (body: Buffer, etag: string | undefined) => void,
  ): Promise<'known' | 'new' | 'none'> {
    const path = `/agent/rules?node=${encodeURIComponent(this.#options.node)}`;
    const parse = ({ status, body, etag }: Answer): 'known' | 'new' | 'none' | undefined => {
      if (status === 200) take(body, etag);
      if (status === 304 && knownEtag !== undefined) return 'known';
      return status === 200 ? 'new' : status === 404 ? 'none' : undefined;
    };
    return this.#askUntil('GET', path, undefined, parse, knownEtag);
  }

  async pause(pauseMs: number): Promise<void> {
    await sleep(pauseMs, undefined, { signal: this.#stopped.signal });
  }

  /** Waits before the next attempt. */
  async backOff(attempt: number, minimumMs = 0): Promise<void> {
    const { random = Math.random, backoffMsMax: msMax = BACKOFF.msMax } = this.#options;
    await this.pause(minimumMs + backoffMs(attempt, { ...BACKOFF, msMax }, random()));
  }

  /** Repeats a request until `parse` accepts the answer. */
  async #askUntil<T>(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | undefined,
    parse: (answer: Answer) => T | undefined,
    knownEtag?: string,
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      let reason: string;
      let retryAfterMs = 0;
      try {
        const answer = await this.#ask(method, path, body, knownEtag);
        const parsed = parse(answer);
        if (parsed !== undefined) return parsed;
        reason = String(answer.status);
        ({ retryAfterMs } = answer);
        this.#note(attempt, { status: answer.status, answer: answer.body.toString('utf8', 0, 200) });
      } catch (error) {
        this.#stopped.signal.throwIfAborted();
        reason = 'network';
        this.#note(attempt, { err: error });
      }
      this.#options.metrics.retries.add(1, { reason });
      this.#options.failed?.();
      await this.backOff(attempt, retryAfterMs);
    }
  }

  /** The first of several failures in a row is a warning, the rest are in the metrics; a refused token needs an operator. */
  #note(attempt: number, detail: { readonly status?: number; readonly answer?: string; readonly err?: unknown }): void {
    const fields = { ...detail, server: this.#options.serverUrl, attempt };
    if (detail.status === 401 || detail.status === 403) this.#noteDenied(fields);
    else if (attempt === 0) this.#options.log.warn(fields, 'request failed; retrying');
    else this.#options.log.debug(fields, 'request failed again; retrying');
  }

  /** Reports it now and then: lines wait in their files meanwhile. */
  #noteDenied(fields: object): void {
    const { log, token, now = Date.now } = this.#options;
    if (now() - this.#deniedReportedMs < COMPLAINT_MS) return;
    this.#deniedReportedMs = now();
    const advice =
      token === undefined
        ? 'give the agent a token with --token-file'
        : 'its token must have the scope agent and name this node, or be of a ServiceAccount that --agent-accounts of the server lists';
    log.error(fields, `the server does not let this agent in; retrying: ${advice}`);
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | undefined,
    knownEtag: string | undefined,
  ): Promise<Answer> {
    const { serverUrl, token, status, requestMsMax: requestMs = REQUEST_LIMITS.requestMs } = this.#options;
    const authorization = token?.();
    const headers: Record<string, string | number> = {};
    if (authorization !== undefined) headers['authorization'] = `Bearer ${authorization}`;
    if (knownEtag !== undefined) headers['if-none-match'] = knownEtag;
    if (status !== undefined) headers[AGENT_STATUS_HEADER] = status();
    if (body !== undefined) {
      headers['content-type'] = BATCH_CONTENT_TYPE;
      headers['content-length'] = body.length;
    }
    const url = new URL(path, serverUrl);
    const connection = this.#connection;
    const { signal } = this.#stopped;
    const limits = { ...REQUEST_LIMITS, requestMs };
    return toAnswer(await boundedRequest({ url, method, headers, body, connection, signal, limits }));
  }
}

/** Success, a conflict, or a refusal of these bytes. Anything else may be transient: a token is renewed, a URL corrected. */
function parseOutcome({ status, body }: Answer): Outcome | undefined {
  if (status >= 200 && status < 300) return { kind: 'stored' };
  if (status === 409) return { kind: 'conflict', positions: parsePositions(body) };
  if (status === 400 || status === 413 || (status === 403 && codeOf(body) === FORBIDDEN_LINES)) {
    return { kind: 'rejected', status, message: body.toString('utf8', 0, 500) };
  }
  return undefined;
}

/** The code of podlog's own errors: a 403 from anything else, such as a proxy, is about the agent, not about its lines. */
function codeOf(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
}

/** @throws for a successful answer that is not a podlog server's, such as a proxy's page */
function toAnswer({ status, headers, body }: BoundedAnswer): Answer {
  const contentType = headers['content-type'] ?? 'no type';
  if (status >= 200 && status < 300 && !contentType.startsWith('application/json')) {
    throw new Error(
      `the answer with status ${status} is of type ${contentType}, not JSON: it is not a podlog server's`,
    );
  }
  const retryAfterSeconds = Number(headers['retry-after'] ?? 0);
  const retryAfterMs = retryAfterSeconds > 0 ? Math.min(retryAfterSeconds * 1000, RETRY_AFTER_MS_MAX) : 0;
  return { status, retryAfterMs, etag: headers.etag, body };
}

/** @throws when the answer is not podlog's */
function parsePositions(body: Buffer): PositionsAnswer['positions'] {
  const { positions } = JSON.parse(body.toString()) as Partial<PositionsAnswer>;
  if (positions === undefined) throw new Error('the answer holds no positions');
  return positions;
}

/**
 * One server that an import talks to. A request is repeated with back-off while the server is away, busy or broken; a final
 * refusal is thrown.
 */
import { TENANT_HEADER } from '../../shared/tenant-name.ts';
import type { Agent as HttpAgent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RETRY_AFTER_MS_MAX } from '../../agent/limits.ts';
import { BACKOFF, REQUEST_LIMITS } from '../../agent/send/ship.ts';
import { tokenFrom } from '../../agent/send/token-file.ts';
import { backoffMs } from '../../shared/backoff.ts';
import { AnswerTooLongError, type BoundedAnswer, boundedRequest } from '../../shared/bounded-request.ts';
import { PodlogError } from '../../shared/errors.ts';
import { httpModule } from '../../shared/http-module.ts';
import { ERROR_CODE_HEADER } from '../../shared/import-headers.ts';
import { reasonOf } from '../../shared/system-error.ts';
import {
  IMPORT_ANSWER_BYTES_MAX,
  IMPORT_QUOTED_BYTES_MAX,
  IMPORT_REQUEST_MS_MAX,
  IMPORT_RETRY_MS_MAX,
} from '../limits.ts';

/** Failures of podlog that no waiting cures, whatever their status. */
const FINAL_CODES: ReadonlySet<string> = new Set(['PODLOG_TOO_MANY_TENANTS']);

interface EndpointOptions {
  /** In messages: Loki, podlog. */
  readonly name: string;
  readonly url: string;
  readonly tokenFile: string | undefined;
  readonly tenant: string | undefined;
  readonly signal: AbortSignal;
  /** Receives why a request is repeated. */
  readonly report: (text: string) => void;
}

export interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** The server refuses this request for good. */
export class RefusedError extends PodlogError {
  readonly answer: string;

  constructor(name: string, url: string, status: number, answer: string) {
    super('PODLOG_IMPORT_REFUSED', 502, `${name} at ${url} answers with ${status}: ${answer}`);
    this.answer = answer;
  }
}

/** A server, or a test's. */
export type Asker = Pick<Endpoint, 'ask'>;

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #connection: HttpAgent;
  readonly #token: (() => string) | undefined;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { Agent } = httpModule(new URL(options.url).protocol === 'https:');
    this.#connection = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#token = options.tokenFile === undefined ? undefined : tokenFrom(options.tokenFile);
    // A file that cannot be read now is a mistake; later, it may be in the middle of a change.
    this.#token?.();
  }

  close(): void {
    this.#connection.destroy();
  }

  /**
   * @param isFinal  whether an answer that is not a success is for the caller
   * @param failed   called with the reason after each attempt that failed; what it returns is asked next
   * @throws RefusedError, AnswerTooLongError; PodlogError when the server is away for too long
   */
  async ask(
    ask: Ask,
    isFinal: (answer: BoundedAnswer) => boolean = () => false,
    failed: (reason: string) => Ask = () => ask,
  ): Promise<BoundedAnswer> {
    const { name, url, signal, report } = this.#options;
    const begunMs = performance.now();
    let asked = ask;
    for (let attempt = 0; ; attempt++) {
      let reason: string;
      let retryAfterMs = 0;
      try {
        const answer = await this.#askOnce(asked);
        if ((answer.status >= 200 && answer.status < 300) || isFinal(answer)) return answer;
        const text = answer.body.toString('utf8', 0, IMPORT_QUOTED_BYTES_MAX).trim();
        if (!mayPass(answer)) throw new RefusedError(name, url, answer.status, text);
        reason = `it answers with ${answer.status}: ${text}`;
        retryAfterMs = Math.min(Number(answer.headers['retry-after'] ?? 0) * 1000 || 0, RETRY_AFTER_MS_MAX);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RefusedError || error instanceof AnswerTooLongError) throw error;
        reason = reasonOf(error);
      }
      if (performance.now() - begunMs > IMPORT_RETRY_MS_MAX) {
        const message = `${name} at ${url} cannot be used: ${reason}; the same command goes on from here`;
        throw new PodlogError('PODLOG_IMPORT_UNAVAILABLE', 503, message);
      }
      if (attempt === 0) report(`request to ${name} failed; retrying: ${reason}`);
      await sleep(retryAfterMs + backoffMs(attempt, BACKOFF, Math.random()), undefined, { signal });
      asked = failed(reason);
    }
  }

  async #askOnce({ method, path, headers, body }: Ask): Promise<BoundedAnswer> {
    const { url, tenant, signal } = this.#options;
    const token = this.#token?.();
    const sent: Record<string, string | number> = { ...headers };
    if (token !== undefined) sent['authorization'] = authorizationOf(token);
    if (tenant !== undefined) sent[TENANT_HEADER] = tenant;
    if (body !== undefined) sent['content-length'] = body.length;
    const limits = {
      ...REQUEST_LIMITS,
      silenceMs: IMPORT_REQUEST_MS_MAX,
      requestMs: IMPORT_REQUEST_MS_MAX,
      answerBytes: IMPORT_ANSWER_BYTES_MAX,
    };
    const target = new URL(`${url}${path}`);
    return boundedRequest({ url: target, method, headers: sent, body, connection: this.#connection, signal, limits });
  }
}

/** Whether waiting may help. */
function mayPass({ status, headers }: BoundedAnswer): boolean {
  if (FINAL_CODES.has(String(headers[ERROR_CODE_HEADER]))) return false;
  return status >= 500 || status === 429 || status === 408;
}

/** A colon is in no bearer token. */
function authorizationOf(token: string): string {
  return token.includes(':') ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;
}

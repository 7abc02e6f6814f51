/**
 * The part of a Kubernetes client that podlog needs: an answer as JSON, and a watch as a sequence of events. The watch
 * is `@kubernetes/client-node`'s, with a limit: it reads on whether or not its events are consumed, so one that gets
 * too far ahead of its consumer is aborted, and resumed after the last event consumed. Nothing else of the package is
 * loaded, which would take 55 MB more.
 */
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Watch } from '@kubernetes/client-node/dist/watch.js';
import { type Dispatcher, getGlobalDispatcher, request } from 'undici';
import {
  API_ANSWER_BYTES_MAX,
  API_IDLE_MS_MAX,
  API_LINE_BYTES_MAX,
  WATCH_EVENTS_WAITING_MAX,
  WATCH_WAITING_BYTES_MAX,
} from '../limits.ts';
import type { Connection } from './connection.ts';
import { WatchGuard } from './watch-guard.ts';

/** The API server answered with an error status. */
export class ApiStatusError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiStatusError';
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | undefined>>;

export interface ApiRequest {
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Query;
  readonly signal: AbortSignal;
  /** A request without a byte for this long is aborted. */
  readonly idleMsMax?: number;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: { readonly code?: number; readonly message?: string } };

export class ApiClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws ApiStatusError, or an error of the network or the parser */
  async get<T>({ path, query = {}, signal, idleMsMax = API_IDLE_MS_MAX }: ApiRequest): Promise<T> {
    const url = new URL(this.#server() + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const context = new RequestContext(url.href, HttpMethod.GET);
    context.setHeaderParam('Accept', 'application/json');
    await this.#connection.applySecurityAuthentication(context);
    const { statusCode, body } = await request(url, {
      headers: context.getHeaders(),
      dispatcher: dispatcherOf(context),
      signal,
      headersTimeout: idleMsMax,
      bodyTimeout: idleMsMax,
    });
    const answer = await readAll(body, API_ANSWER_BYTES_MAX);
    if (statusCode !== 200) throw refused(statusCode, answer.toString('utf8', 0, 1000));
    return JSON.parse(answer.toString()) as T;
  }

  /**
   * Resolves when the server begins its answer. The events end when the server ends it, or when they are not consumed
   * for too long: either way a watch can be resumed after the last one. An incomplete object at the end is left out.
   * Throws as `get` does.
   */
  async watch<T>({
    path,
    query = {},
    signal,
    idleMsMax = API_IDLE_MS_MAX,
  }: ApiRequest): Promise<AsyncIterable<WatchEvent<T>>> {
    signal.throwIfAborted();
    const guard = new WatchGuard(API_LINE_BYTES_MAX);
    const watch = new Watch({
      getCurrentCluster: () => this.#connection.getCurrentCluster(),
      applySecurityAuthentication: async (context: RequestContext) => {
        await this.#connection.applySecurityAuthentication(context);
        // The guard counts the lines of the response, so it must not be compressed.
        context.setHeaderParam('Accept-Encoding', 'identity');
        context.setDispatcher(dispatcherOf(context).compose(guard.intercept));
      },
    } as unknown as KubeConfig);
    // The package means this for its tests, but its default, half a minute without an event, is common in a quiet
    // cluster.
    Object.assign(watch, { requestTimeoutMs: idleMsMax });
    const events = new WatchEvents<T>(guard);
    const begun = watch.watch(path, { ...query }, events.add, events.end);
    const stop = (): void => {
      events.end(signal.reason);
      void begun.then((controller) => controller.abort());
    };
    signal.addEventListener('abort', stop, { once: true });
    void events.ended.then(() => signal.removeEventListener('abort', stop));
    events.breakOff = () => void begun.then((controller) => controller.abort());
    await Promise.race([begun, events.ended]);
    events.throwIfFailed();
    return events;
  }

  async close(): Promise<void> {
    await this.#connection.close?.();
  }

  #server(): string {
    const cluster = this.#connection.getCurrentCluster();
    if (cluster === null) throw new Error('the current context of the kubeconfig names no cluster');
    return cluster.server.replace(/\/+$/, '');
  }
}

/** The queue between a watch, which does not wait, and the consumer of its events. */
class WatchEvents<T> implements AsyncIterable<WatchEvent<T>> {
  readonly ended: Promise<void>;
  /** Closes the connection; set once there is one. */
  breakOff = (): void => {};
  readonly #guard: WatchGuard;
  readonly #resolveEnded: () => void;
  #waiting: WatchEvent<T>[] = [];
  #eventCount = 0;
  /** `receivedBytes` when the queue was last empty. */
  #takenBytes = 0;
  #isEnded = false;
  #error: unknown;
  #wake = (): void => {};

  constructor(guard: WatchGuard) {
    this.#guard = guard;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  /** Must not throw: the client would take that for a line that is not JSON. */
  readonly add = (type: string, object: unknown): void => {
    if (this.#isEnded) return;
    this.#eventCount++;
    this.#waiting.push({ type, object } as WatchEvent<T>);
    this.#wake();
    const waitingBytes = this.#guard.receivedBytes - this.#takenBytes;
    if (this.#waiting.length < WATCH_EVENTS_WAITING_MAX && waitingBytes < WATCH_WAITING_BYTES_MAX) return;
    this.end(null);
    this.breakOff();
  };

  readonly end = (error: unknown): void => {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = this.#failure(error);
    this.#resolveEnded();
    this.#wake();
  };

  throwIfFailed(): void {
    if (this.#error !== undefined && this.#waiting.length === 0) throw this.#error as Error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    try {
      for (;;) {
        const event = this.#waiting.shift();
        if (event !== undefined) yield event;
        else if (this.#isEnded) return this.throwIfFailed();
        else {
          this.#takenBytes = this.#guard.receivedBytes;
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      this.end(null);
      this.breakOff();
    }
  }

  /** Returns undefined when the watch has ended normally. */
  #failure(error: unknown): unknown {
    if (this.#guard.failure !== undefined) return this.#guard.failure;
    if (error instanceof Error && 'statusCode' in error) return refused(Number(error.statusCode), this.#guard.refusal);
    if (error !== null && error !== undefined) return error;
    // After an abort by this client, the last lines are not delivered.
    if (this.#waiting.length === 0 && this.#eventCount < this.#guard.lineCount)
      return new Error('a line of the API server is not JSON');
    return undefined;
  }
}

function dispatcherOf(context: RequestContext): Dispatcher {
  return context.getDispatcher() ?? getGlobalDispatcher();
}

/** Contains the `message` of a Status object, or the beginning of any other body. */
function refused(status: number, text: string): ApiStatusError {
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // The body is not a Status object: a proxy's page, perhaps.
  }
  return new ApiStatusError(status, `the API server answers ${status}: ${message}`);
}

async function readAll(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw new Error(`an answer of the API server has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

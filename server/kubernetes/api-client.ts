/**
 * The part of a Kubernetes client that podlog needs: an answer as JSON, and a watch as a sequence of objects. On node:https
 * alone, which costs 8 MB of memory; `@kubernetes/client-node` costs 92 MB.
 */
import type { IncomingMessage } from 'node:http';
import { httpModule } from '../../shared/http-module.ts';
import { API_ANSWER_BYTES_MAX, API_IDLE_MS_MAX, API_LINE_BYTES_MAX } from '../limits.ts';
import type { Connection } from './connection.ts';

const NEWLINE = 0x0a;
const KEEP_ALIVE_MS = 15_000;

/** The API server answered, but not with what was asked for. */
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
  /** Without a byte for so long it is given up. */
  readonly idleMsMax?: number;
}

export class ApiClient {
  readonly #connection: Connection;
  readonly #http: ReturnType<typeof httpModule>;
  readonly #sockets: InstanceType<ReturnType<typeof httpModule>['Agent']>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#http = httpModule(connection.url.startsWith('https:'));
    this.#sockets = new this.#http.Agent({ keepAlive: true, ...connection.tls });
  }

  /** @throws ApiStatusError, or what the network or the parser says */
  async get<T>(request: ApiRequest): Promise<T> {
    const response = await this.#open(request);
    return JSON.parse((await readAll(response, API_ANSWER_BYTES_MAX)).toString()) as T;
  }

  /**
   * Resolves when the server begins its answer, which has one object in each line and ends when the server ends it. An
   * object that is not complete then is left out. Throws as `get` does.
   */
  async lines<T>(request: ApiRequest): Promise<AsyncIterable<T>> {
    return objectsOf<T>(await this.#open(request));
  }

  close(): void {
    this.#sockets.destroy();
  }

  async #open({ path, query = {}, signal, idleMsMax = API_IDLE_MS_MAX }: ApiRequest): Promise<IncomingMessage> {
    const url = new URL(this.#connection.url + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const token = await this.#connection.token();
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = this.#http.request(url, { agent: this.#sockets, headers, signal, timeout: idleMsMax });
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('timeout', () => request.destroy(new Error(`the API server was silent for ${idleMsMax} ms`)));
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
    const response = await promise;
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    const body = await readAll(response, API_ANSWER_BYTES_MAX);
    throw new ApiStatusError(status, `the API server answers ${status}: ${messageOf(body)}`);
  }
}

/** The `message` of a Status object, or the beginning of whatever it is. */
function messageOf(body: Buffer): string {
  const text = body.toString('utf8', 0, 1000);
  try {
    const { message } = JSON.parse(text) as { message?: string };
    return message ?? text;
  } catch {
    return text;
  }
}

async function readAll(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw new Error(`an answer of the API server has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* objectsOf<T>(response: IncomingMessage): AsyncGenerator<T> {
  for await (const line of linesOf(response, API_LINE_BYTES_MAX)) yield JSON.parse(line) as T;
}

async function* linesOf(response: IncomingMessage, bytesMax: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    let start = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, newline));
      yield Buffer.concat(parts).toString();
      parts = [];
      sizeBytes = 0;
      start = newline + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    sizeBytes += chunk.length - start;
    if (sizeBytes > bytesMax) throw new Error(`a line of the API server has more than ${bytesMax} bytes`);
  }
}

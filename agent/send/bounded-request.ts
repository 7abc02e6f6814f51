/**
 * One request to the server and its whole answer, which may take a named time and have a named size: a server that drips a
 * byte a second, or that never ends, must neither hold the agent nor fill its memory. Redirects are not followed.
 */
import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { httpModule } from '../../shared/http-module.ts';
import { ANSWER_BYTES_MAX, CONNECT_MS_MAX, REQUEST_MS_MAX, SILENCE_MS_MAX } from '../limits.ts';

export interface BoundedRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | undefined;
  readonly connection: HttpAgent;
  readonly signal: AbortSignal;
  readonly requestMsMax?: number | undefined;
}

export interface BoundedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @throws when the server cannot be reached, or its answer goes beyond a limit */
export async function boundedRequest(options: BoundedRequest): Promise<BoundedAnswer> {
  const { url, method, headers, body, connection, signal, requestMsMax = REQUEST_MS_MAX } = options;
  const { promise, resolve, reject } = Promise.withResolvers<BoundedAnswer>();
  const { request: open } = httpModule(url.protocol === 'https:');
  const request = open(url, { method, agent: connection, headers, timeout: SILENCE_MS_MAX, signal });
  const fail = (problem: string): void => {
    request.destroy(new Error(problem));
  };
  const timer = setTimeout(() => fail(`no complete answer within ${requestMsMax} ms`), requestMsMax);
  const connectTimer = setTimeout(() => {
    if (request.socket?.connecting === true) fail(`no connection within ${CONNECT_MS_MAX} ms`);
  }, CONNECT_MS_MAX);
  request.on('timeout', () => fail(`no answer within ${SILENCE_MS_MAX} ms`));
  request.on('error', reject);
  request.on('response', (response) => {
    readAnswer(response).then(resolve, reject);
  });
  request.end(body);
  try {
    return await promise;
  } catch (error) {
    // What is left of the answer is not read.
    request.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(connectTimer);
  }
}

async function readAnswer(response: IncomingMessage): Promise<BoundedAnswer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > ANSWER_BYTES_MAX) throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

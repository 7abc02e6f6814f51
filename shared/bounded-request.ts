/**
 * Sends one HTTP request and reads its whole answer, within limits of time and size: a server that drips a byte a
 * second, or that never ends, must neither hold the caller nor fill its memory. Redirects are not followed.
 */
import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { httpModule } from './http-module.ts';

export interface RequestLimits {
  /** Time until a connection is made. */
  readonly connectMs: number;
  /** Time without a byte in either direction. */
  readonly silenceMs: number;
  /** Time until the answer is complete. */
  readonly requestMs: number;
  readonly answerBytes: number;
}

export interface BoundedRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | undefined;
  /** False opens a connection for this request alone. */
  readonly connection: HttpAgent | false;
  /** Certificate authority to trust instead of those of the system. */
  readonly ca?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits: RequestLimits;
}

/** The answer has more bytes than its limit. */
export class AnswerTooLongError extends Error {}

export interface BoundedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @throws when the server cannot be reached, or its answer exceeds a limit */
export async function boundedRequest(options: BoundedRequest): Promise<BoundedAnswer> {
  const { url, method, headers, body, connection, ca, signal, limits } = options;
  const { connectMs, silenceMs, requestMs, answerBytes } = limits;
  const { promise, resolve, reject } = Promise.withResolvers<BoundedAnswer>();
  const { request: open } = httpModule(url.protocol === 'https:');
  const request = open(url, {
    method,
    agent: connection,
    headers,
    timeout: silenceMs,
    signal,
    ...(ca !== undefined && { ca }),
  });
  const fail = (problem: string): void => {
    request.destroy(new Error(problem));
  };
  const timer = setTimeout(() => fail(`no complete answer within ${requestMs} ms`), requestMs);
  const connectTimer = setTimeout(() => {
    if (request.socket?.connecting === true) fail(`no connection within ${connectMs} ms`);
  }, connectMs);
  request.on('timeout', () => fail(`no answer within ${silenceMs} ms`));
  request.on('error', reject);
  request.on('response', (response) => {
    readAnswer(response, answerBytes).then(resolve, reject);
  });
  request.end(body);
  try {
    return await promise;
  } catch (error) {
    // The rest of the answer is not read.
    request.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(connectTimer);
  }
}

async function readAnswer(response: IncomingMessage, answerBytes: number): Promise<BoundedAnswer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > answerBytes) throw new AnswerTooLongError(`the answer is longer than ${answerBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

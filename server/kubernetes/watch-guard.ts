/**
 * Adds to the Kubernetes client's watch, from the layer below, what it lacks: a limit on the length of a line, the API
 * server's message when it refuses, and whether each line was understood (the client leaves out those that are not
 * JSON).
 */
import type { Dispatcher } from 'undici';

const NEWLINE = 0x0a;
const REFUSAL_BYTES_MAX = 4096;

/** Counts the lines of one response. Its `intercept` is composed with the dispatcher of the request. */
export class WatchGuard {
  /** Complete lines so far. */
  lineCount = 0;
  receivedBytes = 0;
  /** The body of an answer other than 200, or its beginning. */
  refusal = '';
  /** Why the guard has aborted the answer; its reader learns only that it ended. */
  failure: Error | undefined;
  readonly #lineBytesMax: number;
  #lineBytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  readonly intercept: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch(options, this.#watched(handler));

  #watched(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    /** A refusal is passed on only when complete: the reader would abort it at its beginning. */
    let handOn: (() => void) | undefined;
    return {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade: (controller, status, headers, socket) =>
        handler.onRequestUpgrade?.(controller, status, headers, socket),
      onResponseStart: (controller, status, headers, message) => {
        if (status === 200 || status < 200) return handler.onResponseStart?.(controller, status, headers, message);
        handOn = () => handler.onResponseStart?.(controller, status, headers, message);
      },
      onResponseData: (controller, chunk) => {
        if (handOn !== undefined) {
          if (this.refusal.length < REFUSAL_BYTES_MAX) this.refusal += chunk.toString('utf8', 0, REFUSAL_BYTES_MAX);
          return;
        }
        this.#count(chunk);
        if (this.#lineBytes <= this.#lineBytesMax) return handler.onResponseData?.(controller, chunk);
        this.failure = new Error(`a line of the API server has more than ${this.#lineBytesMax} bytes`);
        controller.abort(this.failure);
      },
      onResponseEnd: (controller, trailers) => {
        handOn?.();
        handler.onResponseEnd?.(controller, trailers);
      },
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    };
  }

  #count(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    let start = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, start)) {
      this.lineCount++;
      this.#lineBytes = 0;
      start = newline + 1;
    }
    this.#lineBytes += chunk.length - start;
  }
}

/**
 * Reads bodies: only for routes that take one, only from callers that the guard has let in, and no slower than the
 * limits allow. Any other body is not read before the answer is on its way; then a limited part of it is read and
 * discarded, because a client that is still sending loses the answer when its connection is closed.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PodlogError } from '../../shared/errors.ts';
import {
  BODY_BYTES_A_SECOND_MIN,
  BODY_BYTES_MAX,
  BODY_IDLE_MS_MAX,
  BODY_PACE_CHECK_MS,
  UNREAD_BODY_BYTES_MAX,
  UNREAD_BODY_MS_MAX,
} from '../limits.ts';
import type { BodyBudget } from './body-budget.ts';
import { callerOf } from './guard.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route reads the body of its requests. */
    takesBody?: boolean;
  }
  interface FastifyRequest {
    /** Takes bytes of the body budget until the request is answered. Undefined where the route takes no body. */
    holdBody: ((bytes: number) => void) | undefined;
  }
}

/** How slow a client may be; tests are faster than the limits. */
export interface BodyPace {
  readonly idleMsMax: number;
  readonly unreadMsMax: number;
  readonly checkMs: number;
}

const PACE: BodyPace = {
  idleMsMax: BODY_IDLE_MS_MAX,
  unreadMsMax: UNREAD_BODY_MS_MAX,
  checkMs: BODY_PACE_CHECK_MS,
};

/** Initial capacity for a body, which doubles as the body grows: an agent's batch fits. */
const CAPACITY_BYTES_MIN = 512 * 1024;

/** @param app  with the guard's hook, which comes before those of bodies */
export function receiveBodies(app: FastifyInstance, budget: BodyBudget, pace: BodyPace = PACE): void {
  // Node would ask for the body at once, so a client that is going to be refused would send it.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response));
  // Other expectations are refused with a message (request.ts), which Node does not give.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.decorateRequest('holdBody');
  app.addHook('preParsing', async (request, reply) => {
    if (request.is404 || request.routeOptions.config.takesBody !== true) return;
    const { headers } = request;
    const declaredBytes = Number(headers['content-length'] ?? 0);
    if (declaredBytes > BODY_BYTES_MAX) throw tooLarge();
    const held = budget.begin(callerOf(request), declaredBytes);
    request.holdBody = (bytes) => held.take(bytes);
    // Emitted once, whether the answer was sent or the client went away.
    reply.raw.once('close', () => held[Symbol.dispose]());
    if (headers.expect !== undefined) reply.raw.writeContinue();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
    request.holdBody === undefined ? undefined : receive(payload, request.holdBody, pace),
  );
  app.addHook('onSend', async ({ raw }, reply) => {
    if (raw.complete || raw.destroyed) return;
    reply.removeHeader('connection');
    readPast(raw, pace);
  });
}

/**
 * Copies the bytes out of the chunks, so that a body of tiny chunks takes no more memory than another one.
 * @throws PodlogError  the body is too large, too slow or beyond the budget; or the client is gone
 */
function receive(payload: IncomingMessage, hold: (bytes: number) => void, pace: BodyPace): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const sizeBytesMax = Number(payload.headers['content-length'] ?? BODY_BYTES_MAX);
  let body = Buffer.allocUnsafeSlow(Math.min(CAPACITY_BYTES_MIN, sizeBytesMax));
  let sizeBytes = 0;
  const begunMs = performance.now();
  let arrivedMs = begunMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const dueBytes = ((nowMs - begunMs - pace.idleMsMax) / 1000) * BODY_BYTES_A_SECOND_MIN;
    if (nowMs - arrivedMs > pace.idleMsMax || sizeBytes < dueBytes) finish(tooSlow());
  }, pace.checkMs);
  const take = (chunk: Buffer): void => {
    arrivedMs = performance.now();
    try {
      if (sizeBytes + chunk.length > BODY_BYTES_MAX) throw tooLarge();
      hold(chunk.length);
    } catch (error) {
      finish(error);
      return;
    }
    const neededBytes = sizeBytes + chunk.length;
    if (neededBytes > body.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(neededBytes, Math.min(2 * body.length, sizeBytesMax)));
      body.copy(larger, 0, 0, sizeBytes);
      body = larger;
    }
    chunk.copy(body, sizeBytes);
    sizeBytes = neededBytes;
  };
  const end = (): void => finish(undefined);
  const gone = (): void => finish(new PodlogError('PODLOG_BODY_CUT_OFF', 400, 'the connection ended within the body'));
  function finish(error: unknown): void {
    clearInterval(timer);
    payload.off('data', take).off('end', end).off('error', gone).off('close', gone);
    // A body that fills its buffer can be transferred to a worker.
    if (error === undefined) resolve(sizeBytes === body.length ? body : Buffer.from(body.buffer.transfer(sizeBytes)));
    else reject(error);
  }
  payload.on('data', take).on('end', end).on('error', gone).on('close', gone);
  return promise;
}

/** Discards the rest of a body, and closes the connection when the rest is too large or takes too long. */
function readPast(request: IncomingMessage, { unreadMsMax }: BodyPace): void {
  const { socket } = request;
  let sizeBytes = 0;
  const timer = setTimeout(() => socket.destroy(), unreadMsMax);
  const stop = (): void => clearTimeout(timer);
  request
    .on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > UNREAD_BODY_BYTES_MAX) socket.destroy();
    })
    .once('end', stop)
    .once('close', stop);
  request.resume();
}

function tooLarge(): PodlogError {
  const message = `the body is larger than ${BODY_BYTES_MAX} bytes: send fewer lines at once`;
  return new PodlogError('PODLOG_BODY_TOO_LARGE', 413, message);
}

function tooSlow(): PodlogError {
  const message = `the body arrives too slowly: at least ${BODY_BYTES_A_SECOND_MIN} bytes a second are expected, without long pauses`;
  return new PodlogError('PODLOG_BODY_TOO_SLOW', 408, message);
}

/** `GET /loki/api/v1/tail`: a log query, live, by WebSocket. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { PodlogError } from '../../../shared/errors.ts';
import { ANSWER_STALLED_MS_MAX, LOKI_TAIL_DELAY_SECONDS_MAX, LOKI_TAIL_PING_MS } from '../../limits.ts';
import { predicateOf } from '../../query/logql/select.ts';
import { LINES } from '../../query/logql/rows.ts';
import type { LogExpr, Query } from '../../query/logql/syntax/ast.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { gathered, NewLines, storedLines, type TailQuestion } from '../../query/logql/tail.ts';
import { instantOfMs } from '../../../shared/time.ts';
import { acceptSocket } from '../sockets.ts';
import { cutOffStalled } from '../stalled-answers.ts';
import { lokiAskerOf } from './asker.ts';
import { type Form, formOf, LokiRequestError } from './form.ts';
import { assertLines, assertRange, isCategorized, parseBounds, parseLines } from './parameters.ts';
import { type QueryRoutes, visibleOf } from './query.ts';
import { tailMessages } from './tail-messages.ts';

export interface TailRoutes extends QueryRoutes {
  /** Aborted when the server closes, with an error for clients. */
  readonly closing: AbortSignal;
  readonly log: Logger;
}

export function registerTail(app: FastifyInstance, routes: TailRoutes): void {
  app.get('/loki/api/v1/tail', async (request, reply) => {
    const { expr, start, limit, delayMs } = parseTail(formOf(request), routes.now());
    if (expr.kind !== 'log') return close(await acceptSocket(request, reply), new LokiRequestError(NO_METRICS));
    return tail(routes, { expr, start, limit, delayMs }, request, reply);
  });
}

const NO_METRICS = 'only log selector is supported';

interface TailAsked<E = LogExpr> {
  readonly expr: E;
  readonly start: bigint;
  readonly limit: number;
  readonly delayMs: number;
}

/** @throws LogqlError, LokiRequestError */
function parseTail(form: Form, nowMs: number): TailAsked<Query> {
  const expr = parseQuery(form.get('query') ?? '');
  const limit = parseLines(form);
  const { start } = parseBounds(form, nowMs);
  const delay = form.get('delay_for') ?? '0';
  if (!/^[-+]?\d{1,15}$/.test(delay)) {
    throw new LokiRequestError(`strconv.Atoi: parsing ${JSON.stringify(delay)}: invalid syntax`);
  }
  if (Number(delay) > LOKI_TAIL_DELAY_SECONDS_MAX || Number(delay) < 0) {
    throw new LokiRequestError(`delay_for can't be greater than ${LOKI_TAIL_DELAY_SECONDS_MAX}`);
  }
  return { expr, start, limit, delayMs: Number(delay) * 1000 };
}

/**
 * Joins the live tails before the client is answered, so that no line is missed from then on.
 * @throws UnavailableError  there are too many live tails
 */
async function tail(
  routes: TailRoutes,
  { expr, start, limit, delayMs }: TailAsked,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { engine, discovery, limits, now, closing, log } = routes;
  const nowMs = now();
  const bounds = { start, end: instantOfMs(nowMs) };
  const question: TailQuestion = {
    expr,
    // Lines may have times that are ahead of this server's clock.
    visible: { ...visibleOf(request, bounds, nowMs), to: undefined },
    limit,
    isCategorized: isCategorized(request.headers['x-loki-response-encoding-flags']),
    discovery,
    nowMs,
  };
  assertLines(limit, limits);
  const newLines = new NewLines(question);
  const ends = request.revoked === undefined ? [closing] : [closing, request.revoked];
  const asker = lokiAskerOf(routes, request, reply, ends);
  const { history, news } = engine.followAfter(asker, (view, query) => storedLines(question, view, query), {
    predicate: predicateOf(expr, { ...question.visible, from: undefined }, discovery),
    sink: LINES,
    onDropped: (block) => newLines.drop(block),
  });
  const socket = await acceptSocket(request, reply);
  cutOffStalled(reply.raw, ANSWER_STALLED_MS_MAX);
  using pinging = new DisposableStack();
  pinging.use(pinged(socket));
  const send = async (lines: Parameters<typeof tailMessages>[0]): Promise<void> => {
    for (const message of tailMessages(lines, newLines.takeDropped(), question.isCategorized)) {
      asker.signal.throwIfAborted();
      await new Promise<void>((resolve) => socket.send(message, () => resolve()));
    }
  };
  try {
    assertRange(bounds, limits);
    {
      using stored = await history();
      await send(stored.lines);
    }
    const arriving = async function* () {
      for await (const block of news()) yield await newLines.of(block, asker.signal);
    };
    for await (const lines of gathered(arriving(), delayMs)) {
      await send(lines);
      // What was lost meanwhile is not followed by a line, perhaps.
      await send([]);
    }
  } catch (error) {
    if (!asker.signal.aborted && !(error instanceof PodlogError)) log.error({ err: error }, 'live tail failed');
    close(socket, asker.signal.aborted ? asker.signal.reason : error, closing.aborted);
  }
}

/** A client that reads slowly gets none: what it does not read would never count as a stall. */
function pinged(socket: WebSocket): Disposable {
  const timer = setInterval(() => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.ping();
  }, LOKI_TAIL_PING_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;
/** A reason is part of a control frame, which is short. */
const REASON_BYTES_MAX = 123;

/** As Loki does, whatever the reason is. */
function close(socket: WebSocket, error: unknown, isGoingAway = false): void {
  const text = error instanceof PodlogError ? error.message : 'unexpected failure; see the server log';
  const reason = Buffer.from(text)
    .subarray(0, REASON_BYTES_MAX)
    .toString()
    .replace(/\uFFFD+$/, '');
  socket.close(isGoingAway ? GOING_AWAY : INTERNAL_ERROR, reason);
}

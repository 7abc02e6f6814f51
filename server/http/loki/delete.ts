/** `/loki/api/v1/delete`: erasures, as clients of Loki request and list them. */
import { sendPlainJson } from './answers.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { instantOfMs, NS_PER_MS } from '../../../shared/time.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { LOKI_DELETE_BYTES_MAX } from '../../limits.ts';
import { isExact, predicateOf } from '../../query/logql/select.ts';
import type { LogExpr } from '../../query/logql/syntax/ast.ts';
import { goDuration, parseGoDuration } from '../../query/logql/syntax/durations.ts';
import { LogqlError } from '../../query/logql/syntax/errors.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { printQuery } from '../../query/logql/syntax/print.ts';
import type { ErasureRequest, ErasureStatus } from '../../store/erasure-status.ts';
import type { LogStore } from '../../store/log-store.ts';
import { isOnlyNegative } from '../../store/predicate.ts';
import { by } from '../asker.ts';
import { sendText } from './errors.ts';
import { type Form, formOf, LokiRequestError } from './form.ts';
import { type QueryRoutes, visibleOf } from './query.ts';

const PATH = '/loki/api/v1/delete';

export interface DeleteRoutes extends Pick<QueryRoutes, 'discovery' | 'now'> {
  readonly logs: Pick<LogStore, 'erase' | 'erasures' | 'erasure'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly log: Logger;
}

export function registerDelete(app: FastifyInstance, routes: DeleteRoutes): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error, _request, reply) => sendText(error, routes.log, reply, '\n'));
    const request = (asked: FastifyRequest, reply: FastifyReply): Promise<unknown> => erase(routes, asked, reply);
    scope.post(PATH, { config: { takesBody: true } }, request);
    scope.put(PATH, { config: { takesBody: true } }, request);
    scope.get(PATH, async (_request, reply) => {
      const requests = routes.logs.erasures().flatMap((status) => listed(status) ?? []);
      return sendPlainJson(reply, requests, '\n');
    });
    scope.delete(PATH, async (asked) => {
      const status = routes.logs.erasure(formOf(asked).get('request_id') ?? '');
      if (status?.request === undefined) throw new LokiRequestError(UNKNOWN, 404);
      throw new LokiRequestError(BEGUN);
    });
  });
}

const UNKNOWN = 'could not find delete request with given id';
/** Erasures begin at once. */
const BEGUN = 'deletion of request which is in process or already processed is not allowed';

async function erase(
  { logs, discovery, audit, now }: DeleteRoutes,
  asked: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const nowMs = now();
  const { expr, request } = parseDelete(formOf(asked), nowMs);
  const { startMs, endMs } = request;
  // The end is part of it.
  const bounds = { start: instantOfMs(startMs), end: instantOfMs(endMs) + 1n };
  if (!isExact(expr, discovery)) throw new LokiRequestError(INEXACT);
  // What the caller may see narrows the request, but does not count as a selector.
  const anyones = predicateOf(expr, visibleOf({ namespaces: 'all' }, bounds, nowMs), discovery);
  if (isOnlyNegative(anyones.where)) throw new LokiRequestError(TOO_WIDE);
  const filter = predicateOf(expr, visibleOf(asked, bounds, nowMs), discovery);
  const { id, names } = await logs.erase(filter, false, request);
  await audit.record({ action: 'erasure requested', ...by(asked), details: { id, filters: names } });
  return reply.code(204).send();
}

const INEXACT =
  'only lines of a stream selector, with line filters, can be deleted: not by label filters, patterns, ip() or a level';
const TOO_WIDE =
  'the selector only says which streams stay, and all others would be deleted: name at least one label that they have';

/** @throws LokiRequestError  in the words and the order of Loki */
function parseDelete(form: Form, nowMs: number): { readonly expr: LogExpr; readonly request: ErasureRequest } {
  const text = form.get('query');
  if (text === undefined) throw new LokiRequestError('query not set');
  if (Buffer.byteLength(text) > LOKI_DELETE_BYTES_MAX) {
    throw new LokiRequestError(`the query is longer than ${LOKI_DELETE_BYTES_MAX} bytes`);
  }
  const expr = parseLines(text);
  const start = form.get('start');
  if (start === undefined) throw new LokiRequestError('start time not set');
  const startMs = parseSecondsOrRfc3339('start', start);
  const end = form.get('end');
  const endMs = end === undefined ? nowMs : parseSecondsOrRfc3339('end', end);
  if (endMs > nowMs) throw new LokiRequestError('deletes in the future are not allowed');
  if (startMs > endMs) throw new LokiRequestError("start time can't be greater than end time");
  if (expr.stages.length > 0) assertInterval(form.get('max_interval'), endMs - startMs);
  return { expr, request: { text, textWithoutValues: printQuery(valuesCut(expr)), startMs, endMs } };
}

function parseLines(text: string): LogExpr {
  try {
    const expr = parseQuery(text);
    if (expr.kind === 'log') return expr;
  } catch (error) {
    if (!(error instanceof LogqlError)) throw error;
  }
  throw new LokiRequestError('invalid query expression');
}

/** Parses seconds of ten digits, or RFC 3339. Queries take more forms. */
function parseSecondsOrRfc3339(name: string, text: string): number {
  const ms = /^\d{10}$/.test(text) ? Number(text) * 1000 : WHOLE_RFC3339.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw new LokiRequestError(`invalid ${name} time: require unix seconds or RFC3339 format`);
  return ms;
}

const WHOLE_RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/;

/** Loki cuts a request with line filters into such intervals. An erasure is not cut, but what Loki refuses is refused. */
function assertInterval(text: string | undefined, lengthMs: number): void {
  if (text === undefined) {
    if (lengthMs >= 1000) return;
    throw new LokiRequestError('difference between start time and end time must be at least one second');
  }
  const ns = parseGoDuration(text);
  if (ns === undefined || ns < 1_000_000_000n) {
    throw new LokiRequestError("invalid max_interval: valid time units are 's', 'm', 'h'");
  }
  const lengthNs = BigInt(lengthMs) * BigInt(NS_PER_MS);
  if (ns <= lengthNs) return;
  throw new LokiRequestError(`max_interval can't be greater than the interval to be deleted (${goDuration(lengthNs)})`);
}

function valuesCut({ matchers, stages }: LogExpr): LogExpr {
  return {
    kind: 'log',
    matchers: matchers.map((matcher) => ({ ...matcher, value: '…' })),
    stages: stages.map((stage) =>
      stage.kind === 'line' ? { ...stage, texts: stage.texts.map((each) => ({ ...each, text: '…' })) } : stage,
    ),
  };
}

function listed({ id, requestedMs, state, request, segments }: ErasureStatus): object | undefined {
  if (request === undefined) return undefined;
  const { text, startMs, endMs } = request;
  return {
    request_id: id,
    start_time: startMs / 1000,
    end_time: endMs / 1000,
    query: text,
    status: state === 'done' ? 'processed' : progress(segments),
    created_at: requestedMs / 1000,
  };
}

function progress({ done, total }: ErasureStatus['segments']): string {
  return done === 0 ? 'received' : `${Math.floor((done / total) * 100)}% Complete`;
}

/**
 * `DELETE /logs?user_id=123`: erases what `GET /logs` with the same filters finds, as a job; `GET /erasures` and `GET
 * /erasures/{id}` report its progress.
 */
import type { FastifyInstance } from 'fastify';
import { ParameterError, PodlogError } from '../../shared/errors.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import { type AuthorizedQuery, parseFilters, type QueryString } from '../query/parameters.ts';
import type { ErasureStatus } from '../store/erasure-status.ts';
import type { LogStore } from '../store/log-store.ts';
import { isEverything, isOnlyNegative, type Predicate } from '../store/predicate.ts';

export interface EraseRoutes {
  readonly logs: Pick<LogStore, 'erase' | 'erasures' | 'erasure'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerErase(app: FastifyInstance, { logs, now }: EraseRoutes): void {
  app.delete<{ Querystring: QueryString }>('/logs', async (request, reply) => {
    const status = await logs.erase(parseErasure(request, now()));
    return reply.code(202).header('location', `/erasures/${status.id}`).send(answerOf(status));
  });

  app.get('/erasures', async () => ({ erasures: logs.erasures().map(answerOf) }));

  app.get<{ Params: { id: string } }>('/erasures/:id', async (request) => {
    const status = logs.erasure(request.params.id);
    if (status !== undefined) return answerOf(status);
    throw new PodlogError('PODLOG_NO_ERASURE', 404, 'there is no such erasure; GET /erasures lists them');
  });
}

/** @throws ParameterError, also when it would erase everything, or everything but some lines, at any time */
function parseErasure(authorized: AuthorizedQuery, nowMs: number): Predicate {
  const filter = parseFilters(authorized, nowMs);
  if (filter.from !== undefined || filter.to !== undefined || !isOnlyNegative(filter.where)) return filter;
  const problem = isEverything(filter.where)
    ? 'missing, and all lines would be erased'
    : 'only says which lines stay, and all others would be erased, also those that lack the name';
  throw new ParameterError(
    'filter',
    problem,
    'at least one of labels, fields and q that is not negated, or since or until',
    'user_id=123',
  );
}

/** The values of the filters are not part of the answer: they may be what is to be erased. */
function answerOf({ id, state, requestedMs, doneMs, names, segments, rowCount, problem }: ErasureStatus) {
  return {
    id,
    state,
    filters: names,
    requested: formatInstant(instantOfMs(requestedMs)),
    done: doneMs === undefined ? null : formatInstant(instantOfMs(doneMs)),
    segments,
    rows: rowCount,
    ...(problem !== undefined && { problem }),
  };
}

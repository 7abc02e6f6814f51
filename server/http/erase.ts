/**
 * `DELETE /logs?user_id=123`: erases what `GET /logs` with the same filters finds, as a job, or with `dry_run=true` says
 * what it would erase; `GET /erasures` and `GET /erasures/{id}` report its progress.
 */
import type { FastifyInstance } from 'fastify';
import { ParameterError, PodlogError } from '../../shared/errors.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import { AGGREGATE_LIMIT_MAX } from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { type AuthorizedQuery, parseFilters, parseFlag, type QueryString } from '../query/parameters.ts';
import type { ErasureStatus } from '../store/erasure-status.ts';
import type { LogStore } from '../store/log-store.ts';
import { isEverything, isOnlyNegative, type Predicate } from '../store/predicate.ts';
import { understood } from './advice.ts';

export interface EraseRoutes {
  readonly engine: QueryEngine;
  readonly logs: Pick<LogStore, 'erase' | 'erasures' | 'erasure'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const ERASE_NAMES: readonly string[] = ['all', 'dry_run'];

export function registerErase(app: FastifyInstance, { engine, logs, now }: EraseRoutes): void {
  app.delete<{ Querystring: QueryString }>('/logs', async (request, reply) => {
    const nowMs = now();
    const filter = parseErasure(request, nowMs);
    const { asker, withHints } = await understood(engine, request, reply, {
      ownNames: ERASE_NAMES,
      nowMs,
      isErasure: true,
    });
    if (parseFlag(request.query, 'dry_run')) {
      const plan = { ...filter, by: ['namespace'], measures: [], stepNs: undefined, limit: AGGREGATE_LIMIT_MAX };
      const { answer } = await engine.run(asker, (view, query) => view.aggregate(plan, query));
      const namespaces = answer.cells.map(({ by: [namespace = ''], rows }) => ({ namespace, rows }));
      const rows = namespaces.reduce((sum, each) => sum + each.rows, 0);
      return withHints({ dry_run: true, rows, namespaces }, rows === 0);
    }
    const status = await logs.erase(filter);
    return reply.code(202).header('location', `/erasures/${status.id}`).send(answerOf(status));
  });

  app.get('/erasures', async () => ({ erasures: logs.erasures().map(answerOf) }));

  app.get<{ Params: { id: string } }>('/erasures/:id', async (request) => {
    const status = logs.erasure(request.params.id);
    if (status !== undefined) return answerOf(status);
    throw new PodlogError('PODLOG_NO_ERASURE', 404, 'there is no such erasure; GET /erasures lists them');
  });
}

/**
 * A filter is wanted besides the time, because a mistake in it would erase what nobody wanted to lose.
 * @throws ParameterError  without `all`, also where the filter only says which lines stay
 */
function parseErasure({ query, namespaces }: AuthorizedQuery, nowMs: number): Predicate {
  const parse = (of: AuthorizedQuery['namespaces']): Predicate =>
    parseFilters({ query, namespaces: of }, nowMs, ERASE_NAMES);
  // What the caller may see narrows an erasure, but is no filter that somebody wrote.
  const { where } = parse('all');
  if (parseFlag(query, 'all') || !isOnlyNegative(where)) return parse(namespaces);
  const problem = isEverything(where)
    ? 'missing, and all lines of the time range would be erased'
    : 'only says which lines stay, and all others would be erased, also those that lack the name';
  throw new ParameterError(
    'filter',
    problem,
    'at least one of labels, fields and q that is not negated, or all=true',
    'user_id=123, or until=90d&all=true',
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

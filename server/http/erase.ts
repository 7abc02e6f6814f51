/**
 * `DELETE /logs?user_id=123`: erases what `GET /logs` with the same filters finds, as a job, or with `dry_run=true` says
 * what it would erase; `GET /erasures` and `GET /erasures/{id}` report its progress; `DELETE /erasures/{id}` ends its memory.
 */
import type { FastifyInstance } from 'fastify';
import { ParameterError, PodlogError } from '../../shared/errors.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import { AGGREGATE_LIMIT_MAX } from '../limits.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { QueryEngine } from '../query/engine.ts';
import { type AuthorizedQuery, parseFilters, parseFlag, type QueryString } from '../query/parameters.ts';
import type { ErasureStatus } from '../store/erasure-status.ts';
import type { LogStore } from '../store/log-store.ts';
import { isEverything, isOnlyNegative, type Predicate } from '../store/predicate.ts';
import { hinted, understood } from './advice.ts';
import { by } from './asker.ts';

export interface EraseRoutes {
  readonly engine: QueryEngine;
  readonly logs: Pick<LogStore, 'erase' | 'erasures' | 'erasure' | 'forgetErasure'>;
  readonly audit: AuditLog;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const ERASE_NAMES: readonly string[] = ['all', 'dry_run', 'remember'];

export function registerErase(app: FastifyInstance, { engine, logs, audit, now }: EraseRoutes): void {
  app.delete<{ Querystring: QueryString }>('/logs', async (request, reply) => {
    const nowMs = now();
    const filter = parseErasure(request, nowMs);
    const { asker, withHints, nameHints } = await understood(engine, request, reply, {
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
    // Lines that come later may have a name that none has now, so that it is no reason to refuse the erasure.
    const hints = await nameHints();
    const status = await logs.erase(filter, isRemembered(request.query));
    const details = { id: status.id, filters: status.names };
    await audit.record({ action: 'erasure requested', ...by(request), details });
    void reply.code(202).header('location', `/erasures/${status.id}`);
    return hinted(reply, answerOf(status), hints);
  });

  app.get('/erasures', async () => ({ erasures: logs.erasures().map(answerOf) }));

  app.get<{ Params: { id: string } }>('/erasures/:id', async ({ params }) => answerOf(found(logs.erasure(params.id))));

  app.delete<{ Params: { id: string } }>('/erasures/:id', async (request) => {
    const status = found(await logs.forgetErasure(request.params.id));
    await audit.record({ action: 'erasure forgotten', ...by(request), details: { id: status.id } });
    return answerOf(status);
  });
}

function found(status: ErasureStatus | undefined): ErasureStatus {
  if (status !== undefined) return status;
  throw new PodlogError('PODLOG_NO_ERASURE', 404, 'there is no such erasure; GET /erasures lists them');
}

/** What is erased whoever it is about, such as all that is old, is mostly wanted when it is pushed again. */
function isRemembered(query: QueryString): boolean {
  return query['remember'] === undefined ? !parseFlag(query, 'all') : parseFlag(query, 'remember');
}

/**
 * A filter is wanted besides the time, because a mistake in the time alone would erase lines by accident.
 * @throws ParameterError  without `all`, also where the filter only says which lines stay
 */
function parseErasure({ query, namespaces }: AuthorizedQuery, nowMs: number): Predicate {
  if (query['previous'] !== undefined) {
    const problem = 'not for an erasure: which run that is changes with the next restart';
    throw new ParameterError('previous', problem, 'restart, or line.run', 'pod=api-1&container=api&restart=2');
  }
  const parse = (of: AuthorizedQuery['namespaces']): Predicate =>
    parseFilters({ query, namespaces: of }, nowMs, ERASE_NAMES);
  // What the caller may see narrows an erasure, but does not count as a filter.
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
function answerOf(status: ErasureStatus) {
  const { id, state, requestedMs, doneMs, rememberedUntilMs, names, segments, rowCount, problem } = status;
  return {
    id,
    state,
    filters: names,
    requested: formatInstant(instantOfMs(requestedMs)),
    done: doneMs === undefined ? null : formatInstant(instantOfMs(doneMs)),
    remembered_until: rememberedUntilMs === undefined ? null : timeOrForever(rememberedUntilMs),
    segments,
    rows: rowCount,
    ...(problem !== undefined && { problem }),
  };
}

function timeOrForever(ms: number): string {
  return ms === Infinity ? 'forever' : formatInstant(instantOfMs(ms));
}

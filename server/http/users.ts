/** `GET /users/{user_id}`: the requests of a user in a time range, and their totals. */
import type { FastifyInstance } from 'fastify';
import { formatInstant, instantOfMs, MS_PER_DAY, NS_PER_MS } from '../../shared/time.ts';
import { USER_ID_NAMES } from '../../shared/request-names.ts';
import { USER_REQUESTS_DEFAULT, USER_REQUESTS_MAX } from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { parseCount, parseFilters, type QueryString } from '../query/parameters.ts';
import { userOf } from '../query/user.ts';
import { hinted, understood } from './advice.ts';
import { errorBody } from './errors.ts';
import { parseId } from './requests.ts';

export interface UserRoutes {
  readonly engine: QueryEngine;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Covers what a user who reports a problem did today. */
const RANGE_DEFAULT_NS = BigInt(MS_PER_DAY * NS_PER_MS);

const LIMIT: readonly string[] = ['limit'];

export function registerUsers(app: FastifyInstance, { engine, now }: UserRoutes): void {
  app.get<{ Querystring: QueryString; Params: { id: string } }>('/users/:id', async (request, reply) => {
    const nowMs = now();
    const { query, namespaces, params } = request;
    const id = parseId(params.id, 'users/12345');
    const filters = parseFilters(request, nowMs, LIMIT);
    const limit = parseCount(query, 'limit', 1, USER_REQUESTS_MAX, USER_REQUESTS_DEFAULT);
    const to = filters.to ?? instantOfMs(nowMs) + 1n;
    const from = filters.from ?? to - RANGE_DEFAULT_NS;
    const visible = parseFilters({ query: {}, namespaces }, nowMs);
    const { asker, nameHints, withHints } = await understood(engine, request, reply, { ownNames: LIMIT, nowMs });
    const { answer } = await engine.run(asker, (view, asked) =>
      userOf({ id, predicate: { ...filters, from, to }, visible, limit }, view, asked),
    );
    const range = { since: formatInstant(from), until: formatInstant(to) };
    if (answer === undefined) {
      const message = `no request from ${range.since} to ${range.until} is of a user ${JSON.stringify(id)}; an id is looked for as a whole, in lines that have two of method, path and status; since and until set the range`;
      const lookedFor = { names: USER_ID_NAMES, ...range };
      const none = { ...errorBody('PODLOG_NO_USER', message), id, looked_for: lookedFor, requests: [] };
      return reply.code(404).send(hinted(reply, none, await nameHints()));
    }
    const { nextUntil, ...rest } = answer;
    const next = nextUntil === undefined ? {} : { next: { until: formatInstant(nextUntil) } };
    return withHints({ id, ...range, ...rest, ...next }, false);
  });
}

/** `GET` and `POST /api/prom/query`: lines in the form of Loki before 1.0. */
import type { FastifyInstance } from 'fastify';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { JSON_TYPE, oldStreamsAnswer } from './answers.ts';
import { LokiRequestError } from './form.ts';
import { getOrPost } from './get-or-post.ts';
import { parseBounds } from './parameters.ts';
import { type LinesRoutes, linesOf } from './query.ts';

export function registerOldQuery(app: FastifyInstance, routes: LinesRoutes): void {
  getOrPost(app, '/api/prom/query', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const nowMs = routes.now();
    const bounds = parseBounds(form, nowMs);
    const expr = parseQuery(queryOf(form.get('query') ?? '', form.get('regexp')));
    if (expr.kind !== 'log') throw new LokiRequestError(ONLY_LINES);
    const { streams, cost } = await linesOf(routes, { expr, bounds, nowMs }, form, request, reply);
    return oldStreamsAnswer(streams, cost);
  });
}

const ONLY_LINES = 'rpc error: code = Code(400) desc = legacy endpoints only support streams result type';

/** A regular expression that lines have was a parameter of its own. */
function queryOf(query: string, regexp: string | undefined): string {
  return regexp === undefined ? query : `${query} |~ ${JSON.stringify(regexp)}`;
}

/** `GET` and `POST /loki/api/v1/format_query`: a query in the form that each has, over several lines if it is long. */
import type { FastifyInstance } from 'fastify';
import { LogqlError } from '../../query/logql/syntax/errors.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { prettyQuery } from '../../query/logql/syntax/pretty.ts';
import { getOrPost } from './get-or-post.ts';

export function registerFormatQuery(app: FastifyInstance): void {
  getOrPost(app, '/loki/api/v1/format_query', async (form, _request, reply) => {
    void reply.type('application/json; charset=utf-8');
    try {
      return { status: 'success', data: prettyQuery(parseQuery(form.get('query') ?? '')) };
    } catch (error) {
      if (!(error instanceof LogqlError)) throw error;
      return reply.code(error.status).send({ status: 'invalid-query', error: error.message });
    }
  });
}

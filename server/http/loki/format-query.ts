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
      return goJson({ status: 'success', data: prettyQuery(parseQuery(form.get('query') ?? '')) });
    } catch (error) {
      if (!(error instanceof LogqlError)) throw error;
      return reply.code(error.status).send(goJson({ status: 'invalid-query', error: error.message }));
    }
  });
}

/** Writes JSON as Go does: safe within HTML, and with a newline at its end. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `${text}\n`;
}

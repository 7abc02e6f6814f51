/** A route that takes its parameters in the URL (GET) or as a form (POST). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Form, formOf } from './form.ts';

export type Answerer = (form: Form, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export function getOrPost(app: FastifyInstance, path: string, answer: Answerer): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    answer(formOf(request), request, reply);
  app.get(path, handler);
  app.post(path, { config: { takesBody: true } }, handler);
}

/**
 * Refuses parameters that a route does not know, on the routes without filters: an answer that ignores one of them would
 * look like the answer to it (`/erasures?user_id=7`).
 */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { didYouMean } from '../../shared/nearest.ts';
import type { QueryString } from '../query/parameters.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Undefined where the route judges them itself. */
    parameters?: readonly string[];
  }
}

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  'GET /agents': [],
  'GET /explain': ['query', 'since', 'until', 'tz', 'step', 'order', 'limit', 'run'],
  'GET /login': [],
  'GET /login/oidc': ['to'],
  'GET /session': [],
  'POST /session': [],
  'DELETE /session': [],
  'GET /views': [],
  'GET /views/:name': [],
  'PUT /views/:name': [],
  'DELETE /views/:name': ['shared'],
  'GET /erasures': [],
  'GET /erasures/:id': [],
  'POST /snapshots': ['name'],
  'GET /snapshots': [],
  'DELETE /snapshots/:name': [],
  'POST /check': [],
};

/** Must be called before any route is registered. */
export function refuseUnknownParameters(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const method = [route.method].flat()[0]!.replace('HEAD', 'GET');
    const parameters = PARAMETERS[`${method} ${route.url}`];
    if (parameters !== undefined) route.config = { ...route.config, parameters };
  });
  app.addHook('preHandler', async (request) => {
    const { parameters } = request.routeOptions.config;
    if (parameters !== undefined) assertKnown(request.query as QueryString, parameters);
  });
}

/** @throws ParameterError */
function assertKnown(query: QueryString, known: readonly string[]): void {
  const unknown = Object.keys(query).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const problem = `not a parameter of this route${didYouMean(unknown, known)}`;
  const allowed = known.length === 0 ? 'none' : known.join(', ');
  throw new ParameterError(unknown, problem, allowed, known.length === 0 ? 'the path alone' : `${known[0]}=…`);
}

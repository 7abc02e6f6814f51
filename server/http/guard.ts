/**
 * Who may use which route, and the hook that asks. A route that the table lacks keeps the server from starting, so no
 * route can be open by mistake; and routes get their filters through `namespaces` of the request (parseFilters), so none
 * can forget whose lines the caller may see.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Caller, mayUse, type Scope, type Visible } from '../auth/caller.ts';
import { ForbiddenError } from '../../shared/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the caller may see. Not set before the guard has let the request in: filters then throw. */
    namespaces: Visible;
  }
  interface FastifyContextConfig {
    access?: Access;
  }
}

/** `read`: narrowed to the namespaces of the caller. `read all`: it cannot be, so it is for those who see all. */
export type Access = 'open' | 'read all' | Scope;

const ACCESS: Readonly<Record<string, Access>> = {
  // For probes: they tell nothing but whether it works.
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'metrics',

  'POST /agent/batch': 'agent',
  'GET /agent/positions': 'agent',
  'POST /ingest': 'ingest',

  'GET /logs': 'read',
  'GET /labels': 'read',
  'GET /labels/:name/values': 'read',
  'GET /histogram': 'read',
  'GET /aggregate': 'read',
  'GET /fields': 'read',
  'GET /stats': 'read all',

  'DELETE /logs': 'admin',
  'GET /erasures': 'admin',
  'GET /erasures/:id': 'admin',
  'POST /snapshots': 'admin',
  'GET /snapshots': 'admin',
  'DELETE /snapshots/:name': 'admin',
  'POST /check': 'admin',
};

export interface GuardOptions {
  /** Undefined: everybody may do everything. */
  readonly authenticator: Authenticator | undefined;
  readonly openMetrics: boolean;
}

/** Before any route is registered, and before hooks that cost more than this one. */
export function guard(app: FastifyInstance, { authenticator, openMetrics }: GuardOptions): void {
  app.decorateRequest('namespaces');
  app.addHook('onRoute', (route) => {
    const access = accessTo([route.method].flat(), route.url);
    route.config = { ...route.config, access: access === 'metrics' && openMetrics ? 'open' : access };
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (authenticator === undefined) request.namespaces = 'all';
    else if (access !== 'open') request.namespaces = await admitted(request, access!, authenticator);
  });
}

/** HEAD is GET without the answer's body. */
function accessTo(methods: readonly string[], url: string): Access {
  const [access, ...others] = new Set(methods.map((method) => ACCESS[`${method === 'HEAD' ? 'GET' : method} ${url}`]));
  if (access === undefined || others.length > 0) {
    throw new Error(`BUG: who may use ${methods.join(', ')} ${url} is not in the table of ${import.meta.filename}`);
  }
  return access;
}

/** What the caller may see. @throws UnauthenticatedError, ForbiddenError, UnavailableError */
async function admitted(
  request: FastifyRequest,
  access: Exclude<Access, 'open'>,
  authenticator: Authenticator,
): Promise<Visible> {
  const caller = await authenticator.authenticate(request.headers.authorization);
  const scope = access === 'read all' ? 'read' : access;
  if (!mayUse(caller, scope)) throw lacking(caller, scope);
  const isAboutAll = access === 'read all' || access === 'metrics';
  if (isAboutAll && caller.visible !== 'all') throw narrow(caller);
  return caller.visible;
}

function lacking({ name, scopes }: Caller, scope: Scope): ForbiddenError {
  return new ForbiddenError(`${name} lacks the scope ${scope}; it has ${scopes.join(', ')}`);
}

function narrow({ name, visible }: Caller): ForbiddenError {
  const message = `${name} sees ${String(visible)} alone, and this is about all namespaces; /aggregate?by=namespace counts its own`;
  return new ForbiddenError(message);
}

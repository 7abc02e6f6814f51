/**
 * The table of which scope each route needs, and the hook that enforces it. A route that the table lacks keeps the
 * server from starting, so no route can be open by mistake; and routes get their filters through `namespaces` of the
 * request (parseFilters), so none can forget which lines the caller may see.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../auth/access.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Caller, mayUse, type Nodes, type Scope, SCOPES, type Visible } from '../auth/caller.ts';
import { ForbiddenError, PodlogError } from '../../shared/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** For a path that does not exist: whether the caller may learn which paths do. */
    isLetIn: boolean;
    /** The caller. Undefined without tokens, when everyone is one caller. */
    callerName: string | undefined;
    /** What the caller may see. Not set before the guard has let the request in: filters then throw. */
    namespaces: Visible;
    /** What the caller may do. Not set before the guard has let the request in. */
    scopes: readonly Scope[];
    /** The nodes that the caller may speak for. Not set before the guard has let the request in. */
    nodes: Nodes;
    /** Aborted when the caller's token is revoked or changed: an answer in progress ends then. */
    revoked: AbortSignal | undefined;
  }
  interface FastifyContextConfig {
    permission?: Permission;
  }
}

/**
 * `read`: limited to the namespaces of the caller. `read all`: cannot be limited, so it needs access to all of them.
 */
export type Permission = 'open' | 'read all' | Scope;

const PERMISSIONS: Readonly<Record<string, Permission>> = {
  // For probes: they reveal only whether the server works.
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'metrics',
  // The page's files, which hold no data.
  'GET /': 'open',
  'GET /live': 'open',
  'GET /request/:id': 'open',
  'GET /user/:id': 'open',
  'GET /assets/:name': 'open',

  'POST /agent/batch': 'agent',
  'GET /agent/positions': 'agent',
  'GET /agent/rules': 'agent',
  'POST /ingest': 'ingest',

  'GET /logs': 'read',
  'GET /compare': 'read',
  'GET /labels': 'read',
  'GET /labels/:name/values': 'read',
  'GET /histogram': 'read',
  'GET /aggregate': 'read',
  'GET /fields': 'read',
  'GET /requests/:id': 'read',
  'GET /users/:id': 'read',
  'GET /patterns': 'read',
  // About all namespaces, but by=… for those of the caller.
  'GET /stats': 'read',
  'GET /agents': 'read all',

  'GET /session': 'read',
  // Those of the caller. Shared ones are for admins to change, see views.ts.
  'GET /views': 'read',
  'GET /views/:name': 'read',
  'PUT /views/:name': 'read',
  'DELETE /views/:name': 'read',

  'DELETE /logs': 'admin',
  'GET /erasures': 'admin',
  'GET /erasures/:id': 'admin',
  'DELETE /erasures/:id': 'admin',
  'POST /snapshots': 'admin',
  'GET /snapshots': 'admin',
  'DELETE /snapshots/:name': 'admin',
  'POST /check': 'admin',
};

/**
 * Must be called before any route is registered, and before hooks that cost more than this one.
 * @param letIn  called with the connection of each request that was let in
 */
export function guard(
  app: FastifyInstance,
  { authenticator, openMetrics }: Pick<Access, 'authenticator' | 'openMetrics'>,
  letIn: (socket: Socket) => void = () => {},
): void {
  app.decorateRequest('isLetIn', false);
  app.decorateRequest('callerName');
  app.decorateRequest('namespaces');
  app.decorateRequest('scopes');
  app.decorateRequest('nodes');
  app.decorateRequest('revoked');
  app.addHook('onRoute', (route) => {
    const permission = permissionFor([route.method].flat(), route.url);
    route.config = { ...route.config, permission: permission === 'metrics' && openMetrics ? 'open' : permission };
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) {
      request.isLetIn = authenticator === undefined || (await isKnown(request, authenticator));
      return;
    }
    const { permission } = request.routeOptions.config;
    if (authenticator === undefined) {
      request.namespaces = 'all';
      request.scopes = SCOPES;
      request.nodes = 'all';
    } else {
      if (permission === 'open') return;
      const { name, scopes, visible, nodes, revoked } = await admitted(request, permission!, authenticator);
      request.callerName = name;
      request.namespaces = visible;
      request.scopes = scopes;
      request.nodes = nodes;
      request.revoked = revoked;
    }
    letIn(request.raw.socket);
  });
}

/**
 * The key by which a caller's queries, live tails and bodies are counted: the name of their token, or their address where
 * there are no tokens.
 */
export function callerOf({ callerName, ip }: Pick<FastifyRequest, 'callerName' | 'ip'>): string {
  return callerName ?? ip;
}

/** HEAD is GET without the body of the answer. */
function permissionFor(methods: readonly string[], url: string): Permission {
  const [permission, ...others] = new Set(
    methods.map((method) => PERMISSIONS[`${method === 'HEAD' ? 'GET' : method} ${url}`]),
  );
  if (permission === undefined || others.length > 0) {
    throw new Error(`BUG: who may use ${methods.join(', ')} ${url} is not in the table of server/http/guard.ts`);
  }
  return permission;
}

/**
 * Authenticates and authorizes the caller.
 * @throws UnauthenticatedError, ForbiddenError, UnavailableError
 */
async function admitted(
  request: FastifyRequest,
  permission: Exclude<Permission, 'open'>,
  authenticator: Authenticator,
): Promise<Caller> {
  const caller = await authenticator.authenticate(request.headers.authorization, request.ip);
  const scope = permission === 'read all' ? 'read' : permission;
  if (!mayUse(caller, scope)) throw lacking(caller, scope);
  const isAboutAll = permission === 'read all' || permission === 'metrics';
  if (isAboutAll && caller.visible !== 'all') throw narrow(caller);
  return caller;
}

async function isKnown({ headers, ip }: FastifyRequest, authenticator: Authenticator): Promise<boolean> {
  try {
    await authenticator.authenticate(headers.authorization, ip);
    return true;
  } catch (error) {
    if (error instanceof PodlogError) return false;
    throw error;
  }
}

function lacking({ name, scopes }: Caller, scope: Scope): ForbiddenError {
  return new ForbiddenError(`${name} lacks the scope ${scope}; it has ${scopes.join(', ')}`);
}

function narrow({ name, visible }: Caller): ForbiddenError {
  const message = `${name} sees only ${String(visible)}, and this is about all namespaces; /aggregate?by=namespace counts its own`;
  return new ForbiddenError(message);
}

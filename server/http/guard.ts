/**
 * The table of which scope each route needs, and the hook that enforces it. A route that the table lacks keeps the
 * server from starting, so no route can be open by mistake; and routes get their filters through `namespaces` of the
 * request (parseFilters), so none can forget which lines the caller may see.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Access } from '../auth/access.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { type Caller, mayUse, type Nodes, type Scope, SCOPES, type Visible } from '../auth/caller.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { ForbiddenError, PodlogError, UnauthenticatedError } from '../../shared/errors.ts';
import { assertFromOwnPage } from './browser-guard.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the caller may learn which paths exist when its own does not. */
    isLetIn: boolean;
    /** Undefined without tokens, when everyone is one caller. */
    caller: Caller | undefined;
    callerName: string | undefined;
    /** What the caller may see. Not set before the guard has let the request in: filters then throw. */
    namespaces: Visible;
    /** What the caller may do. Not set before the guard has let the request in. */
    scopes: readonly Scope[];
    /** The nodes that the caller may speak for. Not set before the guard has let the request in. */
    nodes: Nodes;
    /** The caller's address: as a trusted proxy says, else that of the connection. */
    address: string;
    /** Whose cookie has authenticated the caller. */
    session: Session | undefined;
    /** Aborted when the caller's token is revoked or changed, or its session ends: live tails and exports end then. */
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
  // Probes need no token: the answer reveals only whether the server works.
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /ready': 'open',
  'GET /services': 'open',
  'GET /metrics': 'metrics',
  // The page's files, which hold no data.
  'GET /': 'open',
  'GET /live': 'open',
  'GET /endpoints': 'open',
  'GET /endpoints/:method/:shape': 'open',
  'GET /cluster': 'open',
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
  'GET /explain': 'read',
  // About all namespaces, but by=… for those of the caller.
  'GET /stats': 'read',
  'GET /agents': 'read all',

  // Loki's API, see loki/routes.ts.
  'GET /loki/api/v1/format_query': 'read',
  'POST /loki/api/v1/format_query': 'read',
  'GET /loki/api/v1/query': 'read',
  'POST /loki/api/v1/query': 'read',
  'GET /loki/api/v1/query_range': 'read',
  'POST /loki/api/v1/query_range': 'read',
  'GET /loki/api/v1/tail': 'read',
  'GET /loki/api/v1/labels': 'read',
  'POST /loki/api/v1/labels': 'read',
  'GET /loki/api/v1/label': 'read',
  'POST /loki/api/v1/label': 'read',
  'GET /loki/api/v1/label/:name/values': 'read',
  'POST /loki/api/v1/label/:name/values': 'read',
  'GET /loki/api/v1/series': 'read',
  'POST /loki/api/v1/series': 'read',
  'GET /api/prom/query': 'read',
  'POST /api/prom/query': 'read',
  'GET /api/prom/label': 'read',
  'POST /api/prom/label': 'read',
  'GET /api/prom/label/:name/values': 'read',
  'POST /api/prom/label/:name/values': 'read',
  'GET /api/prom/series': 'read',
  'POST /api/prom/series': 'read',
  'GET /loki/api/v1/status/buildinfo': 'read',
  // GET is answered with 405.
  'GET /loki/api/v1/push': 'ingest',
  'POST /loki/api/v1/push': 'ingest',
  'GET /api/prom/push': 'ingest',
  'POST /api/prom/push': 'ingest',
  'POST /otlp/v1/logs': 'ingest',
  'GET /loki/api/v1/detected_labels': 'read',
  'POST /loki/api/v1/detected_labels': 'read',
  'GET /loki/api/v1/detected_fields': 'read',
  'POST /loki/api/v1/detected_fields': 'read',
  'GET /loki/api/v1/detected_field/:name/values': 'read',
  'POST /loki/api/v1/detected_field/:name/values': 'read',
  'GET /loki/api/v1/index/stats': 'read',
  'POST /loki/api/v1/index/stats': 'read',
  'GET /loki/api/v1/index/volume': 'read',
  'POST /loki/api/v1/index/volume': 'read',
  'GET /loki/api/v1/index/volume_range': 'read',
  'POST /loki/api/v1/index/volume_range': 'read',
  'GET /loki/api/v1/index/shards': 'read',
  'POST /loki/api/v1/index/shards': 'read',
  'GET /loki/api/v1/patterns': 'read',
  'POST /loki/api/v1/patterns': 'read',
  'GET /loki/api/v1/drilldown-limits': 'read',
  'GET /loki/api/v1/rules': 'read',
  'GET /loki/api/v1/rules/:namespace': 'read',
  'GET /loki/api/v1/rules/:namespace/:group': 'read',
  'GET /api/prom/rules': 'read',
  'GET /api/prom/rules/:namespace': 'read',
  'GET /api/prom/rules/:namespace/:group': 'read',
  'GET /prometheus/api/v1/rules': 'read',
  'GET /prometheus/api/v1/alerts': 'read',
  'GET /config': 'read',

  // They open a session, and need none.
  'GET /login': 'open',
  'GET /login/oidc': 'open',
  'GET /login/oidc/callback': 'open',
  'GET /session': 'read',
  'POST /session': 'read',
  'DELETE /session': 'read',
  // Shows the caller's own views and shared ones, which only admins change; see views.ts.
  'GET /views': 'read',
  'GET /views/:name': 'read',
  'PUT /views/:name': 'read',
  'DELETE /views/:name': 'read',

  'DELETE /logs': 'admin',
  'GET /erasures': 'admin',
  'GET /erasures/:id': 'admin',
  'DELETE /erasures/:id': 'admin',
  'GET /loki/api/v1/delete': 'admin',
  'POST /loki/api/v1/delete': 'admin',
  'PUT /loki/api/v1/delete': 'admin',
  'DELETE /loki/api/v1/delete': 'admin',
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
  { openMetrics, ...ways }: GuardParts,
  letIn: (socket: Socket) => void = () => {},
): void {
  const { authenticator } = ways;
  app.decorateRequest('isLetIn', false);
  app.decorateRequest('caller');
  app.decorateRequest('callerName');
  app.decorateRequest('namespaces');
  app.decorateRequest('scopes');
  app.decorateRequest('nodes');
  app.decorateRequest('address', '');
  app.decorateRequest('session');
  app.decorateRequest('revoked');
  app.addHook('onRoute', (route) => {
    const permission = permissionFor([route.method].flat(), route.url);
    route.config = { ...route.config, permission: permission === 'metrics' && openMetrics ? 'open' : permission };
  });
  app.addHook('onRequest', async (request, reply) => {
    request.address = authenticator?.users?.addressOf(request.headers, request.ip) ?? request.ip;
    if (request.is404) {
      request.isLetIn = authenticator === undefined || (await isKnown(request, { ...ways, authenticator }));
      return;
    }
    const { permission } = request.routeOptions.config;
    if (authenticator === undefined) {
      request.namespaces = 'all';
      request.scopes = SCOPES;
      request.nodes = 'all';
    } else {
      if (permission === 'open') return;
      const caller = await admitted(request, permission!, { ...ways, authenticator });
      const { name, scopes, visible, nodes, revoked } = caller;
      request.caller = caller;
      request.callerName = name;
      request.namespaces = visible;
      request.scopes = scopes;
      request.nodes = nodes;
      request.revoked = revoked;
      // Neither a proxy nor the browser gives an answer to the next one who uses it.
      if (request.headers.authorization === undefined) void reply.header('cache-control', 'no-store');
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

/** What authenticates callers. */
interface WaysIn {
  readonly authenticator: Authenticator;
  readonly sessions: Pick<Sessions, 'find'> | undefined;
  /** Records credentials that are wrong. */
  readonly audit: Pick<AuditLog, 'refused'>;
}

export type GuardParts = Pick<Access, 'openMetrics' | 'authenticator'> & Omit<WaysIn, 'authenticator'>;

/**
 * Authenticates and authorizes the caller.
 * @throws UnauthenticatedError, ForbiddenError, UnavailableError
 */
async function admitted(
  request: FastifyRequest,
  permission: Exclude<Permission, 'open'>,
  ways: WaysIn,
): Promise<Caller> {
  const caller = (isForPeople(permission) ? byBrowser(request, ways) : undefined) ?? (await byToken(request, ways));
  const scope = permission === 'read all' ? 'read' : permission;
  if (!mayUse(caller, scope)) throw lacking(caller, scope);
  const isAboutAll = permission === 'read all' || permission === 'metrics';
  if (isAboutAll && caller.visible !== 'all') throw narrow(caller);
  return caller;
}

/** Agents and other senders have tokens: no page may send lines in the name of the person before it. */
function isForPeople(permission: Permission): boolean {
  return permission !== 'agent' && permission !== 'ingest';
}

/**
 * Returns the caller that a browser has authenticated without a person's doing: by the cookie of a session, or by way of a proxy that
 * knows a cookie of its own. A token that is sent goes before both.
 * @throws ForbiddenError  a page of another site asks; or no grant is the user's
 */
function byBrowser(request: FastifyRequest, { authenticator, sessions }: WaysIn): Caller | undefined {
  const { headers, ip } = request;
  if (headers.authorization !== undefined) return undefined;
  const known = sessions?.find(headers);
  const caller = known?.caller ?? authenticator.users?.forwarded(headers, ip);
  if (caller === undefined) return undefined;
  assertFromOwnPage(request);
  request.session = known?.session;
  return caller;
}

async function byToken(request: FastifyRequest, { authenticator, audit }: WaysIn): Promise<Caller> {
  const { headers, ip, address } = request;
  try {
    return await authenticator.authenticate(headers.authorization, ip);
  } catch (error) {
    if (error instanceof UnauthenticatedError) {
      if (headers.authorization !== undefined) audit.refused(address, 'the token is unknown or was revoked');
      else if (authenticator.users?.names(headers) === true) audit.refused(address, NOT_A_PROXY);
    }
    throw error;
  }
}

const NOT_A_PROXY = 'a header names a user, and is not from a proxy of the users file';

async function isKnown(request: FastifyRequest, ways: WaysIn): Promise<boolean> {
  try {
    return (byBrowser(request, ways) ?? (await byToken(request, ways))) !== undefined;
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

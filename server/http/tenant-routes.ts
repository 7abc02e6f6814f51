/**
 * With tenants, a request belongs to the one that its header names, or that its token is bound to, and is answered by the routes of
 * that tenant, which know no other. Routes that are about none are answered here: the page's files, probes, sessions, metrics.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ForbiddenError, PodlogError } from '../../shared/errors.ts';
import { TENANT_HEADER } from '../../shared/tenant-name.ts';
import { tenantNamesIn } from '../tenants/tenant-names.ts';
import { HOME, type Tenants } from '../tenants/tenants.ts';
import { notOfSeveral } from '../tenants/union-reader.ts';

/** Paths of routes that are about no tenant, though not open to everyone. */
const OF_NONE: ReadonlySet<string> = new Set(['/session']);
/** The process's own, or those of a tenant that is named. */
const METRICS = '/metrics';

/** Routes that can be asked of several tenants. */
const OF_SEVERAL =
  /^\/loki\/api\/v1\/(?:query|query_range|labels?|label\/:name\/values|series|index\/\w+|patterns|detected_labels|detected_fields|detected_field\/:name\/values|format_query|drilldown-limits|status\/buildinfo)$/;

/** Must be called right after the guard, which says who asks. The routes of the tenant have a guard of their own, which asks again. */
export function routeTenants(app: FastifyInstance, tenants: Tenants): void {
  app.addHook('onRequest', async (request, reply) => {
    const { url, config } = request.routeOptions;
    if (request.is404 || config.permission === 'open' || OF_NONE.has(url ?? '')) return;
    const isOfServer = url === METRICS && request.caller?.tenants === undefined;
    if (isOfServer && request.headers[TENANT_HEADER] === undefined) return;
    const names = namesOf(request, config.permission === 'agent');
    const [name] = names;
    if (names.length === 1 && name === HOME) return;
    const tenant = names.length === 1 ? await tenants.tenant(name!, config.permission === 'agent') : undefined;
    const isFirstPush = tenant === undefined && names.length === 1 && isPush(request);
    if (tenant === undefined && !isFirstPush && !OF_SEVERAL.test(url ?? '')) {
      throw names.length > 1 ? notOfSeveral(url!) : unknownTenant(name!);
    }
    const own = tenant?.app ?? (isFirstPush ? tenants.receiver(name!) : await tenants.union(names));
    await own.ready();
    void reply.hijack();
    own.routing(request.raw, reply.raw);
  });
}

/** @param isAgent  whether none needs to be named */
function namesOf(request: FastifyRequest, isAgent: boolean): readonly string[] {
  const { headers, caller, routeOptions } = request;
  const bound = caller?.tenants;
  const isPage = isOfPage(request);
  const own = bound === undefined ? (isAgent || isPage) && HOME : (bound.length === 1 || isPage) && bound[0]!;
  const names = tenantNamesIn(headers[TENANT_HEADER]) ?? (own === false ? undefined : [own]);
  if (names === undefined) {
    const isOfLoki = routeOptions.url?.startsWith('/loki/') === true;
    const message = 'no tenant is named: send the header X-Scope-OrgID, such as X-Scope-OrgID: podlog';
    throw new PodlogError('PODLOG_NO_TENANT', 401, isOfLoki ? 'no org id' : message);
  }
  const foreign = bound === undefined ? undefined : names.find((name) => !bound.includes(name));
  if (foreign === undefined) return names;
  throw new ForbiddenError(`${caller!.name} is of the tenants ${bound!.join(', ')}, and not of ${foreign}`);
}

/** podlog's page names no tenant. */
function isOfPage({ headers, session }: FastifyRequest): boolean {
  return session !== undefined || headers['sec-fetch-site'] === 'same-origin';
}

/** Whether a request brings lines: a tenant is made for them, and for no question but those of agents, who ask for positions first. */
function isPush({ method, routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.permission === 'ingest' && method === 'POST';
}

function unknownTenant(name: string): PodlogError {
  return new PodlogError(
    'PODLOG_NO_TENANT',
    404,
    `there is no tenant ${JSON.stringify(name)}: nothing was sent for it`,
  );
}

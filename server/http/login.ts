/**
 * `GET /login` says which ways in there are. `GET /login/oidc` leads the browser to the identity provider, and
 * `GET /login/oidc/callback` opens a session for the person who comes back.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PodlogError } from '../../shared/errors.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { OIDC_CALLBACK, type OidcSignIn } from '../auth/oidc.ts';
import { OidcError } from '../auth/oidc-error.ts';
import type { Sessions } from '../auth/sessions.ts';
import { LOGIN_WARNING_MS, OIDC_RETURN_CHARS_MAX } from '../limits.ts';
import type { QueryString } from '../query/parameters.ts';
import { by } from './asker.ts';

export interface LoginRoutes {
  /** Whether there are tokens for people. */
  readonly hasTokens: boolean;
  /** Undefined without tokens and users. */
  readonly sessions: Sessions | undefined;
  readonly oidc: OidcSignIn | undefined;
  readonly audit: AuditLog;
  readonly log: Logger;
}

export function registerLogin(app: FastifyInstance, { hasTokens, sessions, oidc, audit, log }: LoginRoutes): void {
  app.get('/login', async () => {
    const label = oidc?.label;
    return { token: hasTokens, oidc: label === undefined ? null : { label } };
  });
  if (oidc === undefined || sessions === undefined) return;

  app.get<{ Querystring: QueryString }>('/login/oidc', async (request, reply) => {
    return leading(request, reply, async () => {
      const { location, cookie } = await oidc.begin(request.headers, ownPath(request.query['to']));
      return { location, cookies: [cookie] };
    });
  });

  app.get(OIDC_CALLBACK, async (request, reply) => {
    return leading(request, reply, async () => {
      const search = new URLSearchParams(request.url.split('?')[1] ?? '');
      const { user, to } = await oidc.finish(request.headers, search);
      const session = sessions.openForUser(user, to);
      const before = sessions.find(request.headers);
      if (before !== undefined) await sessions.end(before.session);
      const details = { session: session.id, with: 'oidc' };
      await audit.record({ action: 'signed in', ...by(request), caller: session.caller, details });
      return {
        location: to,
        cookies: [oidc.cookieOfNone(request.headers), sessions.cookieFor(session, request.headers)],
      };
    });
  });

  let warnedMs = -Infinity;

  /** A browser is led on, also where it failed: the page says why. */
  async function leading(
    request: FastifyRequest,
    reply: FastifyReply,
    act: () => Promise<{ readonly location: string; readonly cookies: readonly string[] }>,
  ): Promise<FastifyReply> {
    void reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
    try {
      const { location, cookies } = await act();
      return reply.header('set-cookie', cookies).redirect(location, 303);
    } catch (error) {
      if (!(error instanceof OidcError || error instanceof PodlogError)) throw error;
      const [problem, to] = error instanceof OidcError ? [error.problem, error.to] : ['failed', '/'];
      // Anyone may come back without having signed in, however often.
      if (performance.now() - warnedMs >= LOGIN_WARNING_MS) {
        warnedMs = performance.now();
        log.warn({ err: error }, 'signing in with the identity provider failed');
      }
      audit.refused(by(request).address, error.message);
      const url = new URL(to, 'http://podlog');
      url.searchParams.set('login', problem);
      return reply.redirect(url.pathname + url.search, 303);
    }
  }
}

/** Only a path of this server: no link of another site leads to a third one by way of podlog. */
function ownPath(to: QueryString[string]): string {
  if (typeof to !== 'string' || to.length > OIDC_RETURN_CHARS_MAX || !/^\/(?![/\\])[!-~]*$/.test(to)) return '/';
  const url = URL.parse(to, 'http://podlog');
  return url === null || url.origin !== 'http://podlog' || url.pathname.startsWith('//')
    ? '/'
    : url.pathname + url.search;
}

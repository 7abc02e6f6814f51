/**
 * `GET /session`: who asks, what they may do and see, and whom they ask. `POST /session` exchanges the token of the request for the
 * cookie of a session, and `DELETE /session` ends the session, for everyone who has that cookie.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PodlogError, UnauthenticatedError } from '../../shared/errors.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import { by } from './asker.ts';
import { HOW_TO } from '../auth/credentials.ts';

export interface SessionRoutes {
  /** Undefined without tokens. */
  readonly sessions: Sessions | undefined;
  readonly audit: AuditLog;
  /** The version of podlog. */
  readonly version: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function registerSession(app: FastifyInstance, { sessions, audit, version, now }: SessionRoutes): void {
  const answerOf = ({ callerName, scopes, namespaces }: FastifyRequest, session: Session | undefined) => ({
    caller: callerName ?? null,
    scopes,
    namespaces,
    session_ends: session === undefined ? null : formatInstant(instantOfMs(session.endsMs)),
    version,
    time: formatInstant(instantOfMs(now())),
  });

  app.get('/session', async (request) => answerOf(request, request.session));

  app.post('/session', async (request, reply) => {
    const { caller } = request;
    if (request.session !== undefined) throw new UnauthenticatedError(`a session is opened with a token: ${HOW_TO}`);
    if (sessions === undefined || caller === undefined)
      throw noSession('there is nothing to sign in with here: see --tokens-file');
    const session = sessions.open(caller);
    // A browser has one session: who gets hold of the cookie before it has nothing.
    const before = sessions.find(request.headers);
    if (before !== undefined) await sessions.end(before.session);
    await audit.record({ action: 'signed in', ...by(request), details: { session: session.id, with: 'token' } });
    void reply.header('set-cookie', sessions.cookieFor(session, request.headers)).header('cache-control', 'no-store');
    return answerOf(request, session);
  });

  app.delete('/session', async (request, reply) => {
    const { session } = request;
    if (sessions === undefined || session === undefined)
      throw noSession('this request came without the cookie of a session');
    void reply.header('set-cookie', sessions.cookieOfNone(request.headers));
    await audit.record({ action: 'signed out', ...by(request), details: { session: session.id } });
    await sessions.end(session);
    return reply.code(204).send();
  });
}

function noSession(message: string): PodlogError {
  return new PodlogError('PODLOG_NO_SESSION', 404, message);
}

/**
 * The users file, in force without a restart. While it is broken or missing the last valid one stays in force. What a user
 * may do is judged again with each request, and answers in progress end when the file changes.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from '../../shared/metrics.ts';
import { WatchedFile } from '../watched-file.ts';
import type { Caller } from './caller.ts';
import { clientAddress, forwardedUser } from './forwarded-user.ts';
import { callerOfUser, noGrant, ofGrants, type User } from './grants.ts';
import { NO_USERS, parseUsers, type UsersConfig } from './users-file.ts';

export interface WatchedUsersOptions {
  readonly path: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Owns what users may now. */
export class WatchedUsers {
  readonly #file: WatchedFile<UsersConfig>;
  /** Aborted when the file changes. */
  #changed = new AbortController();

  private constructor({ path, log, metrics }: WatchedUsersOptions) {
    this.#file = new WatchedFile<UsersConfig>({
      path,
      what: 'the users file',
      initial: NO_USERS,
      parse: parseUsers,
      onUse: ({ grants, forwardAuth, oidc }) => {
        const ways = { grants: grants.length, forwardAuth: forwardAuth !== undefined, oidc: oidc !== undefined };
        log.info({ path, ...ways }, 'users file loaded');
        const before = this.#changed;
        this.#changed = new AbortController();
        before.abort();
      },
      onProblem: (message) => log.error(`${message}; keeping the previous users`),
    });
    metrics
      .gauge(
        'podlog_users_file_ok',
        '0 while the users file is broken or missing, and the previous one stays in force.',
      )
      .readFrom(() => (this.#file.isWell ? 1 : 0));
  }

  /** @throws UsageError  the file is broken or missing */
  static async open(options: WatchedUsersOptions): Promise<WatchedUsers> {
    const watched = new WatchedUsers(options);
    await watched.#file.open();
    return watched;
  }

  get config(): UsersConfig {
    return this.#file.value;
  }

  /** Returns what a user may; undefined where no grant is theirs. */
  callerOf(user: User): Caller | undefined {
    return callerOfUser(user, this.config.grants, this.#changed.signal);
  }

  /** Returns a user with the groups that matter, once it is certain that some grant is theirs. @throws ForbiddenError */
  admit(user: User): User {
    if (this.callerOf(user) === undefined) throw noGrant(user);
    return ofGrants(user, this.config.grants);
  }

  /**
   * Returns the caller that a trusted proxy names; undefined where it names none, or where the request is not from one.
   * @throws UnauthenticatedError  the name cannot be one
   * @throws ForbiddenError  no grant is theirs
   */
  forwarded(headers: IncomingHttpHeaders, address: string): Caller | undefined {
    const { forwardAuth } = this.config;
    const user = forwardAuth && forwardedUser(forwardAuth, headers, address);
    if (user === undefined) return undefined;
    const caller = this.callerOf(user);
    if (caller === undefined) throw noGrant(user);
    return caller;
  }

  /** Returns the address of who asks: as a trusted proxy says, else that of the connection. */
  addressOf(headers: IncomingHttpHeaders, address: string): string {
    const { forwardAuth } = this.config;
    return forwardAuth === undefined ? address : clientAddress(forwardAuth, headers, address);
  }

  /** Whether a request names a user in the header of the proxy. */
  names(headers: IncomingHttpHeaders): boolean {
    const { forwardAuth } = this.config;
    return forwardAuth !== undefined && headers[forwardAuth.userHeader] !== undefined;
  }

  close(): void {
    this.#file.close();
  }
}

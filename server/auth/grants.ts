/**
 * What users may: people of whom a proxy or an identity provider says who they are, and in which groups. Grants of the users file
 * map names and groups to scopes and namespaces; all that match a user are added up.
 */
import { ForbiddenError } from '../../shared/errors.ts';
import { type Caller, SCOPES, type Scope, type Visible } from './caller.ts';

/** Scopes that a person may have: agents and senders of lines have tokens. */
export const USER_SCOPES = ['read', 'metrics', 'admin'] as const;

export interface Grant {
  /** One of these users, or a member of one of these groups, has it. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly scopes: readonly Scope[];
  readonly visible: Visible;
}

/** As a proxy or an identity provider says. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Namespaces that it names itself, whose lines the user may read. */
  readonly namespaces: readonly string[];
}

/** Before a user's name, so that no user has the saved views and the budgets of a token. No token's name has a colon. */
export const USER_PREFIX = 'user:';

/** Returns a user as a caller; undefined where no grant is theirs. */
export function callerOfUser(user: User, grants: readonly Grant[], revoked: AbortSignal): Caller | undefined {
  const own = grants.filter(
    ({ users, groups }) => users.includes(user.name) || groups.some((group) => user.groups.includes(group)),
  );
  if (user.namespaces.length > 0) own.push({ users: [], groups: [], scopes: ['read'], visible: user.namespaces });
  if (own.length === 0) return undefined;
  const scopes = SCOPES.filter((scope) => own.some((grant) => grant.scopes.includes(scope)));
  return { name: `${USER_PREFIX}${user.name}`, scopes, visible: visibleOf(own), nodes: [], revoked };
}

/** @throws ForbiddenError  names what could be changed */
export function noGrant({ name, groups }: User): ForbiddenError {
  const of =
    groups.length === 0 ? 'a member of no group' : `a member of ${groups.slice(0, GROUPS_NAMED_MAX).join(', ')}`;
  return new ForbiddenError(`${name}, ${of}, has no grant in the users file: see docs/access.md#users`);
}

const GROUPS_NAMED_MAX = 10;

/** Keeps of a user's groups those that some grant names: a person may be in hundreds. */
export function ofGrants(user: User, grants: readonly Grant[]): User {
  const named = new Set(grants.flatMap(({ groups }) => groups));
  return { ...user, groups: user.groups.filter((group) => named.has(group)) };
}

function visibleOf(grants: readonly Grant[]): Visible {
  const reading = grants.filter(({ scopes }) => scopes.includes('read') || scopes.includes('admin'));
  const narrow: string[] = [];
  for (const { visible } of reading) {
    if (visible === 'all') return 'all';
    narrow.push(...visible);
  }
  return reading.length === 0 ? 'all' : [...new Set(narrow)].toSorted();
}

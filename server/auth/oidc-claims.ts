/** From the claims of an identity provider to a user. */
import { ForbiddenError } from '../../shared/errors.ts';
import { USER_GROUPS_MAX } from '../limits.ts';
import type { User } from './grants.ts';
import { NAMESPACE } from './tokens-file.ts';
import { USER_NAME } from './user-name.ts';
import type { OidcOptions } from './users-file.ts';

type Claims = Readonly<Record<string, unknown>>;
type ClaimNames = Pick<OidcOptions, 'userClaim' | 'groupsClaim' | 'namespacesClaim'>;

/** @throws ForbiddenError  the claims name no user */
export function userOfClaims(claims: Claims, { userClaim, groupsClaim, namespacesClaim }: ClaimNames): User {
  const name = claims[userClaim];
  if (typeof name !== 'string' || !USER_NAME.test(name)) {
    throw new ForbiddenError(
      `the identity provider says no ${userClaim} that could be a name: see userClaim in the users file`,
    );
  }
  // Where addresses are not verified, anyone could enter someone else's.
  if (userClaim === 'email' && claims['email_verified'] !== true) {
    throw new ForbiddenError(`${name} is not verified (email_verified): use another userClaim, such as sub`);
  }
  const namespaces = namespacesClaim === undefined ? [] : textsOf(claims[namespacesClaim]);
  return { name, groups: textsOf(claims[groupsClaim]), namespaces: namespaces.filter((each) => NAMESPACE.test(each)) };
}

/** A list, or one text. */
function textsOf(claim: unknown): string[] {
  return [claim]
    .flat()
    .slice(0, USER_GROUPS_MAX)
    .filter((each): each is string => typeof each === 'string' && each !== '');
}

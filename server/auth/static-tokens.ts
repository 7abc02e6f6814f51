/**
 * Tokens that an operator has issued. Only their hashes are kept, and a token's hash is compared with all of them, so
 * the time that it takes reveals neither how much of it is right nor which token it is.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Caller } from './caller.ts';

export interface StaticToken {
  /** sha256 of the token. */
  readonly digest: Buffer;
  readonly caller: Caller;
}

export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** What a caller may do, by values that can be compared. */
export function termsOf(caller: Caller): unknown {
  const { name, scopes, visible, nodes } = caller;
  return [name, scopes, visible, isUnbound(caller) ? 'first' : nodes];
}

/** Whether it names no node, even if it has been used for one. */
export function isUnbound({ nodes }: Caller): boolean {
  return typeof nodes === 'object' && 'first' in nodes;
}

/** Returns the caller whose token it is; undefined when there is none. */
export function findCaller(tokens: readonly StaticToken[], token: string): Caller | undefined {
  const asked = digestOf(token);
  let found: Caller | undefined;
  // All are compared, even after a match.
  for (const { digest, caller } of tokens) if (timingSafeEqual(digest, asked)) found = caller;
  return found;
}

/**
 * Tokens that an operator has given out. Only their hashes are kept, and a token is compared by its hash with all of
 * them, so the time that it takes tells neither how much of it is right nor which one it is.
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

/** Whose token it is; undefined when it is nobody's. */
export function findCaller(tokens: readonly StaticToken[], token: string): Caller | undefined {
  const asked = digestOf(token);
  let found: Caller | undefined;
  // To the end, also after it was found.
  for (const { digest, caller } of tokens) if (timingSafeEqual(digest, asked)) found = caller;
  return found;
}

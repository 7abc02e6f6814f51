/** The asker of a query, for the query engine: which caller it counts for, and when the answer is no longer wanted. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asker } from '../query/engine.ts';
import { callerOf } from './guard.ts';

/** Shared by all queries: a new one, with its stack, would cost more than all else that the engine does for a query. */
export const CLIENT_GONE = new DOMException('the client is gone', 'AbortError');

/** @param ends  signals that end the answer, besides the client's leaving */
export function askerOf(request: FastifyRequest, reply: FastifyReply, ends: readonly AbortSignal[] = []): Asker {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(CLIENT_GONE));
  const signal = ends.length === 0 ? gone.signal : AbortSignal.any([gone.signal, ...ends]);
  return { caller: callerOf(request), signal, asked: [] };
}

/** Who asks and from where, for audit lines. */
export function by({ callerName, address }: FastifyRequest): {
  readonly caller: string | undefined;
  readonly address: string;
} {
  return { caller: callerName, address };
}

/** The turn of a query that is answered as a whole: a slot of its caller's, and a signal that says when the client is gone. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { QuerySlots } from '../query/query-slots.ts';
import { callerOf } from './guard.ts';

/** @throws UnavailableError  too many queries wait */
export function inSlot<T>(
  slots: QuerySlots,
  request: FastifyRequest,
  reply: FastifyReply,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return slots.run(callerOf(request), gone.signal, () => run(gone.signal));
}

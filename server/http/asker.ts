/** Who asks a question, for the query engine: whom it counts for, and when nobody waits for the answer any more. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asker } from '../query/engine.ts';
import { callerOf } from './guard.ts';

/** @param ends  what else ends the answer, besides its client's leaving */
export function askerOf(request: FastifyRequest, reply: FastifyReply, ends: readonly AbortSignal[] = []): Asker {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const signal = ends.length === 0 ? gone.signal : AbortSignal.any([gone.signal, ...ends]);
  return { caller: callerOf(request), signal };
}

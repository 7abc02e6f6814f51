/** The asker of a query by Loki's API: its time is limited by a flag, and the error is Loki's. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NS_PER_MS } from '../../../shared/time.ts';
import type { Asker } from '../../query/engine.ts';
import type { LogqlLimits } from '../../query/logql/query-limits.ts';
import { goDuration } from '../../query/logql/syntax/durations.ts';
import { askerOf } from '../asker.ts';
import { LokiRequestError } from './form.ts';

/** As Loki answers when a query takes too long. */
const GATEWAY_TIMEOUT = 504;

export function lokiAskerOf(
  { limits: { runMsMax } }: { readonly limits: LogqlLimits },
  request: FastifyRequest,
  reply: FastifyReply,
  ends?: readonly AbortSignal[],
): Asker {
  return { ...askerOf(request, reply, ends), time: { ms: runMsMax, error: () => timedOut(runMsMax) } };
}

function timedOut(ms: number): LokiRequestError {
  const limit = goDuration(BigInt(ms) * BigInt(NS_PER_MS));
  return new LokiRequestError(
    `request timed out, decrease the duration of the request or add more label matchers (prefer exact match over regex match) to reduce the amount of data processed (limit: ${limit}, --loki-max-time)`,
    GATEWAY_TIMEOUT,
  );
}

/**
 * Says the end of the time range of an answer. Requests of one search that pass it on as `until` are about the same range, however
 * much later they are made: bars, counts and lines agree, but for lines that arrive meanwhile with earlier times.
 */
import type { FastifyReply } from 'fastify';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import type { TimeRange } from '../store/predicate.ts';

const HEADER = 'podlog-until';

/** Without an end, it is the moment of the question: lines with later times are in this answer, and in none of the next. */
export function sayUntil(reply: FastifyReply, { to }: Pick<TimeRange, 'to'>, nowMs: number): void {
  void reply.header(HEADER, formatInstant(to ?? instantOfMs(nowMs)));
}

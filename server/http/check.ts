/**
 * `POST /check`: does the same as `podlog check`, while the server goes on. Checks everything that is stored at one
 * instant, and answers with a line of JSON for each finding, for progress, and at the end.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { PodlogError } from '../../shared/errors.ts';
import { ANSWER_STALLED_MS_MAX } from '../limits.ts';
import { type CheckAbility, type CheckedFinding, jsonLineOf, type StoreCheckEvent } from '../store/check.ts';
import { askerOf } from './asker.ts';
import { cutOffStalled } from './stalled-answers.ts';

export interface CheckRoutes {
  readonly check: CheckAbility;
  /** Aborted when the server closes: the answer breaks off then. */
  readonly closing: AbortSignal;
  readonly log: Logger;
}

export function registerCheck(app: FastifyInstance, { check, closing, log }: CheckRoutes): void {
  let isRunning = false;
  app.post('/check', async (request, reply) => {
    if (isRunning) throw new PodlogError('PODLOG_CHECK_RUNS', 409, 'a check is already running: wait for its end');
    isRunning = true;
    await using undo = new AsyncDisposableStack();
    undo.defer(() => void (isRunning = false));
    const { signal } = askerOf(request, reply, [closing]);
    const { events } = undo.use(await check.begin(signal));
    const held = undo.move();
    const stream = Readable.from(linesOf(events, held, signal));
    // If the client is gone before anything was read, the generator never begins, and does not end what is held.
    stream.once('close', () => {
      held.disposeAsync().catch((err: unknown) => {
        log.error({ err }, 'files of a check could not be removed; the next start removes them');
      });
    });
    cutOffStalled(reply.raw, ANSWER_STALLED_MS_MAX);
    return reply.header('content-type', 'application/x-ndjson; charset=utf-8').send(stream);
  });
}

/** @param held  disposed of before the answer ends */
async function* linesOf(
  events: AsyncIterable<StoreCheckEvent<CheckedFinding>>,
  held: AsyncDisposableStack,
  signal: AbortSignal,
): AsyncGenerator<string> {
  await using _ = held;
  try {
    for await (const event of events) {
      signal.throwIfAborted();
      yield jsonLineOf(event);
    }
  } catch (error) {
    // A store that was asked to stop says only that it has; the signal knows the reason.
    signal.throwIfAborted();
    throw error;
  }
}

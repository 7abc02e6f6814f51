/**
 * `POST /check`: does the same as `podlog check`, while the server goes on. Checks everything that is stored at one
 * instant, and answers with a line of JSON for each finding, for progress, and at the end.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { PodlogError } from '../../shared/errors.ts';
import { ANSWER_STALLED_MS_MAX } from '../limits.ts';
import type { CheckAbility, CheckedFinding, RunningCheck, StoreCheckEvent } from '../store/check.ts';
import { cutOffStalled } from './stalled-answers.ts';

export interface CheckRoutes {
  readonly check: CheckAbility;
  /** Aborted when the server closes: the answer ends then. */
  readonly closing: AbortSignal;
}

export function registerCheck(app: FastifyInstance, { check, closing }: CheckRoutes): void {
  let isRunning = false;
  app.post('/check', async (_request, reply) => {
    if (isRunning) throw new PodlogError('PODLOG_CHECK_RUNS', 409, 'a check is already running: wait for its end');
    isRunning = true;
    let running: RunningCheck;
    try {
      running = await check.begin();
    } catch (error) {
      isRunning = false;
      throw error;
    }
    const lines = async function* (): AsyncGenerator<string> {
      await using stack = new AsyncDisposableStack();
      stack.defer(() => void (isRunning = false));
      const { events } = stack.use(running);
      for await (const event of events) {
        if (closing.aborted) return;
        yield lineOf(event);
      }
    };
    cutOffStalled(reply.raw, ANSWER_STALLED_MS_MAX);
    return reply.header('content-type', 'application/x-ndjson; charset=utf-8').send(Readable.from(lines()));
  });
}

/** Same as `podlog check --json`, plus progress. */
function lineOf(event: StoreCheckEvent<CheckedFinding>): string {
  switch (event.kind) {
    case 'progress':
      return `${JSON.stringify(event)}\n`;
    case 'done':
      return `${JSON.stringify({ kind: 'done', ...event.summary })}\n`;
    case 'finding': {
      const { kind, path, ...finding } = event.finding;
      return `${JSON.stringify({ kind: 'finding', finding: kind, path, ...finding })}\n`;
    }
  }
}

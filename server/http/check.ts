/**
 * `POST /check`: what `podlog check` does, while the server goes on. Looks at a snapshot of all that is stored, and
 * answers with a line of JSON for each finding, for progress, and at the end.
 */
import { relative } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { PodlogError } from '../../shared/errors.ts';
import { ANSWER_STALLED_MS_MAX } from '../limits.ts';
import type { Backups, HeldSnapshot } from '../engines/embedded/core/backup.ts';
import { adviceFor, type CheckEvent } from '../engines/embedded/check/finding.ts';
import { cutOffStalled } from './stalled-answers.ts';

export interface CheckRoutes {
  readonly backups: Pick<Backups, 'hold'>;
  /** Checks a data folder that no server writes to. */
  readonly check: (dataDir: string) => AsyncIterable<CheckEvent>;
  /** Aborted when the server closes: the answer ends then. */
  readonly closing: AbortSignal;
}

export function registerCheck(app: FastifyInstance, { backups, check, closing }: CheckRoutes): void {
  let isRunning = false;
  app.post('/check', async (_request, reply) => {
    if (isRunning) throw new PodlogError('PODLOG_CHECK_RUNS', 409, 'a check runs already: wait for its end');
    isRunning = true;
    let snapshot: HeldSnapshot;
    try {
      snapshot = await backups.hold();
    } catch (error) {
      isRunning = false;
      throw error;
    }
    const lines = async function* (): AsyncGenerator<string> {
      try {
        for await (const event of check(snapshot.path)) {
          if (closing.aborted) return;
          yield lineOf(event, snapshot.path);
        }
      } finally {
        await snapshot.release();
        isRunning = false;
      }
    };
    cutOffStalled(reply.raw, ANSWER_STALLED_MS_MAX);
    return reply.header('content-type', 'application/x-ndjson; charset=utf-8').send(Readable.from(lines()));
  });
}

/** As `podlog check --json` has it, and progress. */
function lineOf(event: CheckEvent, folder: string): string {
  switch (event.kind) {
    case 'progress':
      return `${JSON.stringify(event)}\n`;
    case 'done':
      return `${JSON.stringify({ kind: 'done', ...event.summary })}\n`;
    case 'finding': {
      const { kind, path, ...finding } = event.finding;
      const told = {
        kind: 'finding',
        finding: kind,
        path: relative(folder, path),
        ...finding,
        advice: adviceFor(kind),
      };
      return `${JSON.stringify(told)}\n`;
    }
  }
}

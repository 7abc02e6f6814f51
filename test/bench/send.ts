/** What the agents do with their batches: each node sends one at a time, again when told to wait or not answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import { post, type PostAnswer } from './podlog.ts';
import type { Spool } from './spool.ts';

/** Where a send has got to; others look at it while it goes on, and stop it. */
export interface Sending {
  /** Rows that the server says it has stored. */
  acknowledgedRows: number;
  /** How often it said 503: wait. */
  waits: number;
  stopped: boolean;
}

/** Nodes log at the same time, so none is far ahead of the others: all spools go over the same time. */
const BATCHES_AHEAD_MAX = 2;
const AHEAD_PAUSE_MS = 1;

/** Sends what the spools have left, all of them at the same time. Ends at their end, when stopped, or with the server. */
export async function sendSpools(spools: readonly Spool[], serverUrl: string, sending: Sending): Promise<void> {
  const url = `${serverUrl}/agent/batch`;
  const isAhead = (spool: Spool): boolean =>
    spools.some((other) => spool.share() > other.share(BATCHES_AHEAD_MAX) && other.next() !== undefined);
  const sendAll = async (spool: Spool): Promise<void> => {
    for (let batch = spool.next(); batch !== undefined && !sending.stopped; batch = spool.next()) {
      while (isAhead(spool) && !sending.stopped) await sleep(AHEAD_PAUSE_MS);
      if (!(await sendBatch(batch, url, sending))) continue;
      spool.taken();
    }
  };
  await Promise.all(spools.map(sendAll));
}

/** @returns false when it is to be sent again, or nothing is sent any more */
async function sendBatch(batch: Buffer, url: string, sending: Sending): Promise<boolean> {
  let answer: PostAnswer;
  try {
    answer = await post(url, BATCH_CONTENT_TYPE, batch);
  } catch (error) {
    // The server was killed: the batch is sent again to the next one.
    if (sending.stopped) return false;
    throw error;
  }
  if (answer.status === 503) {
    sending.waits++;
    await sleep(answer.retryAfterSeconds * 1000);
    return false;
  }
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${answer.text}`);
  sending.acknowledgedRows += (JSON.parse(answer.text) as { rows: number }).rows;
  return true;
}

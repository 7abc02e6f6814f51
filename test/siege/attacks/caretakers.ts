/** Whoever looks after the data: a backup, a check of all of it, and erasures from both, while it is full of bombs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../caller.ts';
import type { Pushed, Target } from './attack.ts';
import { pushBombs } from './bombs.ts';

const PREFIX = 'erased';
const POLL_MS = 500;
const ERASURES_MS_MAX = 300_000;

export async function caretakers({ url, progress }: Target): Promise<Pushed> {
  const pushed = await pushBombs({ url, progress }, PREFIX, 1);
  const backup = await call(`${url}/snapshots?name=siege`, { method: 'POST', as: 'admin' });
  progress(`  backup: ${backup.status}`);
  const check = call(`${url}/check`, { method: 'POST', as: 'admin', msMax: ERASURES_MS_MAX });
  const ids: string[] = [];
  for (const app of pushed.keys()) {
    const { status, text } = await call(`${url}/logs?app=${app}`, { method: 'DELETE', as: 'admin' });
    if (status === 202) ids.push((JSON.parse(text) as { id: string }).id);
    else progress(`  erasure of ${app}: ${status} ${text}`);
  }
  const waiting = await untilErased(url, ids);
  progress(`  ${ids.length} erasures, ${waiting} not done; check: ${(await check).status}`);
  // What is erased is in no answer any more; what was not acknowledged may be.
  return new Map([...pushed.keys()].map((app) => [app, { acknowledged: 0, sent: 0 }]));
}

/** @returns how many are not done in time */
async function untilErased(url: string, ids: readonly string[]): Promise<number> {
  const waiting = new Set(ids);
  for (const endMs = performance.now() + ERASURES_MS_MAX; performance.now() < endMs; await sleep(POLL_MS)) {
    for (const id of waiting) {
      const { status, text } = await call(`${url}/erasures/${id}`, { as: 'admin' });
      if (status === 200 && (JSON.parse(text) as { state: string }).state === 'done') waiting.delete(id);
      // A server that is gone answers nothing; whoever runs the siege says so.
      if (status === 0) return waiting.size;
    }
    if (waiting.size === 0) break;
  }
  return waiting.size;
}

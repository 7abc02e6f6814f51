/** Whoever looks after the data: a backup, a check of all of it, and an erasure from both, while it is full of bombs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../caller.ts';
import type { Pushed, Target } from './attack.ts';
import { pushBombs } from './bombs.ts';

const PREFIX = 'erased';
const POLL_MS = 500;
const MS_MAX = 600_000;

export async function caretakers({ url, progress, report }: Target): Promise<Pushed> {
  const pushed = await pushBombs({ url, progress, report }, PREFIX, 1);
  const backup = await call(`${url}/snapshots?name=siege`, { method: 'POST', as: 'admin' });
  const check = call(`${url}/check`, { method: 'POST', as: 'admin', msMax: MS_MAX });
  const erasure = await call(`${url}/logs?siege=${PREFIX}`, { method: 'DELETE', as: 'admin' });
  const state = erasure.status === 202 ? await lastState(url, idOf(erasure.text)) : 'refused';
  const checked = await check;
  progress(`  backup: ${backup.status}, check: ${checked.status}, erasure: ${erasure.status}, ${state}`);
  // An answer that was cut off has no status.
  const done = [backup.status === 201, checked.status === 200, state === 'done'];
  report({
    name: 'caretakers: of backup, check and erasure, not done',
    value: done.filter((each) => !each).length,
    unit: '',
    target: { kind: 'max', value: 0 },
  });
  // What is erased is in no answer any more; how much an erasure that is not done has left, nobody can say.
  const erased = state === 'done' ? [...pushed.keys()] : [];
  return new Map(erased.map((app) => [app, { acknowledged: 0, sent: 0 }]));
}

/** State of an erasure once it is done, or when the time for it is over, or the server is gone. */
async function lastState(url: string, id: string): Promise<string> {
  let state = 'unknown';
  for (const endMs = performance.now() + MS_MAX; performance.now() < endMs; await sleep(POLL_MS)) {
    const { status, text } = await call(`${url}/erasures/${id}`, { as: 'admin' });
    if (status !== 200) break;
    ({ state } = JSON.parse(text) as { state: string });
    if (state === 'done') break;
  }
  return state;
}

function idOf(text: string): string {
  return (JSON.parse(text) as { id: string }).id;
}

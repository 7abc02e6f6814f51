/** Labels that were a mistake leave no room for new streams until their lines are erased, and then at once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LABEL_VALUE_BYTES_MAX, PUSHED_STREAMS_SHARE_MAX, STREAMS_BYTES_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { WAIT_MS_MAX } from '../../deadline.ts';
import { startQuietServer } from '../quiet-server.ts';

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-flood-'));
  server = await startQuietServer(join(folder, 'data'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** As many as fit into a request line. */
const LONG_LABELS = 12;
const AT_ONCE = 32;

async function push(labels: string): Promise<Response> {
  return fetch(`${server.url}/ingest?${labels}`, { method: 'POST', body: 'x\n' });
}

async function flooded(n: number): Promise<number> {
  const value = `${n}-`.padEnd(LABEL_VALUE_BYTES_MAX, 'v');
  const response = await push(`app=flood&${Array.from({ length: LONG_LABELS }, (_, i) => `l${i}=${value}`).join('&')}`);
  await response.text();
  return response.status;
}

test('a flood of labels is refused beyond its share, and its erasure makes room', async () => {
  const room = (PUSHED_STREAMS_SHARE_MAX * STREAMS_BYTES_MAX) / (LONG_LABELS * LABEL_VALUE_BYTES_MAX);
  let stored = 0;
  for (let wave = 0, isRefused = false; !isRefused; wave++) {
    const statuses = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => flooded(wave * AT_ONCE + i)));
    stored += statuses.filter((status) => status === 200).length;
    isRefused = statuses.includes(429);
  }
  expect(stored).toBeGreaterThan(room / 2);
  expect(stored).toBeLessThan(room);
  const long = 'v'.repeat(LABEL_VALUE_BYTES_MAX);
  const honest = `app=new&${Array.from({ length: LONG_LABELS }, (_, i) => `m${i}=${long}`).join('&')}`;
  const refused = await push(honest);
  expect(refused.status).toBe(429);
  expect(await refused.text()).toContain('erasing lines whose labels are a mistake makes room');
  const erasure = await fetch(`${server.url}/logs?app=flood`, { method: 'DELETE' });
  expect(erasure.status).toBe(202);
  const { id } = (await erasure.json()) as { id: string };
  const state = async (): Promise<unknown> => (await fetch(`${server.url}/erasures/${id}`)).json();
  await expect.poll(state, { timeout: WAIT_MS_MAX }).toMatchObject({ state: 'done' });
  expect((await push(honest)).status).toBe(200);
});
